"""How clicks lie in a file: one frame each, so that a torn or damaged one is known and costs no other."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

_MARK = b"\xf0TJ1"  # no beginning of MessagePack text, so that the next frame is found behind damage
_HEAD = struct.Struct(">4sII")  # mark, length of the payload, its CRC-32


@dataclass(frozen=True, slots=True)
class Frames:
    payloads: Sequence[bytes]
    damaged: int  # runs of bytes that are no frame, a torn one at the end excepted: that was never acknowledged


def frame(payload: bytes) -> bytes:
    return _HEAD.pack(_MARK, len(payload), crc32(payload)) + payload


def frames(data: bytes) -> Frames:
    payloads: list[bytes] = []
    damaged, place = 0, 0
    while place < len(data):
        payload = _payload_at(data, place)
        if payload is not None:
            payloads.append(payload)
            place += _HEAD.size + len(payload)
            continue
        following = data.find(_MARK, place + 1)
        while following >= 0 and _payload_at(data, following) is None:
            following = data.find(_MARK, following + 1)
        if following < 0:
            damaged += not _is_torn(data, place)
            break
        damaged += 1
        place = following
    return Frames(payloads, damaged)


def _payload_at(data: bytes, place: int) -> bytes | None:
    if len(data) - place < _HEAD.size:
        return None
    mark, length, checksum = _HEAD.unpack_from(data, place)
    payload = data[place + _HEAD.size : place + _HEAD.size + length]
    whole = mark == _MARK and len(payload) == length and crc32(payload) == checksum
    return payload if whole else None


def _is_torn(data: bytes, place: int) -> bool:
    """Whether the write of the last frame was cut short."""
    rest = data[place:]
    if len(rest) < _HEAD.size:
        return rest[:4] == _MARK[: len(rest)]
    mark, length, _ = _HEAD.unpack_from(rest)
    return bool(mark == _MARK and len(rest) - _HEAD.size < length)

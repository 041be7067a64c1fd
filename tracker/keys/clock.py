"""Whether a clock may be believed before anything is destroyed by it: a machine whose clock battery is empty may boot
years ahead, and what it lets go of in that minute is gone for ever."""

import os
from pathlib import Path

import msgspec

from tracker.core.signing_keys import DAY_SECONDS

_FILE = "clock.json"
JUMP_SECONDS = 30 * DAY_SECONDS  # a tracker that was off for longer waits, as a wrong clock does
DOUBTED_SECONDS = 7 * DAY_SECONDS


class _Seen(msgspec.Struct, frozen=True):
    """Unix times. A clock that nobody has seen yet is doubted."""

    believed: int = 0  # the latest moment that was
    doubted_since: int = 0  # 0: not doubted
    doubted: int = 0  # the latest moment that was


def is_believed(data: Path, now: float) -> bool:
    """Notes that this moment was seen. False: it lies far beyond the last one that was believed, and no week has gone
    by since. So nothing may be destroyed by it; a clock that leapt and goes on from there is believed a week later."""
    path = data / _FILE
    seen = _read(path)
    after = _having_seen(seen, int(now))
    if after != seen:
        _write(path, after)
    return not after.doubted_since


def _having_seen(seen: _Seen, moment: int) -> _Seen:
    if moment <= seen.believed + JUMP_SECONDS:
        return _Seen(max(seen.believed, moment))
    goes_on = seen.doubted_since and seen.doubted_since <= moment <= seen.doubted + JUMP_SECONDS
    since = seen.doubted_since if goes_on else moment
    return _Seen(moment) if moment >= since + DOUBTED_SECONDS else _Seen(seen.believed, since, moment)


def _read(path: Path) -> _Seen:
    try:
        return msgspec.json.decode(path.read_bytes(), type=_Seen)
    except (FileNotFoundError, msgspec.MsgspecError):
        return _Seen()  # doubted: that only makes it later


def _write(path: Path, seen: _Seen) -> None:
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_bytes(msgspec.json.encode(seen))
    fresh.replace(path)

"""Signed click ids: what makes an id ours, and one partner's only (design, section 5; law 7)."""

import hashlib
import hmac
import time
from base64 import b32encode
from collections.abc import Callable, Sequence
from urllib.parse import unquote

from itsdangerous import Signer

from tracker.core.click_id import (
    ALPHABET,
    LETTERS,
    PAYLOAD_LENGTH,
    RANDOM_BITS,
    SHARDS,
    is_click_id,
    parts,
)

# An id made with a key that is no longer the newest is honoured this long: the window of 90 days and a month's grace.
OLD_KEY_SECONDS = 120 * 86_400

_BLANKS = " \t\r\n"
_LONGEST_TEXT = 200  # thirty characters, each URL-encoded, with blanks around them
_MAC_LENGTH = 13
_MAC_BYTES = 10  # 16 characters, of which 13 are kept: 65 bits
_TO_CROCKFORD = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", ALPHABET.encode())


class SignedClickIds:
    """`keys` are oldest to newest: the newest signs, the others still verify. Satisfies `tracker.ports.ClickIds`."""

    def __init__(self, keys: Sequence[str | bytes], clock: Callable[[], float] = time.time) -> None:
        if not keys:
            raise ValueError("A click id needs at least one key.")
        self._clock = clock
        self._keys = [_Key(key) for key in keys]

    def make(self, partner_id: str, shard: int, now_seconds: int, random_bits: int) -> str:
        """`shard` below 1,024 and `random_bits` below 2**38."""
        number = ((now_seconds << 10 | shard % SHARDS) << RANDOM_BITS) | random_bits
        key = self._keys[-1]
        payload = key.letter + _base32(number.to_bytes(10, "big"))
        return payload + key.mac(payload, partner_id)

    def read(self, text: str, partner_id: str) -> str | None:
        """The id in its one canonical form, or None. Takes upper case, surrounding blanks, one double URL-encoding."""
        if len(text) > _LONGEST_TEXT or not text.isascii():
            return None  # '\u212a', the Kelvin sign, would become a 'k' in lower case
        plain = unquote(text) if "%" in text else text
        click_id = plain.strip(_BLANKS).lower()
        if not plain.isascii() or not is_click_id(click_id):
            return None
        return click_id if self._is_signed(click_id, partner_id) else None

    def _is_signed(self, click_id: str, partner_id: str) -> bool:
        payload, mac = click_id[:PAYLOAD_LENGTH], click_id[PAYLOAD_LENGTH:]
        for key in reversed(self._keys):
            if key.letter == payload[0] and hmac.compare_digest(key.mac(payload, partner_id), mac):
                return key is self._keys[-1] or self._clock() - parts(click_id).second <= OLD_KEY_SECONDS
        return False


class _Key:
    """The letter is taken from the key itself, so that it stays when other keys come and go.

    Two keys may share a letter (one pair in 22): then both are tried.
    """

    def __init__(self, secret: str | bytes) -> None:
        signer = Signer(secret, salt="click.v1", key_derivation="hmac", digest_method=hashlib.sha256)
        self._algorithm = signer.algorithm
        self._key = signer.derive_key()
        self.letter = LETTERS[self._algorithm.get_signature(self._key, b"letter")[0] % len(LETTERS)]

    def mac(self, payload: str, partner_id: str) -> str:
        digest = self._algorithm.get_signature(self._key, f"{payload}.{partner_id}".encode())
        return _base32(digest[:_MAC_BYTES])[:_MAC_LENGTH]


def _base32(raw: bytes) -> str:
    return b32encode(raw).translate(_TO_CROCKFORD).decode()

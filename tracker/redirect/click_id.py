"""Signed click ids: what makes an id ours, and one partner's only (design, section 5; law 7)."""

import hashlib
import hmac
import time
from collections.abc import Callable
from urllib.parse import unquote

from itsdangerous import Signer

from tracker.core.click_id import (
    ALPHABET,
    LETTERS,
    PAYLOAD_LENGTH,
    RANDOM_BITS,
    SHARDS,
    is_click_id,
)
from tracker.core.mac import mac_by
from tracker.core.signing_keys import CLICK_KEY_SECONDS, SigningKeys, in_order, verifies_until

_BLANKS = " \t\r\n"
_LONGEST_TEXT = 200  # thirty characters, each URL-encoded, with blanks around them
_MAC_LENGTH = 13
_MAC_BYTES = 10  # 16 characters, of which 13 are kept: 65 bits
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]  # 10 bits each


class SignedClickIds:
    """The newest key whose time has come signs; the others verify, an old one for CLICK_KEY_SECONDS after it stopped.
    Satisfies `tracker.ports.ClickIds`."""

    def __init__(self, keys: SigningKeys, clock: Callable[[], float] = time.time) -> None:
        ordered = in_order(keys)
        self._clock = clock
        self._keys = [
            _Key(key.secret, key.signs_from, verifies_until(ordered, place, CLICK_KEY_SECONDS))
            for place, key in enumerate(ordered)
        ]
        self._by_letter: dict[str, list[_Key]] = {}
        self._newest_first = self._keys[::-1]
        for key in self._newest_first:
            self._by_letter.setdefault(key.letter, []).append(key)

    def make(self, partner_id: str, shard: int, now_seconds: int, random_bits: int) -> str:
        """`shard` below 1,024 and `random_bits` below 2**38."""
        key = self._signing()
        payload = key.letter + _base32((now_seconds << 10 | shard % SHARDS) << RANDOM_BITS | random_bits)
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

    def _signing(self) -> "_Key":
        now = self._clock()
        for key in self._newest_first:
            if key.signs_from <= now:
                return key
        return self._keys[0]

    def _is_signed(self, click_id: str, partner_id: str) -> bool:
        """The letter says by which key, so that a forged id costs one attempt, however many keys there are."""
        payload, mac = click_id[:PAYLOAD_LENGTH], click_id[PAYLOAD_LENGTH:]
        for key in self._by_letter.get(payload[0], ()):
            if hmac.compare_digest(key.mac(payload, partner_id), mac):
                return key.verifies_until is None or self._clock() <= key.verifies_until
        return False


def letter_of(secret: str) -> str:
    """With which every click id of that key begins."""
    return _Key(secret).letter


class _Key:
    """The letter is taken from the key itself, so that it stays when other keys come and go.

    A rotation makes a key with a letter of its own; two of before may share one: then both are tried.
    """

    def __init__(self, secret: str, signs_from: int = 0, verifies_until: int | None = None) -> None:
        self.signs_from = signs_from
        self.verifies_until = verifies_until
        signer = Signer(secret, salt="click.v1", key_derivation="hmac", digest_method=hashlib.sha256)
        self._mac = mac_by(signer.derive_key())
        self.letter = LETTERS[self._mac(b"letter")[0] % len(LETTERS)]

    def mac(self, payload: str, partner_id: str) -> str:
        digest = self._mac(f"{payload}.{partner_id}".encode())
        return _base32(int.from_bytes(digest[:_MAC_BYTES], "big"))[:_MAC_LENGTH]


def _base32(number: int) -> str:
    """80 bits as 16 characters, two at a time."""
    pairs = _PAIRS
    return (
        pairs[number >> 70]
        + pairs[number >> 60 & 1023]
        + pairs[number >> 50 & 1023]
        + pairs[number >> 40 & 1023]
        + pairs[number >> 30 & 1023]
        + pairs[number >> 20 & 1023]
        + pairs[number >> 10 & 1023]
        + pairs[number & 1023]
    )

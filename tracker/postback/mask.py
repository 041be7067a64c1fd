"""Secrets leave a raw request before it is kept: they travel as parameters (postbacks.md 6.5, 15)."""

import re

# Every name under which a sender of postbacks.md carries a secret.
_NAMES = (
    "postback_key|postback_hash|pk|revision_key|revision_sign|campaign_secret|token|secure|secret|api_key|apikey|key"
    "|password|signature|sign|hash|verification_token|webhook-signature|authorization"
)
_PARAMETER = re.compile(rf"(?i)((?:^|[&?;\s])(?:{_NAMES})=)[^&;\s]+".encode())
_JSON_MEMBER = re.compile(rf'(?i)("(?:{_NAMES})"\s*:\s*)("(?:[^"\\]|\\.)*"|[^\s,}}\]]+)'.encode())
_FORM_PART = re.compile(rf'(?i)(name="(?:{_NAMES})"[^\r\n]*\r?\n(?:[^\r\n]+\r?\n)*\r?\n)[^\r\n]+'.encode())
MASK = b"***"


def mask_body(body: bytes) -> bytes:
    """The body, byte for byte but for the values of secret parameters."""
    masked = _PARAMETER.sub(rb"\1" + MASK, body)
    masked = _JSON_MEMBER.sub(rb'\1"' + MASK + b'"', masked)
    return _FORM_PART.sub(rb"\1" + MASK, masked)


def mask_query(query: str) -> str:
    """The query string, likewise."""
    return _PARAMETER.sub(rb"\1" + MASK, query.encode("utf-8", "surrogateescape")).decode("utf-8", "replace")

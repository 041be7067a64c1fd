"""Secrets leave a raw request before it is kept: they travel as parameters (postbacks.md 6.5, 15).

Names are taken as the reader takes them, unescaped and stripped. A parameter that the partner's own dialect or `map:`
reads stays whatever its name: a message that waits is read again from what was kept.
"""

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from urllib.parse import unquote_plus

from tracker.postback.request import RawRequest, parts

MASK = b"***"
# Every name under which a sender of postbacks.md carries a secret, and every name that ends in one of _ENDS.
_NAMES = frozenset({
    "postback_key", "postback_hash", "pk", "revision_key", "revision_sign", "secure", "api_key", "apikey", "key",
    "secret_key", "private_key", "access_key", "auth_key", "pass", "pwd", "signature", "sign", "hash",
    "webhook_signature", "authorization",
})  # fmt: skip
_ENDS = ("token", "secret", "password")
_HINT = re.compile("(?i)key|pk|sign|sec|hash|auth|token|pass|pwd")  # most names have nothing of these

_SEPARATORS = re.compile(rb"([;?\s]+)")
# A string of JSON, and whether it is a member's name. It matches whatever follows the quote: no start is tried twice.
_JSON_STRING = re.compile(rb'("[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z))(\s*+:\s*+)?', re.DOTALL)
_JSON_SCALAR = re.compile(rb"[^\s,}\]]*+")
_JSON_BRACKET = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


def mask(
    request: RawRequest, *, used: Collection[str], secrets: Collection[str], hidden: Collection[str] = ()
) -> RawRequest:
    """The request, byte for byte but for its secrets. `used`: the parameters that the partner's dialect and `map:`
    read; `secrets`: its own, wherever they stand; `hidden`: parameters that carry its proof."""
    masker = _Masker(
        frozenset(used) - frozenset(hidden),
        frozenset(hidden),
        sorted((secret.encode() for secret in secrets), key=len, reverse=True),
    )
    query = masker.own(masker.form(request.query.encode("utf-8", "surrogatepass")))
    return replace(
        request,
        query=query.decode("utf-8", "surrogatepass"),
        content_type=masker.own(request.content_type.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass"),
        body=masker.own(masker.body(request)),
    )


@dataclass(frozen=True, slots=True)
class _Masker:
    used: Collection[str]
    hidden: Collection[str]
    secrets: Collection[bytes]

    def own(self, sent: bytes) -> bytes:
        for secret in self.secrets:
            sent = sent.replace(secret, MASK)
        return sent

    def hides(self, name: str) -> bool:
        """`auth[token]` and `X-Auth-Token` are secrets too."""
        name = name.strip()
        if name in self.hidden:
            return True
        if not _HINT.search(name) or name in self.used:
            return False
        last = re.split(r"[\[.]", name.rstrip("]"))[-1].strip("'\" ").lower().replace("-", "_")
        return last in _NAMES or last.endswith(_ENDS)

    def body(self, request: RawRequest) -> bytes:
        """By what the body looks like, whatever its content type says."""
        start = request.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:2]
        if request.is_multipart or start == b"--":
            return self.multipart(request)
        if start[:1] in (b"{", b"["):
            return self.json(request.body)
        return self.form(request.body)

    def form(self, sent: bytes) -> bytes:
        return b"&".join([self._parameter(one) if b"=" in one else one for one in sent.split(b"&")])

    def _parameter(self, one: bytes) -> bytes:
        name, _, value = one.partition(b"=")
        if not value and name.find(b";") < 0:
            return one
        text = unquote_plus(name.decode("latin-1"))
        if self.hides(text):
            return name + b"=" + MASK
        if text.strip() in self.used or not _SEPARATORS.search(one):
            return one
        return b"".join(map(self._inner, _SEPARATORS.split(one)))  # some senders part them by a semicolon

    def _inner(self, one: bytes) -> bytes:
        name, equals, _ = one.partition(b"=")
        return name + equals + MASK if equals and self.hides(unquote_plus(name.decode("latin-1"))) else one

    def json(self, sent: bytes) -> bytes:
        kept: list[bytes] = []
        start = position = 0
        while found := _JSON_STRING.search(sent, position):
            position = found.end()
            if found[2] is not None and self.hides(_json_text(found[1])):
                kept += (sent[start:position], b'"', MASK, b'"')
                start = position = _end_of_value(sent, position)
        return b"".join((*kept, sent[start:]))

    def multipart(self, request: RawRequest) -> bytes:
        """A part without a name that we can read may be anything: it is masked."""
        found = parts(request)
        if not found:
            return self.form(request.body)
        kept: list[bytes] = []
        start = 0
        for part in found:
            if part.name is None or self.hides(part.name):
                kept += (request.body[start : part.start], MASK)
                start = part.end
        return b"".join((*kept, request.body[start:]))


def _json_text(string: bytes) -> str:
    if b"\\" in string:
        try:
            return str(json.loads(string))
        except ValueError:
            pass
    return string.strip(b'"').decode("latin-1")


def _end_of_value(sent: bytes, start: int) -> int:
    """A string, a number, or everything in an object or a list."""
    first = sent[start : start + 1]
    if first == b'"':
        string = _JSON_STRING.match(sent, start)
        return string.end(1) if string else len(sent)
    if first not in (b"{", b"["):
        scalar = _JSON_SCALAR.match(sent, start)
        return scalar.end() if scalar else start
    depth = 0
    for token in _JSON_BRACKET.finditer(sent, start):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(token[0], 0)
        if not depth:
            return token.end()
    return len(sent)

"""Secrets leave a raw request before it is kept: they travel as parameters (postbacks.md 6.5, 15).

Names are taken as the reader takes them: unescaped, stripped, and of what is nested in JSON by its path. A parameter
that the partner's own dialect or `map:` reads stays whatever its name: a message that waits is read again from what was
kept. JSON in the text of a parameter is masked like a body.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import quote_from_bytes, unquote_plus, unquote_to_bytes

from tracker.postback.mask_json import mask_json
from tracker.postback.multipart import parts
from tracker.postback.request import RawRequest
from tracker.postback.spellings import every_spelling

MASK = b"***"
# Every name under which a sender of postbacks.md carries a secret, and every name that ends in one of _ENDS.
_NAMES = frozenset({
    "postback_key", "postback_hash", "pk", "revision_key", "revision_sign", "secure", "api_key", "apikey", "key",
    "secret_key", "private_key", "access_key", "auth_key", "pass", "pwd", "signature", "sign", "hash",
    "webhook_signature", "authorization",
})  # fmt: skip
_ENDS = ("token", "secret", "password")
_HINT = re.compile("(?i)key|pk|sign|sec|hash|auth|token|pass|pwd")  # most names have nothing of these

_PLAIN = re.compile("[A-Za-z0-9_.-]+")
_SEPARATORS = re.compile(rb"([;?\s]+)")


def mask(
    request: RawRequest, *, used: Collection[str], secrets: Collection[str], hidden: Collection[str] = ()
) -> RawRequest:
    """The request, byte for byte but for its secrets. `used`: the parameters that the partner's dialect and `map:`
    read; `secrets`: its own, wherever they stand; `hidden`: parameters that carry its proof."""
    masker = _masker(frozenset(used), tuple(secrets), frozenset(hidden))
    query = masker.form(masker.own(request.query.encode("utf-8", "surrogatepass"))).decode("utf-8", "surrogatepass")
    if not request.body and not request.content_type:
        return replace(request, query=query)
    without = replace(
        request, query=query, content_type=masker.own_in(request.content_type), body=masker.own(request.body)
    )
    return replace(without, body=masker.body(without))


@lru_cache(maxsize=10_000)
def _masker(used: frozenset[str], secrets: tuple[str, ...], hidden: frozenset[str]) -> "_Masker":
    """There are as many as partners.yaml has partners."""
    shown = used - hidden
    return _Masker(
        shown,
        hidden,
        tuple(sorted(secrets, key=len, reverse=True)),
        frozenset(name.encode() for name in shown if _PLAIN.fullmatch(name)),
    )


@dataclass(frozen=True, slots=True)
class _Masker:
    used: Collection[str]
    hidden: Collection[str]
    secrets: Collection[str]
    shown: Collection[bytes]  # those of `used` that stand in a request as they are called

    def own(self, sent: bytes) -> bytes:
        for secret in self.secrets:
            sent = sent.replace(secret.encode(), MASK)
            if b"%" in sent or b"\\" in sent or (b"+" in sent and " " in secret):
                sent = every_spelling(secret).sub(MASK, sent)
        return sent

    def own_in(self, sent: str) -> str:
        return self.own(sent.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")

    def hides(self, name: str, path: str | None = None) -> bool:
        """`auth[token]` and `X-Auth-Token` are secrets too. `path`: of a name in JSON, as the reader would write it."""
        name = name.strip()
        read_as = name if path is None else path
        if name in self.hidden or read_as in self.hidden:
            return True
        if not _HINT.search(name) or read_as in self.used:
            return False
        last = re.split(r"[\[.]", name.rstrip("]"))[-1].strip("'\" ").lower().replace("-", "_")
        return last in _NAMES or last.endswith(_ENDS)

    @property
    def looked_for(self) -> Collection[str]:
        return frozenset(self.hidden) | frozenset(self.used)

    def body(self, request: RawRequest) -> bytes:
        """By what the body looks like, whatever its content type says."""
        start = request.body.lstrip(b"\xef\xbb\xbf \t\r\n")[:2]
        if request.is_multipart:
            return self.multipart(request) or self.form(request.body)
        if start == b"--":
            return self.form(self.multipart(request, named=True) or request.body)
        if start[:1] in (b"{", b"["):
            return self.json(request.body)
        return self.form(request.body)

    def form(self, sent: bytes) -> bytes:
        return b"&".join([one if self._is_shown(one) else self._parameter(one) for one in sent.split(b"&")])

    def _is_shown(self, one: bytes) -> bool:
        name, equals, _ = one.partition(b"=")
        return not equals or name in self.shown

    def _parameter(self, one: bytes) -> bytes:
        name, _, value = one.partition(b"=")
        if not value and name.find(b";") < 0:
            return one
        text = unquote_plus(name.decode("latin-1"))
        if self.hides(text):
            return name + b"=" + MASK
        if text.strip() in self.used:
            return one
        inside = unquote_to_bytes(value.replace(b"+", b" "))
        if inside.lstrip()[:1] in (b"{", b"["):
            masked = self.json(inside)
            return one if masked == inside else name + b"=" + quote_from_bytes(masked, "*").encode()
        if not _SEPARATORS.search(one):
            return one
        return b"".join(map(self._inner, _SEPARATORS.split(one)))  # some senders part them by a semicolon

    def _inner(self, one: bytes) -> bytes:
        name, equals, _ = one.partition(b"=")
        return name + equals + MASK if equals and self.hides(unquote_plus(name.decode("latin-1"))) else one

    def json(self, sent: bytes) -> bytes:
        return mask_json(sent, self.hides, self.looked_for)

    def multipart(self, request: RawRequest, *, named: bool = False) -> bytes | None:
        """A part without a name that we can read may be anything: it is masked. None: there are no parts, or, where
        parts are only guessed, none that is `named`."""
        found = parts(request.body, request.content_type)
        if not found or (named and all(part.name is None for part in found)):
            return None
        kept: list[bytes] = []
        start = 0
        for part in found:
            value = request.body[part.start : part.end]
            masked = value
            if part.name is None or self.hides(part.name):
                masked = MASK
            elif part.name not in self.used and value.lstrip()[:1] in (b"{", b"["):
                masked = self.json(value)
            kept += (request.body[start : part.start], masked)
            start = part.end
        return b"".join((*kept, request.body[start:]))

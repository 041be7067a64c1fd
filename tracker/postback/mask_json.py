"""Secrets in JSON, whole or broken off, each replaced where it stands: all around it stays byte for byte."""

import json
import re
from collections.abc import Collection
from typing import Protocol

_MASKED = b'"***"'
# A string of JSON, and whether it is a member's name; or what opens, closes and parts. A string matches whatever
# follows its quote: no start is tried twice.
_TOKEN = re.compile(rb'("[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z))(\s*+:\s*+)?|[\[{}\],]', re.DOTALL)
_SCALAR = re.compile(rb"[^\s,}\]]*+")
_BRACKET = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[{]|[\]}]', re.DOTALL)


class Hides(Protocol):
    def __call__(self, name: str, path: str, /) -> bool: ...


def mask_json(sent: bytes, hides: Hides, looked_for: Collection[str], *, inside: bool = True) -> bytes:
    """`hides` is asked of every member's name and path; the path is right for those that are `looked_for`. `inside`:
    texts that are JSON are masked too."""
    place = _Place(looked_for)
    kept: list[bytes] = []
    start = position = 0
    while found := _TOKEN.search(sent, position):
        position = found.end()
        if found[1] is None:
            place.pass_by(found[0])
        elif found[2] is not None:
            name = _text(found[1])
            place.name(name)
            if hides(name, place.path):
                kept += (sent[start:position], _MASKED)
                start = position = _end_of_value(sent, position)
        elif inside and (masked := _inside(_text(found[1]), hides, looked_for)) is not None:
            kept += (sent[start : found.start()], masked)
            start = position
    return b"".join((*kept, sent[start:]))


class _Place:
    """Where in the JSON we are, as deep and as long as the names that are looked for: no deeper can they stand."""

    def __init__(self, looked_for: Collection[str]) -> None:
        self._deepest = 1 + max((name.count(".") for name in looked_for), default=0)
        self._longest = max(map(len, looked_for), default=0)
        self._depth = 0
        self._steps: list[str | int] = []

    def pass_by(self, sign: bytes) -> None:
        """A bracket or a comma."""
        if sign in b"{[":
            self._depth += 1
            if self._depth <= self._deepest:
                self._steps.append("" if sign == b"{" else 0)
        elif sign in b"}]":
            if self._depth <= len(self._steps):
                del self._steps[-1:]
            self._depth = max(0, self._depth - 1)
        elif self._depth == len(self._steps) and self._steps and isinstance(last := self._steps[-1], int):
            self._steps[-1] = last + 1

    def name(self, name: str) -> None:
        if self._depth == len(self._steps) and self._steps:
            self._steps[-1] = name[: self._longest + 1]

    @property
    def path(self) -> str:
        """Of none that is looked for, if we are too deep."""
        return ".".join(map(str, self._steps)) if self._depth == len(self._steps) else "."


def _inside(text: str, hides: Hides, looked_for: Collection[str]) -> bytes | None:
    """The text of a string, masked, as a string again; None: nothing in it is to be masked."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    sent = text.encode("utf-8", "surrogatepass")
    masked = mask_json(sent, hides, looked_for, inside=False)
    return None if masked == sent else json.dumps(masked.decode("utf-8", "surrogatepass")).encode()


def _text(string: bytes) -> str:
    text = string.decode("utf-8", "surrogateescape")
    if "\\" in text:
        try:
            return str(json.loads(text, strict=False))
        except ValueError:
            pass
    return text.removeprefix('"').removesuffix('"')


def _end_of_value(sent: bytes, start: int) -> int:
    """A string, a number, or everything in an object or a list."""
    first = sent[start : start + 1]
    if first == b'"':
        string = _TOKEN.match(sent, start)
        return string.end(1) if string else len(sent)
    if first not in (b"{", b"["):
        scalar = _SCALAR.match(sent, start)
        return scalar.end() if scalar else start
    depth = 0
    for token in _BRACKET.finditer(sent, start):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(token[0], 0)
        if not depth:
            return token.end()
    return len(sent)

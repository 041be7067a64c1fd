"""The lists that ad blockers carry, and whether they block a request: the part of their language that such rules use.

Debian's package `webext-ublock-origin-firefox` has EasyList, EasyPrivacy and uBlock Origin's own lists. No Python
package reads their present language: `adblockparser` is of 2016, `adblock` of 2022, `braveblock` of early 2024.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

LISTS = Path(
    "/usr/share/mozilla/extensions/{ec8030f7-c20a-464f-9b0e-13a3a9e97384}/uBlock0@raymondhill.net/assets"
)  # fmt: skip
_FOLDERS = ("thirdparties/easylist", "ublock")

_TYPES = {"script": "script", "xmlhttprequest": "fetch", "xhr": "fetch", "ping": "ping", "beacon": "ping"} | {
    "image": "image", "document": "document", "doc": "document",
}  # fmt: skip
# Kinds of requests that we never make: a rule for them alone is none about us.
_OTHER_TYPES = {
    "stylesheet", "css", "subdocument", "frame", "object", "media", "font", "websocket", "popup", "popunder", "other",
    "inline-script", "inline-font", "webrtc",
}  # fmt: skip
_PARTIES = {"third-party": True, "3p": True, "strict3p": True, "first-party": False, "1p": False, "strict1p": False}
_HARMLESS = {"important", "match-case", "all"}
_OPTIONS = re.compile(r"\$([a-z0-9~_-]+(?:=[^$]*)?(?:,[a-z0-9~_-]+(?:=[^$,]*)?)*)$")
_WORD = re.compile(r"[a-z0-9%._/=?-]{3,}")


@dataclass(frozen=True, slots=True)
class Request:
    address: str
    kind: str  # script, fetch, ping, image or document
    third_party: bool


@dataclass(frozen=True, slots=True)
class Rule:
    text: str
    allows: bool
    literal: str  # stands in every address that the rule is about
    pattern: re.Pattern[str]
    kinds: frozenset[str]
    third_party: bool | None  # None: both

    def is_about(self, request: Request) -> bool:
        return (
            request.kind in self.kinds
            and self.third_party in (None, request.third_party)
            and self.literal in request.address
            and self.pattern.search(request.address) is not None
        )


class FilterLists:
    def __init__(self, lines: Iterable[str], host: str) -> None:
        """Only the rules that may be about addresses of `host`, asked for by pages that no rule names."""
        self._rules = [rule for line in lines if (rule := _read(line.strip(), host)) is not None]

    def __len__(self) -> int:
        return len(self._rules)

    def blocking(self, request: Request) -> str | None:
        """The rule that blocks it; None: it goes through."""
        request = Request(request.address.lower(), request.kind, request.third_party)
        about = [rule for rule in self._rules if rule.is_about(request)]
        if any(rule.allows for rule in about):
            return None
        return next((rule.text for rule in about), None)


def installed_lines() -> Iterator[str]:
    for folder in _FOLDERS:
        for file in sorted((LISTS / folder).glob("*.txt")):
            yield from file.read_text("utf-8").splitlines()


def _read(line: str, host: str) -> Rule | None:
    if not line or line[0] in "![" or re.search("#[@?$%^]*#", line):  # a comment, or about elements of a page
        return None
    allows, body = line.startswith("@@"), line.removeprefix("@@")
    found = _OPTIONS.search(body)
    options = found[1].lower().split(",") if found else []
    body = body[: found.start()] if found else body
    said = _options(options)
    if said is None:
        return None
    kinds, third_party = said
    literal, pattern = _compile(body.lower(), host)
    return None if pattern is None else Rule(line, allows, literal, pattern, kinds, third_party)


def _options(options: list[str]) -> tuple[frozenset[str], bool | None] | None:
    """None: the rule is about other requests or other sites, or blocks nothing."""
    only: set[str] = set()
    but: set[str] = set()
    third_party = None
    for option in options:
        negated, name = option.startswith("~"), option.lstrip("~").partition("=")[0]
        if name in ("domain", "from"):
            if any(not site.startswith("~") for site in option.partition("=")[2].split("|")):
                return None
        elif name in _PARTIES:
            third_party = _PARTIES[name] != negated
        elif name in _TYPES or name in _OTHER_TYPES:
            (but if negated else only).add(_TYPES.get(name, name))
        elif name not in _HARMLESS and name != "redirect":
            return None
    everything = {"script", "fetch", "ping", "image"} | ({"document"} if "all" in options else set())
    return frozenset((only & set(_TYPES.values()) if only else everything) - but), third_party


def _compile(body: str, host: str) -> tuple[str, re.Pattern[str] | None]:
    if len(body) > 2 and body[0] == body[-1] == "/":
        try:
            return "", re.compile(body[1:-1])
        except re.error:
            return "", None
    if body.startswith("||"):
        named = re.match(r"[^/^*$?|:]*", body[2:])
        name = named[0] if named else ""
        whole = len(name) < len(body) - 2 and body[2 + len(name)] != "*"
        if whole and not f".{host}".endswith(f".{name}"):
            return "", None
    words = _WORD.findall(body.replace("^", " ").replace("*", " ").replace("|", " "))
    start, rest = ("^[a-z]+://(?:[^/?#]+\\.)?", body[2:]) if body.startswith("||") else ("", body)
    if not start and rest.startswith("|"):
        start, rest = "^", rest[1:]
    end, rest = ("$", rest[:-1]) if rest.endswith("|") else ("", rest)
    parts = {"*": ".*", "^": "(?:[^a-z0-9_.%-]|$)"}
    pattern = "".join(parts.get(character) or re.escape(character) for character in rest)
    return max(words, key=len, default=""), re.compile(start + pattern + end)

"""What a request says about who sends it, read once and cut to length: every rule may trust it."""

from collections.abc import Mapping

import msgspec

_LONGEST_USER_AGENT = 512
_LONGEST_HEADER = 64


class Signals(msgspec.Struct, frozen=True, gc=False):
    method: str
    user_agent: str  # empty: none was sent
    fetch_mode: str  # Sec-Fetch-Mode, lower case; empty: the browser does not send it
    fetch_dest: str
    purposes: str  # what Sec-Purpose, Purpose, X-Moz and X-Purpose say, lower case; almost always empty


def read_signals(method: str, headers: Mapping[str, str]) -> Signals:
    """`headers` ignores case in names."""
    get = headers.get
    purposes = [said for said in (get("Sec-Purpose"), get("Purpose"), get("X-Moz"), get("X-Purpose")) if said]
    return Signals(
        method=method,
        user_agent=text(get("User-Agent", ""), _LONGEST_USER_AGENT),
        fetch_mode=get("Sec-Fetch-Mode", "")[:_LONGEST_HEADER].lower(),
        fetch_dest=get("Sec-Fetch-Dest", "")[:_LONGEST_HEADER].lower(),
        purposes=" ".join([said[:_LONGEST_HEADER].lower() for said in purposes]),
    )


def text(sent: str, longest: int) -> str:
    """Printable text that every store takes: bytes of a header that are no UTF-8 come to us as lone surrogates."""
    cut = sent[:longest]
    if cut.isascii() and cut.isprintable():
        return cut
    whole = cut.encode("utf-8", "replace").decode("utf-8")
    return "".join(character if character.isprintable() else " " for character in whole)

"""The parts of a multipart body, by their offsets in it."""

import re
from dataclasses import dataclass

MAX_PARTS = 200
LONGEST_BOUNDARY = 70  # RFC 2046, 5.1.1

_BOUNDARY = re.compile(r"""(?i);\s*+boundary\s*+=\s*+(?:"([^"]+)"|([^\s;"]+))""")
_FIRST_LINE = re.compile(rb"\s*+--([^\r\n]+)")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_FOLDED = re.compile(rb"\r?\n[ \t]+")
_PART_NAME = re.compile(
    rb"""(?i)[;\s]name\s*+=\s*+(?:"([^"\\]*(?:\\.[^"\\]*)*)"|'([^']*+)'|([^\s;"']++))(?=[;\s]|\Z)"""
)


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a multipart body, between two offsets of it; `name` None: the part's head cannot be read."""

    name: str | None
    start: int
    end: int


def parts(body: bytes, content_type: str) -> list[Part]:
    """Told apart by the boundary (the body's first line, if the content type has none). What follows the last part that
    we take is one more, without a name."""
    declared = _BOUNDARY.search(content_type)
    boundary = (declared[1] or declared[2]).encode("utf-8", "surrogatepass") if declared else b""
    if not boundary and (first := _FIRST_LINE.match(body)):
        boundary = first[1].rstrip()
    if not 0 < len(boundary) <= LONGEST_BOUNDARY:
        return []
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*+(?=\r?\n|\Z)")
    found: list[Part] = []
    begin = None
    for delimiter in line.finditer(body):
        if begin is not None:
            found.append(_part(body, begin, delimiter.start()))
        begin = None if delimiter[1] else delimiter.end()
        if delimiter[1]:
            break
        if len(found) == MAX_PARTS:
            return [*found, Part(None, delimiter.end(), len(body))]
    if begin is not None:
        found.append(_part(body, begin, len(body)))
    return found


def _part(body: bytes, begin: int, end: int) -> Part:
    blank = _BLANK_LINE.search(body, begin, end)
    if blank is None:
        return Part(None, begin, end)
    name = None
    for line in _FOLDED.sub(b" ", body[begin : blank.start()]).splitlines():
        header, _, value = line.partition(b":")
        lowered = header.strip().lower()
        if lowered == b"content-disposition" and (found := _PART_NAME.search(value)):
            name = next(one for one in found.groups() if one is not None)
        if lowered == b"content-disposition" and b"*=" in value:  # RFC 7578 has no such parameters
            return Part(None, blank.end(), end)
        if lowered == b"content-transfer-encoding" and value.strip().lower() not in (b"7bit", b"8bit", b"binary"):
            return Part(None, blank.end(), end)
    try:
        text = name.replace(b"\\", b"").decode().strip() if name is not None else None
    except UnicodeDecodeError:
        text = None
    return Part(text, blank.end(), end)

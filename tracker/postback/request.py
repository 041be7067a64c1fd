"""A received request, and its fields: query, form, JSON and multipart, all as text."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl

from tracker.core.reasons import MessageCode
from tracker.postback.refusal import Refusal
from tracker.postback.values import is_macro

MAX_FIELDS = 200
MAX_JSON_VALUES = 2000
MAX_VALUE = 2000

# Control characters, and halves of characters, which JSON can write (`"\\ud800"`) and no store can hold.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")

_BOUNDARY = re.compile(r"""(?i);\s*+boundary\s*+=\s*+(?:"([^"]+)"|([^\s;"]+))""")
_FIRST_LINE = re.compile(rb"\s*+--([^\r\n]+)")
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")
_FOLDED = re.compile(rb"\r?\n[ \t]+")
_PART_NAME = re.compile(
    rb"""(?i)[;\s]name\s*+=\s*+(?:"([^"\\]*(?:\\.[^"\\]*)*)"|'([^']*+)'|([^\s;"']++))(?=[;\s]|\Z)"""
)


@dataclass(frozen=True, slots=True)
class RawRequest:
    """As it came: `query` without the question mark, the body in bytes. `shape` tells which kind of request of its
    dialect it is; what its path says stands at the end of the query, as `path.NAME`."""

    method: str
    query: str
    content_type: str = ""
    body: bytes = b""
    shape: str = ""

    @property
    def kind(self) -> str:
        return self.content_type.partition(";")[0].strip().lower()

    @property
    def is_multipart(self) -> bool:
        return self.kind == "multipart/form-data"


class _UnreadableError(ValueError):
    """Its text is the sentence that the sender is told."""

    def __init__(self, sentence: str, code: MessageCode = MessageCode.UNPARSEABLE) -> None:
        super().__init__(sentence)
        self.code = code


def fields(request: RawRequest, json_field: str | None = None) -> dict[str, str] | Refusal:
    """Every parameter by its name. Of a parameter in both query and body the body's counts (postbacks.md 5).

    The text of `json_field` is a JSON object whose members are the parameters.
    """
    try:
        in_query = _form(request.query.encode("utf-8", "surrogatepass"))
        in_body = _body(request)
        inside = _inside(in_query + in_body, json_field)
        found = _one_of_each(in_query, json_field) | _one_of_each(in_body, json_field) | _one_of_each(inside)
    except _UnreadableError as error:
        return Refusal(error.code, str(error))
    return found


def _inside(pairs: list[tuple[str, str]], json_field: str | None) -> list[tuple[str, str]]:
    """The members of the JSON in a field; an empty one has none."""
    found: list[tuple[str, str]] = []
    for name, text in pairs:
        if name != json_field or not text.strip():
            continue
        if is_macro(text) and '"' not in text:
            sentence = f"{name} is a macro that the network did not fill in."
            raise _UnreadableError(sentence, MessageCode.MACRO)
        found += _json(text.encode("utf-8", "surrogatepass"))
    return found


def _body(request: RawRequest) -> list[tuple[str, str]]:
    if not request.body.strip():
        return []
    if request.is_multipart:
        return _multipart(request)
    if request.kind in ("application/json", "text/json") or request.body.lstrip()[:1] == b"{":
        return _json(request.body)
    return _form(request.body)


def _form(encoded: bytes) -> list[tuple[str, str]]:
    """Names are stripped of blanks: a real sender writes `& adv_sub5=`."""
    try:
        text = encoded.decode("ascii")
        pairs = parse_qsl(text.strip(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError:
        raise _UnreadableError("The parameters are not UTF-8, percent-encoded.") from None
    except ValueError:
        raise _UnreadableError(f"There are more than {MAX_FIELDS} parameters.") from None
    return [(name.strip(), value) for name, value in pairs]


def _json(body: bytes) -> list[tuple[str, str]]:
    """One object, what is nested in it by dotted names; numbers stay the text that they are."""
    try:
        found = json.loads(
            body.decode("utf-8-sig"),
            parse_float=str,
            parse_int=str,
            parse_constant=_refuse_constant,
            object_pairs_hook=_no_doubles,
        )
    except _UnreadableError:
        raise
    except (ValueError, RecursionError):
        raise _UnreadableError("The body is not JSON.") from None
    if not isinstance(found, dict):
        raise _UnreadableError("The JSON body is not an object.")
    try:
        pairs = list(_flat("", found))
    except RecursionError:
        raise _UnreadableError("The JSON body is nested too deeply.") from None
    if len(pairs) > MAX_JSON_VALUES:
        raise _UnreadableError(f"There are more than {MAX_JSON_VALUES} values in the JSON body.")
    return pairs


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    """`{"items": [{"sku": "A"}]}` is `items.0.sku=A`."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(f"{name}.{key}" if name else key, inner)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _flat(f"{name}.{number}", inner)


def _refuse_constant(text: str) -> NoReturn:
    raise _UnreadableError(f"{text} is not a number.")


def _no_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _UnreadableError("A name stands twice in the JSON body.")
    return found


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a multipart body, between two offsets of it; `name` None: the part's head cannot be read."""

    name: str | None
    start: int
    end: int


def parts(request: RawRequest) -> list[Part]:
    """The parts of a multipart body, told apart by its boundary (its first line, if the content type has none). What
    follows the last part that we take is one more, without a name."""
    declared = _BOUNDARY.search(request.content_type)
    boundary = (declared[1] or declared[2]).encode("utf-8", "surrogatepass") if declared else b""
    if not boundary and (first := _FIRST_LINE.match(request.body)):
        boundary = first[1].rstrip()
    if not boundary:
        return []
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*+(?=\r?\n|\Z)")
    found: list[Part] = []
    begin = None
    for delimiter in line.finditer(request.body):
        if begin is not None:
            found.append(_part(request.body, begin, delimiter.start()))
        begin = None if delimiter[1] else delimiter.end()
        if delimiter[1]:
            break
        if len(found) == MAX_FIELDS:
            return [*found, Part(None, delimiter.end(), len(request.body))]
    if begin is not None:
        found.append(_part(request.body, begin, len(request.body)))
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


def _multipart(request: RawRequest) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for part in parts(request):
        if part.name is None:
            raise _UnreadableError("The multipart body cannot be read.")
        try:
            found.append((part.name, request.body[part.start : part.end].decode()))
        except UnicodeDecodeError:
            raise _UnreadableError(f"The field {part.name[:40]!r} is not UTF-8.") from None
    if not found:
        raise _UnreadableError("The multipart body has no fields.")
    return found


def _one_of_each(pairs: list[tuple[str, str]], apart: str | None = None) -> dict[str, str]:
    """The same name twice with different values: nobody can know which was meant, and it may be money. What stands in
    the field `apart` is read elsewhere."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name == apart:
            continue
        if _FORBIDDEN.search(name) or _FORBIDDEN.search(value):
            raise _UnreadableError(f"The parameter {name[:40]!r} holds a control character or half a character.")
        if len(value) > MAX_VALUE or len(name) > MAX_VALUE:
            raise _UnreadableError(f"The parameter {name[:40]} is longer than {MAX_VALUE} characters.")
        if found.setdefault(name, value) != value:
            raise _UnreadableError(f"The parameter {name[:40]} stands twice with different values.")
    return found

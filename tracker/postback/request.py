"""A received request, and its fields: query, form, JSON and multipart, all as text."""

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl

from tracker.core.reasons import MessageCode
from tracker.postback.json_values import json_values, legible_values
from tracker.postback.multipart import parts
from tracker.postback.refusal import Refusal, UnreadableError
from tracker.postback.values import is_macro

MAX_FIELDS = 200
MAX_VALUE = 2000

# Control characters, and halves of characters, which JSON can write (`"\\ud800"`) and no store can hold.
_FORBIDDEN = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


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

    @property
    def is_json(self) -> bool:
        return self.kind in ("application/json", "text/json") or self.body.lstrip()[:1] == b"{"


def fields(request: RawRequest, json_field: str | None = None) -> dict[str, str] | Refusal:
    """Every parameter by its name. Of a parameter in both query and body the body's counts (postbacks.md 5).

    The text of `json_field` is a JSON object whose members are the parameters.
    """
    try:
        in_query = _form(request.query.encode("utf-8", "surrogatepass"))
        in_body = _body(request)
        inside = _inside(in_query + in_body, json_field)
        found = _one_of_each(in_query, json_field) | _one_of_each(in_body, json_field) | _one_of_each(inside)
    except UnreadableError as error:
        return Refusal(error.code, str(error))
    return found


def legible(request: RawRequest, json_field: str | None = None) -> dict[str, str]:
    """What can be made out of a request that `fields` refuses, the first of each name: its proof is looked for there,
    and nothing else is read of it."""
    in_query = _legible_form(request.query)
    in_body = _legible_body(request)
    inside = [
        pair
        for name, text in in_query + in_body
        if name == json_field
        for pair in legible_values(text.encode("utf-8", "surrogatepass"))
    ]
    return dict(reversed(in_query)) | dict(reversed(in_body)) | dict(reversed(inside))


def query_names(request: RawRequest) -> set[str]:
    """The parameters that stand in the address."""
    return {name for name, _ in _legible_form(request.query)}


def _inside(pairs: list[tuple[str, str]], json_field: str | None) -> list[tuple[str, str]]:
    """The members of the JSON in a field; an empty one has none."""
    found: list[tuple[str, str]] = []
    for name, text in pairs:
        if name != json_field or not text.strip():
            continue
        if is_macro(text) and '"' not in text:
            sentence = f"{name} is a macro that the network did not fill in."
            raise UnreadableError(sentence, MessageCode.MACRO)
        found += json_values(text.encode("utf-8", "surrogatepass"))
    return found


def _body(request: RawRequest) -> list[tuple[str, str]]:
    if not request.body.strip():
        return []
    if request.is_multipart:
        return _multipart(request)
    return json_values(request.body) if request.is_json else _form(request.body)


def _legible_body(request: RawRequest) -> list[tuple[str, str]]:
    if request.is_multipart:
        found = parts(request.body, request.content_type)
        return [(one.name, request.body[one.start : one.end].decode("utf-8", "replace")) for one in found if one.name]
    return legible_values(request.body) if request.is_json else _legible_form(request.body.decode("utf-8", "replace"))


def _legible_form(text: str) -> list[tuple[str, str]]:
    first = "&".join(text.strip().split("&", MAX_FIELDS)[:MAX_FIELDS])
    return [(name.strip(), value) for name, value in parse_qsl(first, keep_blank_values=True, errors="replace")]


def _form(encoded: bytes) -> list[tuple[str, str]]:
    """Names are stripped of blanks: a real sender writes `& adv_sub5=`."""
    try:
        text = encoded.decode("ascii")
        pairs = parse_qsl(text.strip(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeDecodeError:
        raise UnreadableError("The parameters are not UTF-8, percent-encoded.") from None
    except ValueError:
        raise UnreadableError(f"There are more than {MAX_FIELDS} parameters.") from None
    return [(name.strip(), value) for name, value in pairs]


def _multipart(request: RawRequest) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for part in parts(request.body, request.content_type):
        if part.name is None:
            raise UnreadableError("The multipart body cannot be read.")
        try:
            found.append((part.name, request.body[part.start : part.end].decode()))
        except UnicodeDecodeError:
            raise UnreadableError(f"The field {part.name[:40]!r} is not UTF-8.") from None
    if not found:
        raise UnreadableError("The multipart body has no fields.")
    return found


def _one_of_each(pairs: list[tuple[str, str]], apart: str | None = None) -> dict[str, str]:
    """The same name twice with different values: nobody can know which was meant, and it may be money. What stands in
    the field `apart` is read elsewhere."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if name == apart:
            continue
        if _FORBIDDEN.search(name) or _FORBIDDEN.search(value):
            raise UnreadableError(f"The parameter {name[:40]!r} holds a control character or half a character.")
        if len(value) > MAX_VALUE or len(name) > MAX_VALUE:
            raise UnreadableError(f"The parameter {name[:40]} is longer than {MAX_VALUE} characters.")
        if found.setdefault(name, value) != value:
            raise UnreadableError(f"The parameter {name[:40]} stands twice with different values.")
    return found

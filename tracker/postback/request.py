"""A received request, and its fields: query, form, JSON and multipart, all as text."""

import json
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import NoReturn
from urllib.parse import parse_qsl

from tracker.core.reasons import MessageCode
from tracker.postback.refusal import Refusal

MAX_FIELDS = 200
MAX_VALUE = 2000


@dataclass(frozen=True, slots=True)
class RawRequest:
    """As it came: `query` without the question mark, the body in bytes."""

    method: str
    query: str
    content_type: str = ""
    body: bytes = b""


class _UnreadableError(ValueError):
    """Its text is the sentence that the sender is told."""


def fields(request: RawRequest) -> dict[str, str] | Refusal:
    """Every parameter by its name. Of a parameter in both query and body the body's counts (postbacks.md 5)."""
    try:
        in_query = _form(request.query.encode("utf-8", "surrogateescape"))
        in_body = _body(request)
        found = _one_of_each(in_query) | _one_of_each(in_body)
    except _UnreadableError as error:
        return Refusal(MessageCode.UNPARSEABLE, str(error))
    return found


def _body(request: RawRequest) -> list[tuple[str, str]]:
    kind = request.content_type.partition(";")[0].strip().lower()
    if not request.body.strip():
        return []
    if kind == "multipart/form-data":
        return _multipart(request)
    if kind in ("application/json", "text/json") or request.body.lstrip()[:1] == b"{":
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
    """One object of plain values; numbers stay the text that they are."""
    try:
        found = json.loads(
            body, parse_float=str, parse_int=str, parse_constant=_refuse_constant, object_pairs_hook=_no_doubles
        )
    except _UnreadableError:
        raise
    except (ValueError, RecursionError):
        raise _UnreadableError("The body is not JSON.") from None
    if not isinstance(found, dict):
        raise _UnreadableError("The JSON body is not an object.")
    words = {True: "true", False: "false"}
    return [
        (name, words.get(value, "") if isinstance(value, bool) else value)
        for name, value in found.items()
        if isinstance(value, str | bool)  # nested values are no fields of ours
    ]


def _refuse_constant(text: str) -> NoReturn:
    raise _UnreadableError(f"{text} is not a number.")


def _no_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _UnreadableError("A name stands twice in the JSON body.")
    return found


def _multipart(request: RawRequest) -> list[tuple[str, str]]:
    head = f"Content-Type: {request.content_type}\r\n\r\n".encode("utf-8", "replace")
    message = BytesParser(policy=HTTP).parsebytes(head + request.body)
    found: list[tuple[str, str]] = []
    for part in message.iter_parts() if message.is_multipart() else ():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes) or len(found) >= MAX_FIELDS:
            raise _UnreadableError("The multipart body cannot be read.")
        try:
            found.append((name.strip(), content.decode()))
        except UnicodeDecodeError:
            raise _UnreadableError(f"The field {name} is not UTF-8.") from None
    if not found:
        raise _UnreadableError("The multipart body has no fields.")
    return found


def _one_of_each(pairs: list[tuple[str, str]]) -> dict[str, str]:
    """The same name twice with different values: nobody can know which was meant, and it may be money."""
    found: dict[str, str] = {}
    for name, value in pairs:
        if len(value) > MAX_VALUE or len(name) > MAX_VALUE:
            raise _UnreadableError(f"The parameter {name[:40]} is longer than {MAX_VALUE} characters.")
        if any(ord(character) < 32 or ord(character) == 127 for character in name + value):
            raise _UnreadableError(f"The parameter {name[:40]!r} holds a control character.")
        if found.setdefault(name, value) != value:
            raise _UnreadableError(f"The parameter {name[:40]} stands twice with different values.")
    return found

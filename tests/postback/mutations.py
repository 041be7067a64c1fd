"""Requests as senders' own servers really send them (`senders.txt`, docs/samples), broken in the ways in which requests
break on the way: parameters lost, said twice or swapped, escapes cut, bodies of another kind than they claim."""

import json
import re
from itertools import count
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from tests.postback.dialects.test_senders import SAMPLES

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "samples"
BOUNDARY = "----boundary7MA4YWxk"
FORM = "application/x-www-form-urlencoded"
_KINDS = (FORM, "application/json", f"multipart/form-data; boundary={BOUNDARY}", "text/plain", "image/png", "")
_ODD = (
    "", " ", "\x00", "\x1f", "\ud83d\ude00", "заказ", "\u202e", "9" * 1900, "9" * 2100, "1e9", "-0", "+5", "0x10",
    "{click_id}", "[]", "&", "=", ";", "%", "null", "\r\nX: y",
)  # fmt: skip
_BROKEN = ("%", "%G1", "%D0", "%u0430", "%FF%FE", "%00", "%ED%A0%80", "+%", "&&=&=")

Pairs = list[tuple[str, str]]


class Sent(NamedTuple):
    """The fields of a request, `path` being what follows the partner's secret."""

    partner: str
    path: str
    query: str = ""
    body: bytes | None = None
    kind: str = ""
    method: str = "GET"


_orders = count()


def _known() -> list[tuple[str, str, str]]:
    """Dialect, path and query of everything that is sampled."""
    suggested = (re.search(r"^# Try: (\S+)$", path.read_text(), re.MULTILINE) for path in sorted(FOLDER.glob("*.yaml")))
    found = [("generic", "", one[1]) for one in suggested if one]
    for sample in SAMPLES:
        path, _, query = sample.request.partition("?")
        found.append((sample.dialect, path, re.sub(r"(?<==)C(?=&|$)", "{click_id}", query)))
    return found


_KNOWN = _known()


@st.composite
def mutated(draw: st.DrawFn) -> Sent:
    """One sample about an order of its own, with up to three things wrong, in any kind of request."""
    dialect, path, query = draw(st.sampled_from(_KNOWN))
    order = f"ORD-M{next(_orders):06}"  # of one width: what is drawn after it may not depend on it
    pairs = [_pair(one.replace("ORD-77", order)) for one in query.split("&")]
    for _ in range(draw(st.integers(0, 3))):
        pairs = draw(_mutations(pairs))
    path += draw(st.sampled_from(["", "", "/", "//"]))
    method = draw(st.sampled_from(["GET", "POST", "POST", "HEAD"]))
    body, kind = draw(_bodies(pairs))
    broken = draw(st.sampled_from(["", "", "", *_BROKEN]))
    if body is None:
        return Sent(dialect, path, _encoded(pairs) + broken, method=method)
    return Sent(dialect, path, broken, body, draw(st.sampled_from([kind, kind, *_KINDS])), "POST")


def _pair(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _encoded(pairs: Pairs) -> str:
    return urlencode(pairs, safe="{}", quote_via=quote, errors="surrogatepass")


@st.composite
def _mutations(draw: st.DrawFn, pairs: Pairs) -> Pairs:
    if not pairs:
        return pairs
    at = draw(st.integers(0, len(pairs) - 1))
    (name, value), other = pairs[at], draw(st.sampled_from(pairs))
    odd = draw(st.sampled_from(_ODD) | st.text(max_size=5))
    changes = {
        "drop": [],
        "double": [(name, value), (name, value)],
        "contradict": [(name, value), (name, odd)],
        "swap": [(name, other[1])],
        "replace": [(name, odd)],
        "rename": [(odd, value)],
        "blank": [(f" {name} ", value)],
    }
    return [*pairs[:at], *changes[draw(st.sampled_from(sorted(changes)))], *pairs[at + 1 :]]


@st.composite
def _bodies(draw: st.DrawFn, pairs: Pairs) -> tuple[bytes | None, str]:
    """None: it stays in the query."""
    form, parts, said = _encoded(pairs).encode(), _multipart(pairs), json.dumps(dict(pairs)).encode()
    bodies = {
        "query": (None, ""),
        "form": (form, FORM),
        "json": (said, "application/json"),
        "nested": (b'{"a":' * draw(st.sampled_from([5, 50, 5000])) + said, "application/json"),
        "multipart": (parts, f"multipart/form-data; boundary={BOUNDARY}"),
        "cut": (parts[: draw(st.integers(0, len(parts)))], f"multipart/form-data; boundary={BOUNDARY}"),
        "raw": (draw(st.binary(max_size=60)), ""),
        "huge": (form + b"&x=" + b"9" * draw(st.sampled_from([60_000, 70_000])), FORM),
    }
    return bodies[draw(st.sampled_from(["query", *bodies]))]


def _multipart(pairs: Pairs) -> bytes:
    parts = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n' for name, value in pairs
    )
    return "".join([*parts, f"--{BOUNDARY}--\r\n"]).encode("utf-8", "surrogatepass")

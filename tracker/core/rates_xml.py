"""The Russian central bank's XML: all currencies of one day, or one currency over a period.

`<ValCurs Date="02.03.2019"><Valute><CharCode>USD</CharCode><Nominal>1</Nominal><Value>65,8000</Value></Valute>...`
`<ValCurs ID="R01235" ...><Record Date="02.03.2019" Id="R01235"><Nominal>1</Nominal><Value>65,8000</Value></Record>...`
"""

from dataclasses import dataclass, field
from xml.parsers import expat

_FIELDS = {"CharCode", "Nominal", "Value"}


@dataclass(frozen=True, slots=True)
class RateRow:
    """One rate as a file writes it: text, and the line to blame."""

    line: int
    day: str
    currency: str
    nominal: str
    rubles: str


class NotXmlError(ValueError):
    """Not well-formed, or with a document type: such a file could grow, or reach elsewhere."""


@dataclass(slots=True)
class _Gathering:
    day: str = ""
    line: int = 0
    text: str = ""
    said: dict[str, str] = field(default_factory=dict)
    rows: list[RateRow] = field(default_factory=list)


def xml_rows(content: bytes, currency: str | None) -> list[RateRow]:
    """`currency` is that of a file over a period, which does not name it. Raises NotXmlError."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    seen = _Gathering()

    def start(tag: str, attributes: dict[str, str]) -> None:
        if tag in ("ValCurs", "Record"):
            seen.day = attributes.get("Date", "")
        if tag in ("Valute", "Record"):
            seen.line, seen.said = parser.CurrentLineNumber, {}
        seen.text = ""

    def end(tag: str) -> None:
        if tag in _FIELDS:
            seen.said[tag] = seen.text.strip()
        if tag in ("Valute", "Record"):
            named = seen.said.get("CharCode", currency or "")
            row = RateRow(seen.line, seen.day, named, seen.said.get("Nominal", ""), seen.said.get("Value", ""))
            seen.rows.append(row)

    def said(text: str) -> None:
        seen.text += text

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, said
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise NotXmlError(f"this is not XML: {error}") from None
    return seen.rows


def _refuse(*_: object) -> None:
    raise NotXmlError("this XML has a document type; rates need none")

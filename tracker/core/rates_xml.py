"""The Russian central bank's XML: all currencies of one day, or one currency over a period.

`<ValCurs Date="02.03.2019"><Valute><CharCode>USD</CharCode><Nominal>1</Nominal><Value>65,8000</Value></Valute>...`
`<ValCurs ID="R01235" ...><Record Date="02.03.2019" Id="R01235"><Nominal>1</Nominal><Value>65,8000</Value></Record>...`
"""

from dataclasses import dataclass, field

from tracker.core.safe_xml import feed

_FIELDS = {"CharCode", "Nominal", "Value"}


@dataclass(frozen=True, slots=True)
class RateRow:
    """One rate as a file writes it: text, and the line to blame."""

    line: int
    day: str
    currency: str
    nominal: str
    rubles: str


def xml_rows(content: bytes, currency: str | None) -> list[RateRow]:
    """`currency` is that of a file over a period, which does not name it. Raises ConfigurationError."""
    gathering = _Gathering(currency or "")
    for _ in feed([content], gathering, name="it"):
        pass
    return gathering.rows


@dataclass(slots=True)
class _Gathering:
    currency: str
    day: str = ""
    line: int = 0
    said_now: str = ""
    said: dict[str, str] = field(default_factory=dict)
    rows: list[RateRow] = field(default_factory=list)

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:
        if name in ("ValCurs", "Record"):
            self.day = attributes.get("Date", "")
        if name in ("Valute", "Record"):
            self.line, self.said = line, {}
        self.said_now = ""

    def text(self, text: str) -> None:
        self.said_now += text

    def end(self, name: str) -> None:
        if name in _FIELDS:
            self.said[name] = self.said_now.strip()
        if name in ("Valute", "Record"):
            currency = self.said.get("CharCode", self.currency)
            row = RateRow(self.line, self.day, currency, self.said.get("Nominal", ""), self.said.get("Value", ""))
            self.rows.append(row)

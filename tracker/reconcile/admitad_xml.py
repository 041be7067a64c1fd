"""Admitad's payments-revision file, as shops publish it (postbacks.md 3.1.3)."""

from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path

from tracker.core.safe_xml import feed
from tracker.core.statement import StatementField
from tracker.errors import ConfigurationError
from tracker.reconcile.record import Record, Value
from tracker.reconcile.text import Advance

_FIELDS = {
    "orderid": StatementField.ORDER_ID,
    "status": StatementField.STATUS,
    "orderamount": StatementField.AMOUNT,
    "reward": StatementField.COMMISSION,
}
# The documentation, and shops that copied from it, have the quotes of a word processor in xmlns=“…”.
_QUOTES = str.maketrans("“”„«»", '"""""')
_HEAD = 4096  # characters in which the root element stands
_CHUNK = 1 << 18


def admitad_xml_records(path: Path, encoding: str, advance: Advance) -> Iterator[Record]:
    """Raises ConfigurationError for what is no such file."""
    payments = _Payments()
    seen = 0
    for _ in feed(_chunks(path, encoding, advance), payments, name=path.name, encoding="utf-8"):
        seen += len(payments.found)
        yield from payments.found
        payments.found.clear()
    if not seen:
        problem = f"{path.name} has no <Payment> with an <OrderID>; Admitad's payments-revision files have one an order"
        raise ConfigurationError([problem])


def _chunks(path: Path, encoding: str, advance: Advance) -> Iterator[bytes]:
    try:
        with path.open("rb") as raw, TextIOWrapper(raw, encoding, newline="") as file:
            yield file.read(_HEAD).translate(_QUOTES).encode()
            while chunk := file.read(_CHUNK):
                advance(raw.tell())
                yield chunk.encode()
    except UnicodeError as error:
        raise ConfigurationError([f"{path.name} is not {encoding} text ({error}); name its encoding"]) from None


class _Payments:
    def __init__(self) -> None:
        self.found: list[Record] = []
        self._line = 0
        self._values: dict[str, Value] | None = None
        self._text: list[str] = []

    def start(self, name: str, attributes: dict[str, str], line: int) -> None:  # noqa: ARG002 - it has none
        if name.lower() == "payment":
            self._values, self._line = {}, line
        self._text.clear()

    def text(self, text: str) -> None:
        self._text.append(text)

    def end(self, name: str) -> None:
        said = "".join(self._text).strip()
        field = _FIELDS.get(name.lower())
        if self._values is not None and field is not None and said:
            self._values[field] = said
        if name.lower() == "payment" and self._values:
            self.found.append(Record(self._line, self._values))
            self._values = None

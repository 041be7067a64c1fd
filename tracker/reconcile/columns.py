"""Which column of a table says what: as the partner's `map:` names it, else by names that statements commonly use."""

import re
from collections.abc import Mapping, Sequence

from tracker.core.statement import StatementField, StatementProfile
from tracker.errors import ConfigurationError
from tracker.reconcile.record import Value

_UNIT = re.compile(r"[\s,]*[(\[]?\s*(руб(\.|лей|ли|ля)?|₽|rub|rur)\s*[)\]]?$")
_LOOKS_LIKE_A_SUM = re.compile(r"-?[0-9]{1,3}([ \u00a0\u202f]?[0-9]{3})*[.,][0-9]{2}")
HEADER_WITHIN = 20  # rows: titles and dates may stand above the header

_COMMON: dict[str, tuple[str, ...]] = {
    StatementField.ORDER_ID: ("order_id", "order id", "orderid", "номер заказа", "id заказа", "заказ"),
    StatementField.LINE_ID: ("line_id", "action_id", "номер позиции"),
    StatementField.CLICK_ID: ("click_id", "clickid", "subid4", "id клика"),
    StatementField.STATUS: ("status", "статус", "статус заказа"),
    StatementField.AMOUNT: ("amount", "cart", "orderamount", "сумма", "сумма заказа"),
    StatementField.DELIVERY: ("delivery", "доставка"),
    StatementField.COMMISSION: ("commission", "payment", "reward", "вознаграждение", "комиссия"),
    StatementField.CURRENCY: ("currency", "валюта"),
    StatementField.ORDER_TIME: ("order_time", "action_date", "дата заказа", "дата"),
}


class Columns:
    """Finds our fields among the names of a file."""

    def __init__(self, profile: StatementProfile) -> None:
        self._mapped = dict(profile.mapping)
        self._names = {
            field: (_plain(self._mapped[field]),) if field in self._mapped else common
            for field, common in _COMMON.items()
        }

    def among(self, names: Sequence[Value | None]) -> dict[str, int]:
        """The place of each field that is there."""
        plain = [_plain(str(name)) if name is not None else "" for name in names]
        return {
            str(field): next(plain.index(name) for name in accepted if name in plain)
            for field, accepted in self._names.items()
            if not set(accepted).isdisjoint(plain)
        }

    def header(self, rows: Sequence[Sequence[Value | None]]) -> tuple[int, dict[str, int]] | None:
        """Which of the first rows is the header, and the place of each field in it."""
        for number, row in enumerate(rows[:HEADER_WITHIN]):
            places = self.among(row)
            if StatementField.ORDER_ID in places and len(places) > 1:
                return number, places
        return None

    def require(self, places: Mapping[str, int], names: Sequence[Value | None]) -> None:
        """Raises ConfigurationError when a column that `map:` names is missing."""
        missing = [column for field, column in self._mapped.items() if field not in places]
        if missing:
            raise ConfigurationError([f"the statement has no column {one!r}; {_there(names)}" for one in missing])

    def refuse_overlooked_sums(
        self, places: Mapping[str, int], names: Sequence[Value | None], rows: Sequence[Mapping[int, Value]]
    ) -> None:
        """Raises ConfigurationError when no column was taken for the sum, though one holds what looks like sums:
        without them every order would match."""
        if StatementField.AMOUNT in places:
            return
        for at, name in enumerate(names):
            values = [str(row[at]) for row in rows if row.get(at) not in (None, "")]
            if at not in places.values() and values and all(_LOOKS_LIKE_A_SUM.fullmatch(one.strip()) for one in values):
                problem = (
                    f"no column was taken for the sum, though {str(name or at + 1)[:60]!r} looks like one; "
                    "name it in partners.yaml under statement: map: amount"
                )
                raise ConfigurationError([problem])

    def no_header(self, rows: Sequence[Sequence[Value | None]]) -> ConfigurationError:
        """What to tell when no row is a header."""
        widest = max(rows[:HEADER_WITHIN], key=len, default=[])
        wanted = self._mapped.get(StatementField.ORDER_ID, "order_id")
        problem = (
            f"none of the first {HEADER_WITHIN} rows is a header with the column {wanted!r} and at least one more; "
            f"{_there(widest)}; name the columns in partners.yaml under statement: map:"
        )
        return ConfigurationError([problem])


def _there(names: Sequence[Value | None]) -> str:
    return "there are " + (", ".join(repr(str(name)[:60]) for name in names[:40] if name not in (None, "")) or "none")


def _plain(name: str) -> str:
    """`Сумма, руб.` and `Сумма (RUB)` are `сумма`."""
    return _UNIT.sub("", " ".join(name.split()).casefold())

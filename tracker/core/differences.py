"""Differences as the rows of a table."""

from decimal import Decimal

from tracker.core.reconciliation import Difference

COLUMNS = (
    "order_id", "kinds", "causes", "codes", "their_status", "our_status", "their_goods", "our_goods", "currency",
    "difference_rubles", "cashback_change", "commission", "click_id", "order_time", "row",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def row_of(one: Difference) -> tuple[str, ...]:
    theirs, ours = one.theirs, one.ours
    moment = (theirs.order_time if theirs else None) or (ours.at if ours else None)
    return (
        _text(one.order_id),
        " ".join(one.kinds),
        " ".join(one.causes),
        " ".join(one.codes),
        str((theirs.status if theirs else None) or ""),
        str(ours.status) if ours else "",
        _sum(theirs.goods if theirs else None),
        _sum(ours.base if ours else None),
        one.currency,
        _sum(one.rubles),
        _sum(one.cashback),
        _sum(theirs.commission if theirs else None),
        _text((ours.click_id if ours else "") or (theirs.click_id if theirs else "")),
        moment.isoformat() if moment else "",
        str(theirs.place) if theirs else "",
    )


def _text(text: str) -> str:
    """Ids come from strangers: a spreadsheet must not run one as a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _sum(value: Decimal | int | None) -> str:
    return "" if value is None else f"{Decimal(value):f}"

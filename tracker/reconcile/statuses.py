"""What the words for statuses mean that statements commonly use (postbacks.md 6.1). Numbers mean something else at
every network: only a format of one network's own knows them."""

from collections.abc import Mapping
from types import MappingProxyType

from tracker.core.report import Status
from tracker.core.statement import StatementFormat

Said = tuple[Status, bool | None]  # a status, and whether it is on hold; None: not said

_PENDING: Said = (Status.PENDING, None)
_HELD: Said = (Status.PENDING, True)
_APPROVED: Said = (Status.APPROVED, False)
_STALLED: Said = (Status.APPROVED, True)
_DECLINED: Said = (Status.DECLINED, False)

COMMON: Mapping[str, Said] = MappingProxyType(
    {
        **dict.fromkeys(("pending", "new", "open", "waiting", "processing", "в обработке", "ожидает"), _PENDING),
        **dict.fromkeys(("hold", "on_hold", "холд"), _HELD),
        **dict.fromkeys(("approved", "accepted", "confirmed", "одобрено", "одобрен", "подтверждён"), _APPROVED),
        **dict.fromkeys(("подтвержден", "подтверждено", "paid", "оплачено", "оплачен"), _APPROVED),
        "approved_but_stalled": _STALLED,
        **dict.fromkeys(("declined", "rejected", "cancelled", "canceled", "отклонено", "отклонён"), _DECLINED),
        **dict.fromkeys(("отклонен", "отменён", "отменен", "отменено", "возврат"), _DECLINED),
    }
)

_OF_FORMAT: Mapping[StatementFormat, Mapping[str, Said]] = {
    StatementFormat.ADMITAD_XML: {"0": _HELD, "1": _APPROVED, "2": _DECLINED},
    StatementFormat.ADMITAD_JSON: {"pending": _HELD},
}


def said_by(status: Status, *, hold: bool) -> Said:
    """A plain word for an order that is decided says that it is not on hold, too; one for a pending order does not."""
    return status, hold or (None if status is Status.PENDING else False)


def known_words(format_: StatementFormat, dialect: Mapping[str, Said]) -> dict[str, Said]:
    """The format's own words come before those of the partner's dialect, and both before the common ones."""
    theirs = {word.lower(): said for word, said in dialect.items()}
    return {**COMMON, **theirs, **_OF_FORMAT.get(format_, {})}

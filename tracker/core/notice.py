"""What a shopper should be told of a purchase: each change of what they may spend, and nothing else (docs/rules.md,
N-01). What is pending or on hold, and a postback that changes nothing, post nothing there: nobody is told of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tracker.core.facts import RevisionFact
from tracker.core.postings import KOPECKS
from tracker.core.reasons import MessageCode
from tracker.core.report import Status
from tracker.core.unix_time import moment


class NoticeKind(StrEnum):
    ACCRUED = "accrued"  # there was nothing to spend, and now there is
    CHANGED = "changed"  # more or less than before
    TAKEN_BACK = "taken_back"  # nothing is left


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One recorded change of what one shopper may spend of one purchase. `notice_id` is for ever its own."""

    notice_id: str
    partner_id: str
    order_id: str
    revision: int
    shopper_id: str
    before_kopecks: int
    change_kopecks: int
    at: datetime

    @property
    def after_kopecks(self) -> int:
        return self.before_kopecks + self.change_kopecks

    @property
    def kind(self) -> NoticeKind:
        if not self.after_kopecks:
            return NoticeKind.TAKEN_BACK
        return NoticeKind.CHANGED if self.before_kopecks else NoticeKind.ACCRUED


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """A notice in words for the programme. Sums are whole rubles, `reasons` are codes of `docs/rules.md`."""

    kind: NoticeKind
    cashback: int
    cashback_before: int
    status: str
    hold: bool
    reasons: tuple[str, ...]
    ordered_at: datetime | None


@dataclass(frozen=True, slots=True)
class DueNotice:
    """A notice whose turn has come. `revision` is the state of the purchase that it came with; None: it cannot be
    read any more."""

    notice: Notice
    revision: RevisionFact | None
    attempts: int
    waiting_since: datetime


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one attempt: exactly one of the times is set. Later notices of the purchase wait until `retry_at`
    and go on after the other two."""

    delivered_at: datetime | None = None
    retry_at: datetime | None = None
    given_up_at: datetime | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class ListedNotice:
    """A notice as an operator sees it in a list."""

    notice: Notice
    attempts: int
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    given_up_at: datetime | None
    last_error: str


def tell(notice: Notice, revision: RevisionFact | None) -> Telling:
    """`revision` is the state of the purchase that the notice came with. Raises ValueError for what makes no sense."""
    if revision is None:
        raise ValueError("its revision cannot be read")
    ordered_at = moment(revision.ordered_at_us) if revision.ordered_at_us else None
    # The purchase went to another shopper: its state is theirs, and this one has lost it.
    is_theirs = revision.shopper_id == notice.shopper_id
    return Telling(
        kind=notice.kind,
        cashback=_rubles(notice.after_kopecks),
        cashback_before=_rubles(notice.before_kopecks),
        status=revision.status if is_theirs else str(Status.DECLINED),
        hold=revision.hold and is_theirs,
        reasons=tuple(revision.reasons) if is_theirs else (str(MessageCode.ORDER_TAKEN),),
        ordered_at=ordered_at,
    )


def _rubles(kopecks: int) -> int:
    rubles, rest = divmod(kopecks, KOPECKS)
    if rest:
        raise ValueError(f"{kopecks} kopecks are no whole rubles")
    return rubles

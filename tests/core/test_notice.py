"""N-01: a shopper is told of what they may spend, and of nothing else."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.core.revision import revision
from tracker.core.notice import Notice, NoticeKind, tell

AT = datetime(2019, 3, 1, 12, 40, tzinfo=UTC)


def notice(before: int = 0, change: int = 5_000, **more: Any) -> Notice:
    said: dict[str, Any] = {
        "notice_id": "ntc_1",
        "partner_id": "lab",
        "order_id": "A-1",
        "revision": 1,
        "shopper_id": "shopper-1",
    }
    return Notice(**said | {"before_kopecks": before, "change_kopecks": change, "at": AT} | more)


@pytest.mark.parametrize(
    ("before", "change", "kind", "cashback_before", "cashback"),
    [
        (0, 5_000, NoticeKind.ACCRUED, 0, 50),
        (5_000, 1_000, NoticeKind.CHANGED, 50, 60),
        (5_300, -5_000, NoticeKind.CHANGED, 53, 3),
        (5_300, -5_300, NoticeKind.TAKEN_BACK, 53, 0),
    ],
)
def test_each_change_has_its_kind_and_its_whole_rubles(
    before: int, change: int, kind: NoticeKind, cashback_before: int, cashback: int
) -> None:
    told = tell(notice(before, change), revision())

    assert (told.kind, told.cashback_before, told.cashback) == (kind, cashback_before, cashback)


@pytest.mark.parametrize(
    ("said", "status", "hold", "reasons"),
    [
        ({}, "approved", False, ()),
        ({"status": "declined"}, "declined", False, ()),
        ({"reasons": ["below_minimum"]}, "approved", False, ("below_minimum",)),
        ({"hold": True}, "approved", True, ()),
        # Staff gave the purchase to somebody else: the state of it is now that shopper's.
        ({"shopper_id": "shopper-2", "hold": True, "reasons": ["late"]}, "declined", False, ("order_taken",)),
    ],
)
def test_a_sum_that_is_taken_back_says_why(
    said: dict[str, Any], status: str, hold: bool, reasons: tuple[str, ...]
) -> None:
    told = tell(notice(5_300, -5_300), revision(**said))

    assert (told.status, told.hold, told.reasons) == (status, hold, reasons)


@pytest.mark.parametrize(
    ("stated", "told_at"), [(0, None), (1551443999000001, AT.replace(minute=39, second=59, microsecond=1))]
)
def test_the_time_of_the_order_is_told_where_the_partner_states_it(stated: int, told_at: datetime | None) -> None:
    assert tell(notice(), revision(ordered_at_us=stated)).ordered_at == told_at


def test_kopecks_that_are_no_whole_rubles_are_nobody_s_cashback() -> None:
    with pytest.raises(ValueError, match="4999 kopecks are no whole rubles"):
        tell(notice(0, 4_999), revision())

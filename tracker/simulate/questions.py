"""The questions of docs/analysts.md, and what their answers must be after a run on an empty tracker."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from tracker.errors import TrackerError
from tracker.simulate.compare import Row
from tracker.simulate.deal import half_up
from tracker.simulate.expected import Standing, plain

PAGE = Path(__file__).resolve().parents[2] / "docs" / "analysts.md"

_MARKED = re.compile(r"^```sql\n-- question: ([a-z-]+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_MOSCOW = ZoneInfo("Europe/Moscow")


class CountedClick(NamedTuple):
    partner_id: str
    at: int
    valid: bool


class Facts(NamedTuple):
    """All that the answers are made of."""

    clicks: Sequence[CountedClick]
    orders: Sequence[Standing]


# What a question must be answered: the key of each row (its first columns) and the other columns, in their order.
Answer = Mapping[str, Sequence[object]]


def read_questions(page: Path = PAGE) -> dict[str, str]:
    """SQL by the question's name. Raises TrackerError when one is missing, or is not known here."""
    try:
        text = page.read_text("utf-8")
    except OSError as error:
        raise TrackerError(f"{page}: {error.strerror}; run the command from a checkout.") from None
    found = dict(_MARKED.findall(text))
    if found.keys() != ANSWERS.keys():
        raise TrackerError(f"{page}: its questions are {sorted(found)}, and answers are known to {sorted(ANSWERS)}.")
    return found


def must_be(answer: Answer) -> dict[str, Row]:
    return {key: {str(place): _text(value) for place, value in enumerate(values)} for key, values in answer.items()}


def as_found(rows: Iterable[Mapping[str, str]], keys: int) -> Mapping[str, Row]:
    """The first `keys` columns name a row."""
    found = {}
    for row in rows:
        values = list(row.values())
        found[" ".join(values[:keys])] = {str(place): value for place, value in enumerate(values[keys:])}
    return found


def _conversion_rate(facts: Facts) -> Answer:
    valid = Counter(click.partner_id for click in facts.clicks if click.valid)
    orders: Counter[str] = Counter()
    commission: defaultdict[str, Decimal] = defaultdict(Decimal)
    for one in facts.orders:
        if one.outcome.click_id:
            orders[one.partner_id] += 1
            if one.outcome.status != "declined" and one.outcome.currency == "RUB":
                commission[one.partner_id] += one.outcome.commission or 0
    return {
        partner: (
            clicks,
            orders[partner],
            _cut(Decimal(orders[partner]) / clicks, 6),
            commission[partner],
            _cut(commission[partner] / clicks, 4),
        )
        for partner, clicks in valid.items()
    }


def _refusals(facts: Facts) -> Answer:
    found: defaultdict[str, list[Decimal]] = defaultdict(list)
    for one in facts.orders:
        for reason in one.outcome.reasons:
            found[reason].append(one.outcome.base)
    return {reason: (len(bases), sum(bases)) for reason, bases in found.items()}


def _confirmation_times(facts: Facts) -> Answer:
    hours: defaultdict[str, list[int]] = defaultdict(list)
    for one in facts.orders:
        if one.outcome.confirmed_at is not None and one.clicked_at is not None:
            # Without event times it was confirmed by a message that we had within the hour of the click.
            hours[one.partner_id].append((one.outcome.confirmed_at - one.clicked_at) // 3600 if one.timed else 0)
    return {
        partner: (len(each), *(sorted(each)[int(level * len(each))] for level in (0.5, 0.9, 0.99)))
        for partner, each in hours.items()
    }


def _minimum_rule(facts: Facts) -> Answer:
    accruals = [
        one.outcome.accrual
        for one in facts.orders
        if one.outcome.reasons == {"below_minimum"} and one.outcome.status != "declined"
    ]
    return {"all": (len(accruals), sum(accruals), sum(map(half_up, accruals)))} if accruals else {}


def _origin_exceptions(facts: Facts) -> Answer:
    earned: defaultdict[str, list[int]] = defaultdict(list)
    for one in facts.orders:
        if one.outcome.origin in ("app", "mobile_web") and one.outcome.cashback:
            earned[f"{one.partner_id} {one.outcome.origin}"].append(one.outcome.cashback)
    return {key: (len(each), sum(each)) for key, each in earned.items()}


def _late(facts: Facts) -> Answer:
    late: defaultdict[str, list[Decimal]] = defaultdict(list)
    for one in facts.orders:
        if "late" in one.outcome.reasons:
            late[one.partner_id].append(one.outcome.base)
    return {partner: (len(bases), sum(bases)) for partner, bases in late.items()}


def _unmatched(facts: Facts) -> Answer:
    found: defaultdict[str, list[Decimal]] = defaultdict(list)
    for one in facts.orders:
        if not one.outcome.click_id:
            found[f"{one.partner_id} {' '.join(sorted(one.outcome.reasons))}"].append(one.outcome.base)
    return {key: (len(bases), sum(bases)) for key, bases in found.items()}


def _clicks_by_hour(facts: Facts) -> Answer:
    hours = [(datetime.fromtimestamp(click.at, _MOSCOW).hour, click.valid) for click in facts.clicks]
    counted = Counter(hour for hour, valid in hours if valid)
    return {str(hour): (count, counted[hour]) for hour, count in Counter(hour for hour, _ in hours).items()}


def _returns(facts: Facts) -> Answer:
    approved = [one for one in facts.orders if one.outcome.confirmed_at is not None]
    returned = Counter(one.partner_id for one in approved if one.outcome.status == "declined")
    return {
        partner: (count, returned[partner]) for partner, count in Counter(one.partner_id for one in approved).items()
    }


def _liability(facts: Facts) -> Answer:
    owed: defaultdict[str, list[int]] = defaultdict(list)
    for one in facts.orders:
        if one.outcome.cashback:
            owed[f"{one.outcome.status} {int(one.outcome.hold)}"].append(one.outcome.cashback)
    return {key: (len(each), sum(each)) for key, each in owed.items()}


# Each question: how its answer is made, and how many columns name a row of it.
ANSWERS: dict[str, tuple[Callable[[Facts], Answer], int]] = {
    "conversion-rate": (_conversion_rate, 1),
    "refusals": (_refusals, 1),
    "confirmation-times": (_confirmation_times, 1),
    "minimum-rule": (_minimum_rule, 1),
    "origin-exceptions": (_origin_exceptions, 2),
    "late-confirmations": (_late, 1),
    "unmatched": (_unmatched, 2),
    "clicks-by-hour": (_clicks_by_hour, 1),
    "returns-after-approval": (_returns, 1),
    "cashback-liability": (_liability, 2),
}


def _cut(number: Decimal, places: int) -> Decimal:
    """ClickHouse divides decimals and drops what does not fit."""
    return number.quantize(Decimal(1).scaleb(-places), ROUND_DOWN)


def _text(value: object) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)

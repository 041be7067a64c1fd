"""Orders out of bytes: what a few partners might say about one to five orders, in any order and as often as they like.

A message is some bytes, one a field; zero is the plainest choice, so hypothesis shrinks to plain messages, and ten
thousand cases cost seconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count

from hypothesis import strategies as st

from tests.core.factories import CLICK, CLICKED_AT, LAB, OTHER_CLICK
from tracker.core.click import Click, Device
from tracker.core.order import Message
from tracker.core.partner import Origin, Promotion, Reward, Terms, TermsVersion
from tracker.core.rates import ExchangeRate
from tracker.core.reasons import Reason
from tracker.core.report import BasketLine, Report, Status

DAY, HOUR = 86_400, 3600
ORDERS = 5
CLICK_IDS = (CLICK.click_id, OTHER_CLICK.click_id, "e" * 30)
FIELDS = 16  # bytes of a message
HEADER = 12  # bytes about the case as a whole


def _rate(percent: str) -> Reward:
    return Reward(rate=Decimal(percent) / 100)


_TARIFFS = (("hi", _rate("12.5")), ("lo", _rate("1")))
_BOOST = Promotion(date(2019, 3, 1), date(2019, 3, 1), _rate("7"))
_PAST = Promotion(date(2019, 2, 1), date(2019, 2, 28), _rate("50"))


def _version(name: str, *promotions: Promotion, window_days: int = 90, **terms: object) -> TermsVersion:
    return replace(
        LAB,
        version=name,
        window_days=window_days,
        terms=(Terms(LAB.terms[0].valid_from, **{"reward": _rate("5"), **terms}),),  # type: ignore[arg-type]
        promotions=promotions,
    )


VERSIONS = {
    version.version: version
    for version in (
        LAB,
        _version("tariffs", tariffs=_TARIFFS),
        _version("boosted", _BOOST, _PAST, tariffs=_TARIFFS),
        _version("minimum", minimum_purchase=Decimal(500)),
        _version("action", reward=Reward(fixed=Decimal(300))),
        _version("gift", Promotion(date(2019, 3, 1), date(2019, 4, 1), Reward(fixed=Decimal(60)))),
        _version("only", reward=None, tariffs=_TARIFFS),
        _version("prize", tariffs=(("hi", Reward(fixed=Decimal(40))), *_TARIFFS[1:])),
        replace(_version("month", window_days=30), origins=frozenset(Origin)),
    )
}
RATES = tuple(
    ExchangeRate("USD", date(2019, 2, 28) + timedelta(days=day), 10, Decimal("645.5") + day) for day in range(3)
)  # the next days have none

_AT = (0, 60, HOUR, DAY, 2 * DAY, 2 * DAY, 3 * DAY, -400, 30 * DAY, 90 * DAY, 90 * DAY + 1, 91 * DAY, 100 * DAY, None)
_STATUS = (Status.APPROVED, Status.PENDING, Status.DECLINED, None)
_GOODS = ("1000.00", "49.90", "20.00", "19.99", "499.99", "500.00", "0.00", "12345.67", "333.33", None)
_LINES = ("1", "2", "3", "", "r1", "r2", "basket")
_TARIFF = (None, None, None, "hi", "lo", "unknown")
_ORDER_TIME = (*[None] * 8, 0, 6 * HOUR, 6 * HOUR + 1, -300, -301, 9 * HOUR, DAY)


@dataclass(frozen=True, slots=True)
class Case:
    """`messages` are by order and in the order of their delivery; the third click is found, or not, at the end."""

    messages: tuple[tuple[str, Message], ...]
    clicks: tuple[Click, Click]
    found: dict[str, Click]
    rates_known: tuple[ExchangeRate, ...]
    rates_come: tuple[ExchangeRate, ...]

    def final(self, order_id: str) -> list[Message]:
        """What is known of an order when everything has come."""
        return [self.find(message) for its_order, message in self.messages if its_order == order_id]

    def find(self, message: Message) -> Message:
        click = self.found.get(message.report.click_id or "")
        return message if click is None else replace(message, click=click, problem=None)


def cases(most: int = 6, orders: int = ORDERS) -> st.SearchStrategy[Case]:
    header = st.binary(min_size=HEADER, max_size=HEADER)
    messages = st.lists(st.binary(min_size=FIELDS, max_size=FIELDS), min_size=1, max_size=most)
    return st.builds(lambda about, each: build(about, each, orders), header, messages)


def build(
    about: bytes,
    each: Sequence[bytes],
    orders: int = ORDERS,
    *,
    name: str = "A",
    click_ids: Sequence[str] = CLICK_IDS,
    timed: bool = False,
) -> Case:
    """`name` begins the ids of the orders. `timed`: each message states its time, so that the receipt is no matter."""
    versions = list(VERSIONS)
    first = replace(CLICK, click_id=click_ids[0], terms_version=versions[about[0] % len(versions)])
    second = replace(
        OTHER_CLICK,
        click_id=click_ids[1],
        terms_version=versions[about[1] % len(versions)],
        device=Device.PHONE if about[2] % 2 else Device.DESKTOP,
        superseded_at=CLICKED_AT + timedelta(hours=1) if about[3] % 3 == 2 else None,
    )
    third = replace(
        first, click_id=click_ids[2], shopper_id=None if about[4] % 4 == 3 else "shopper-3",
        refusals=(Reason.NO_SHOPPER,) if about[4] % 4 == 3 else (), clicked_at=CLICKED_AT - timedelta(minutes=1),
    )  # fmt: skip
    orders = 1 + about[3] // 3 % orders  # few: more is said of each
    received = count()
    said: list[tuple[int, str, Message]] = []
    for its in each:
        number = its[0] % orders
        message = _message(its, about[5 + number % 5], f"{name}-{number}", (first, second, third))
        if timed and message.report.event_time is None:
            continue
        for copy in range(1 + (its[1] % 4 == 3)):
            at = CLICKED_AT + timedelta(hours=2, microseconds=next(received))
            said.append((its[2 + copy], f"{name}-{number}", replace(message, received_at=at)))
    told = sorted(said, key=lambda one: one[0])
    return Case(
        messages=tuple(_unambiguous([(order_id, message) for _, order_id, message in told])),
        clicks=(first, second),
        found={third.click_id: third} if about[10] % 2 else {},
        rates_known=RATES if about[11] % 3 == 1 else (),
        rates_come=RATES if about[11] % 3 == 2 else (),
    )


def _message(its: bytes, manner: int, order_id: str, clicks: tuple[Click, Click, Click]) -> Message:
    """`manner` is how the partner tells of this order: as a whole, by lines, or both; in what currency."""
    style = ("whole", "lines", "mixed")[manner % 3]
    at, status, goods = _AT[its[4] % len(_AT)], _STATUS[its[5] % 4], _GOODS[its[6] % len(_GOODS)]
    order_time = _ORDER_TIME[its[7] % len(_ORDER_TIME)]
    report = Report(
        order_id=order_id,
        line_id="" if style == "whole" else _LINES[its[8] % len(_LINES)],
        status=status,
        hold=(None, None, True, False)[its[9] % 4],
        settled=(None, None, None, True)[its[9] // 4 % 4],
        goods=None if goods is None else Decimal(goods),
        tariff=_TARIFF[its[10] % len(_TARIFF)],
        event_id=(None, None, None, "e1", "e2")[its[11] % 5],
        click_id=(*[clicks[0].click_id] * 3, clicks[1].click_id, clicks[2].click_id, None)[its[12] % 6],
        line_count=2 if style != "whole" and manner % 4 == 3 else None,
        origin=(*[None] * 4, Origin.WEB, Origin.MOBILE_WEB, Origin.APP)[its[14] % 7],
        event_time=None if at is None else CLICKED_AT + timedelta(seconds=at),
        order_time=None if order_time is None else CLICKED_AT + timedelta(seconds=order_time),
    )
    report = _in_its_style(report, style, its[15])
    if manner % 5 == 4 and (report.goods is not None or report.basket):
        unstated = its[13] % 3 == 2
        report = replace(report, currency_if_new="RUB") if unstated else replace(report, currency="USD")
    known = {one.click_id: one for one in clicks[:2]}.get(report.click_id or "")
    return Message(report, CLICKED_AT, known, None if known else Reason.UNKNOWN_CLICK)


def _in_its_style(report: Report, style: str, pick: int) -> Report:
    """A sum stands for the whole or for lines; a correction is a line of its own, below zero."""
    if report.line_id == "basket":
        lines = [
            BasketLine(
                line_id=line_id,
                goods=Decimal(_GOODS[(pick + number) % 9] or 0),
                tariff=_TARIFF[(pick // 4 + number) % len(_TARIFF)],
                status=(None, None, *Status)[(pick // 8 + number) % 5],
            )
            for number, line_id in enumerate("123"[: 1 + pick % 3])
        ]
        return replace(report, line_id="", goods=None, basket=tuple(lines))
    if report.line_id.startswith("r"):
        sure = report.status or Status.APPROVED
        return replace(report, status=sure, goods=Decimal(("-50.00", "-1000.00", "-0.01")[pick % 3]), line_count=None)
    if style == "lines" and not report.line_id:
        return replace(report, goods=None)
    if style == "mixed" and report.line_id and report.goods is None:
        return replace(report, goods=Decimal("75.00"))
    return report


def _unambiguous(messages: Sequence[tuple[str, Message]]) -> list[tuple[str, Message]]:
    """The contract orders messages at one instant by status and sum. Those that it does not order are left out."""
    kept: list[tuple[str, Message]] = []
    for order_id, message in messages:
        if not any(order_id == its and _is_a_draw(message, other) for its, other in kept):
            kept.append((order_id, message))
    return kept


def _is_a_draw(one: Message, other: Message) -> bool:
    a, b = one.report, other.report
    if one.at != other.at or a == b:
        return False
    return None in (a.status, b.status) or (a.status is b.status and (None in (a.goods, b.goods) or a.goods == b.goods))

"""How an order must stand: `programme.md` (sections 0 and 2), a second time.

Nothing here is shared with `tracker.core`: whoever doubts one of the two reads the other. Where the service folds
messages one by one, here each field is simply the last that was said of it. Times are whole Unix seconds, sums rubles.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple, TypeVar

from tracker.simulate.deal import Deal, Earned, Line, earn, half_up

DAY = 86_400
EARLY_SECONDS = 300  # an order may be this much older than its click: the shop's clock is not ours

Told = TypeVar("Told")

_RANK = {None: 0, "pending": 0, "approved": 1, "declined": 2}
_EXCLUDED_ORIGINS = {"app": "partner_app", "mobile_web": "partner_mobile_version"}


class Clicked(NamedTuple):
    click_id: str
    at: int
    shopper: str  # empty: nobody was signed in
    phone: bool
    deal: Deal
    refusals: frozenset[str] = frozenset()  # of its browser: no order of it earns
    superseded_at: int | None = None  # when another tab started over


class Said(NamedTuple):
    """One message about one line of an order. None: not said."""

    at: int  # the event's time if the partner states it, else a place in the order of arrival
    at_stated: bool = True
    event: str | None = None  # the sender's id of what happened
    line: str = ""
    status: str | None = None
    word: str = ""  # the status in the partner's own word
    hold: bool | None = None
    settled: bool | None = None
    goods: Decimal | None = None
    commission: Decimal | None = None
    currency: str | None = None
    tariff: str | None = None
    origin: str | None = None
    ordered_at: int | None = None
    click: str | None = None  # the click that it names, if that is one of this partner's
    click_as_sent: str | None = None
    problem: str = ""  # otherwise: unknown_click or bad_signature


class Outcome(NamedTuple):
    """How an order must stand."""

    status: str
    hold: bool
    settled: bool
    base: Decimal
    accrual: Decimal
    cashback: int
    reasons: frozenset[str]
    flags: frozenset[str]
    click_id: str  # of the owner; empty: unmatched
    shopper: str
    origin: str
    ordered_at: int | None
    confirmed_at: int | None  # first approved
    commission: Decimal | None
    currency: str
    lines: tuple[tuple[str, Line], ...]  # without their own hold and settled: those are only told of the whole

    @property
    def account(self) -> str:
        """Where the shopper's cashback stands in the ledger; empty: nowhere."""
        if not self.cashback:
            return ""
        return f"{'available' if self.status == 'approved' and not self.hold else 'pending'}:{self.shopper}"


def outcome(messages: Iterable[Said], clicks: Mapping[str, Clicked], *, rewarded_elsewhere: bool = False) -> Outcome:
    """The order as it must stand when exactly these messages are known, in whatever order they came."""
    known = list(messages)
    owner = owner_of(known, clicks)
    own = own_messages(known, owner.click_id if owner else None)
    lines = lines_of(own)
    active = [line for _, line in lines if line.status != "declined"]
    sums = [line.commission for line in active if line.commission is not None]
    currencies = [line.currency for _, line in lines if line.currency]
    unmatched = Outcome(
        status=status_of(lines),
        hold=any(line.hold for line in active),
        settled=bool(active) and all(line.settled for line in active),
        base=sum((line.goods or Decimal(0) for line in active if line.currency in (None, "RUB")), Decimal(0)),
        accrual=Decimal(0),
        cashback=0,
        reasons=frozenset(said.problem for said in own),
        flags=frozenset(),
        click_id="",
        shopper="",
        origin=last(said.origin for said in own) or "",
        ordered_at=last(said.ordered_at for said in own),
        confirmed_at=_confirmed_at(own),
        commission=sum(sums, Decimal(0)) if sums else None,
        currency=currencies[-1] if currencies else "RUB",
        lines=tuple((name, line._replace(hold=False, settled=False)) for name, line in lines),
    )
    return unmatched if owner is None else _matched(unmatched, own, owner, rewarded_elsewhere=rewarded_elsewhere)


def _matched(order: Outcome, own: Sequence[Said], click: Clicked, *, rewarded_elsewhere: bool) -> Outcome:
    order, earned, late, changed_after_window = _in_window(order, own, click)
    declined = order.status == "declined"
    reasons = excluded(order, click) | earned.reasons
    if late and not declined:
        reasons |= {"late"}
    if rewarded_elsewhere and not declined:
        reasons |= {"action_already_rewarded"}
    too_early = order.ordered_at is not None and order.ordered_at < click.at - EARLY_SECONDS
    unverified = click.phone and not order.origin and not click.deal.origins >= {"app", "mobile_web"}
    flags = {
        "order_time_unknown": order.ordered_at is None,
        "order_before_click": too_early,
        "origin_unverified": unverified,
        "tariff_unknown": earned.tariff_unknown,
        "amount_missing": earned.missing,
        "rate_missing": earned.no_rate,
        "after_window": changed_after_window,
    }
    held_by_us = not declined and (too_early or earned.unrated or earned.no_rate)
    waits_for_sum = order.status == "approved" and (earned.missing or earned.no_rate)
    return order._replace(
        status="pending" if waits_for_sum else order.status,
        hold=order.hold or held_by_us,
        base=earned.base,
        accrual=earned.accrual,
        cashback=0 if reasons or declined or earned.missing else half_up(earned.accrual),
        reasons=reasons,
        flags=frozenset(name for name, raised in flags.items() if raised),
        click_id=click.click_id,
        shopper=click.shopper,
    )


def in_order(messages: Iterable[Said]) -> list[Said]:
    """By time; at one moment declined wins over approved over pending, then the smaller sum. An event that is told
    again with the same status counts once, at its earliest."""
    kept: list[Said] = []
    for said in sorted(messages, key=place):
        if said.event is None or not any(same_event(said, other) for other in kept):
            kept.append(said)
    return kept


def place(said: Said) -> tuple[int, int, Decimal]:
    return said.at, _RANK[said.status], -said.goods if said.goods is not None else Decimal("-Infinity")


def same_event(one: Said, other: Said) -> bool:
    return (one.event, one.line, one.status) == (other.event, other.line, other.status)


def own_messages(messages: Iterable[Said], click_id: str | None) -> list[Said]:
    """Those that name this click, and those that name none."""
    return in_order(said for said in messages if said.click in (None, click_id))


def owner_of(messages: Iterable[Said], clicks: Mapping[str, Clicked]) -> Clicked | None:
    """The click that the earliest message with a known click names, be its event told before."""
    return next((clicks[said.click] for said in sorted(messages, key=place) if said.click is not None), None)


def last(told: Iterable[Told | None]) -> Told | None:
    """The last that was said of one field: what a message omits is unchanged."""
    return next((value for value in reversed(list(told)) if value is not None), None)


def lines_of(own: Sequence[Said]) -> tuple[tuple[str, Line], ...]:
    return tuple(
        (name, _line([said for said in own if said.line == name])) for name in sorted({said.line for said in own})
    )


def _line(about_it: Sequence[Said]) -> Line:
    return Line(
        status=last(said.status for said in about_it) or "pending",
        hold=last(said.hold for said in about_it) or False,
        settled=last(said.settled for said in about_it) or False,
        goods=last(said.goods for said in about_it),
        commission=last(said.commission for said in about_it),
        currency=last(said.currency for said in about_it),
        tariff=last(said.tariff for said in about_it),
    )


def status_of(lines: Collection[tuple[str, Line]]) -> str:
    """Declined when every line is; approved when none that is left still waits."""
    left = [line.status for _, line in lines if line.status != "declined"]
    if not left:
        return "declined" if lines else "pending"
    return "pending" if "pending" in left else "approved"


def _confirmed_at(own: Sequence[Said]) -> int | None:
    """When the order was approved for the first time."""
    return next(
        (said.at for n, said in enumerate(own, start=1) if status_of(lines_of(own[:n])) == "approved"), None
    )  # fmt: skip


def excluded(order: Outcome, click: Clicked) -> frozenset[str]:
    """Why an order earns nothing, apart from its sum and the window (Q-07, Q-08)."""
    reasons = set(click.refusals)
    if order.origin and order.origin not in click.deal.origins:
        reasons.add(_EXCLUDED_ORIGINS[order.origin])
    if order.ordered_at is not None and order.ordered_at > click.at + click.deal.session_seconds:
        reasons.add("session_ended")
    if order.ordered_at is not None and click.superseded_at is not None and order.ordered_at > click.superseded_at:
        reasons.add("second_tab")
    if not click.shopper:
        reasons.add("no_shopper")
    return frozenset(reasons)


def _in_window(order: Outcome, own: Sequence[Said], click: Clicked) -> tuple[Outcome, Earned, bool, bool]:
    """The order as it counts, what is earned, whether it was confirmed too late, and whether news after the window
    changed it (Q-05)."""
    now = earn(order.lines, click.deal)
    deadline = (click.at if order.ordered_at is None else order.ordered_at) + click.deal.window_days * DAY
    in_time = [said for said in own if said.at <= deadline]
    if len(in_time) == len(own):
        return order, now, False, False
    at_close = lines_of(in_time)
    held = any(line.hold for _, line in at_close if line.status != "declined")
    if not (status_of(at_close) == "approved" or (status_of(at_close) == "pending" and held)):
        return order, now, True, False
    if order.status == "declined":
        return order, now, False, True
    counted = _without_new_lines(order, {name for name, _ in at_close})
    if counted.status == "declined":
        return counted._replace(lines=order.lines), earn(counted.lines, click.deal), False, True
    before = earn(at_close, click.deal)
    if before.missing and not now.missing:
        return order, now, True, False
    now = earn(counted.lines, click.deal)
    # Returns count at any age, increases do not.
    smaller = before if (now.accrual, now.base) > (before.accrual, before.base) else now
    changed = (now.base, now.accrual) != (before.base, before.accrual) or counted.lines != order.lines
    return counted._replace(lines=order.lines), smaller, False, changed


def _without_new_lines(order: Outcome, known: set[str]) -> Outcome:
    """A line that is first named after the window is an increase, unless the order is told anew in other lines."""
    lines = tuple((name, line) for name, line in order.lines if name in known)
    if not lines or len(lines) == len(order.lines):
        return order
    return order._replace(lines=lines, status=status_of(lines))


def first_rewarded(orders: Mapping[str, Sequence[Said]], clicks: Mapping[str, Clicked]) -> frozenset[str]:
    """Of one shopper's orders of a reward that is paid once: those that another one has taken it from (Q-23)."""
    in_turn = sorted(orders, key=lambda order_id: (in_order(orders[order_id])[0].at, order_id))
    alone = {order_id: outcome(orders[order_id], clicks) for order_id in in_turn}
    earning = [name for name in in_turn if alone[name].status != "declined" and not alone[name].reasons]
    return frozenset(name for name in in_turn if earning and in_turn.index(name) > in_turn.index(earning[0]))

"""Everything that a run must lead to, as rows that can be compared with the tracker's tables."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from tracker.simulate.clicks import PlannedClick, expected_click
from tracker.simulate.compare import Row
from tracker.simulate.looks import LOOKS
from tracker.simulate.messages import Stray
from tracker.simulate.orders import Sending, second_of
from tracker.simulate.outcome import Clicked, Outcome, first_rewarded, outcome
from tracker.simulate.shop import Shop
from tracker.simulate.traffic import Answered, banner
from tracker.simulate.verdicts import verdicts

DOUBLE_SECONDS = 2.0  # a second click within this is the same click
REVISING = frozenset({"decided", "unknown_click", "bad_signature"})


class ClickTable(NamedTuple):
    """How click-outs must be answered, and what `clicks` must hold, by banner."""

    answers: dict[str, Row]
    rows: dict[str, dict[str, str]]


class Standing(NamedTuple):
    """An order as it must stand, and what of it cannot be known."""

    partner_id: str
    order_id: str
    outcome: Outcome
    clicked_at: int | None
    timed: bool  # its events have times: else the moment of its confirmation is that of our receipt
    revisions: int | None  # None: it depends on which message came first, or on the shopper's other orders


def click_of(click: PlannedClick, answers: Mapping[int, Answered], ids: Mapping[int, str]) -> PlannedClick:
    """The click as it was made. A second click at once that took too long to arrive is one of its own."""
    before, own = answers.get(click.number - 1), answers[click.number]
    if click.after != "at_once" or before is None or own.answered_at - before.sent_at <= DOUBLE_SECONDS:
        return click
    return click if ids[click.number] == ids[click.number - 1] else click._replace(after="soon")


def expect_clicks(
    clicks: Iterable[PlannedClick], answers: Mapping[int, Answered], shops: Mapping[str, Shop], run: str
) -> tuple[ClickTable, ClickTable]:
    """What must be, and what the answers were: side by side, since an id and a moment are the service's own."""
    must, was = ClickTable({}, {}), ClickTable({}, {})
    planned_clicks = list(clicks)
    ids = {number: shop_id_of(answer, shops) for number, answer in answers.items()}
    superseded_by = started_over(planned_clicks, ids)
    for planned in planned_clicks:
        click = click_of(planned, answers, ids)
        shop, answer, name = shops[click.partner_id], answers[click.number], banner(run, click.number)
        expected = expected_click(click, shop)
        click_id = ids[click.number]
        twice = click.after in ("at_once", "posted_again")
        id_of_the_first = ids.get(click.number - 1, "") if twice else click_id
        where = shop.address(id_of_the_first, click.deep_link) if expected.goes else click.deep_link or shop.home
        must.answers[name] = {
            "in turn": expected.steps,
            "has an id": str(expected.goes),
            "leads to": where if expected.goes or expected.steps == "302" else "",
        }
        was.answers[name] = {"in turn": answer.steps, "has an id": str(bool(click_id)), "leads to": answer.location}
        if expected.row is not None:
            second = second_of(click_id) if expected.goes and click_id else int(answer.sent_at)
            must.rows[name] = _click_row(click, expected.row, shop.best_rate_at(second))
            if expected.goes:
                must.rows[name] |= {
                    "click_id": click_id,
                    "second": str(second),
                    "supersedes": ids.get(click.number - 1, "") if LOOKS[click.look].act == "over" else "",
                    "superseded": str(int(click.number in superseded_by)),
                }
        if expected.stopped is not None:
            rate = shop.best_rate_at(int(answer.sent_at))
            must.rows[f"{name} stopped"] = _click_row(click, expected.stopped, rate)
    return must, was


def started_over(clicks: Iterable[PlannedClick], ids: Mapping[int, str]) -> dict[int, str]:
    """The click that superseded it, by the number of a click: the next one of its browser, in another tab."""
    over = [click.number for click in clicks if LOOKS[click.look].act == "over"]
    return {number - 1: ids[number] for number in over if ids[number]}


def _click_row(click: PlannedClick, row: Mapping[str, object], rate: Decimal | None) -> dict[str, str]:
    return {
        **{column: _text(value) for column, value in row.items()},
        "rate": "" if rate is None else plain(rate),
        "in its time": "yes",
        "shopper": shopper_of(click),
    }


def shopper_of(click: PlannedClick) -> str:
    """Who must be recorded with a click."""
    return "" if click.kind == "program" and click.token == "none" else click.shopper  # noqa: S105 - a kind of link


def shop_id_of(answer: Answered, shops: Mapping[str, Shop]) -> str:
    """The click id in the address that a browser was sent to, whichever partner's it is."""
    return next((found for shop in shops.values() if (found := shop.click_id_of(answer.location))), "")


def stand(sendings: Sequence[Sending], clicks: Mapping[str, Clicked]) -> dict[str, Standing]:
    """Every order as it must stand, by partner and order."""
    families: dict[tuple[str, str], dict[str, Sending]] = defaultdict(dict)
    standings = {}
    for sending in sendings:
        order = sending.order
        told = outcome(order.arrivals, clicks)
        once = bool(told.click_id) and clicks[told.click_id].deal.once_per_shopper and bool(told.shopper)
        if once:
            families[order.partner_id, told.shopper][order.order_id] = sending
        judged = verdicts(order.arrivals, clicks)
        standings[f"{order.partner_id} {order.order_id}"] = Standing(
            partner_id=order.partner_id,
            order_id=order.order_id,
            outcome=told,
            clicked_at=clicks[told.click_id].at if told.click_id else None,
            timed=all(said.at_stated for said in order.arrivals),
            revisions=None if order.at_once or once else sum(verdict in REVISING for verdict in judged),
        )
    for (partner_id, _), family in families.items():
        for order_id in first_rewarded({name: one.order.arrivals for name, one in family.items()}, clicks):
            key = f"{partner_id} {order_id}"
            told = outcome(family[order_id].order.arrivals, clicks, rewarded_elsewhere=True)
            standings[key] = standings[key]._replace(outcome=told)
    return standings


def conversion_row(standing: Standing) -> Row:
    told = standing.outcome
    row = {
        "click_id": told.click_id,
        "status": told.status,
        "hold": str(int(told.hold)),
        "settled": str(int(told.settled)),
        "origin": told.origin,
        "currency": told.currency,
        "cashback": str(told.cashback),
        "changes": str(told.cashback),
        "base": plain(told.base),
        "accrual": plain(told.accrual),
        "commission": "" if told.commission is None else plain(told.commission),
        "reasons": " ".join(sorted(told.reasons)),
        "flags": " ".join(sorted(told.flags)),
        "ordered_at": "" if told.ordered_at is None else str(told.ordered_at),
    }
    if standing.timed or told.confirmed_at is None:
        row["confirmed_at"] = "" if told.confirmed_at is None else str(told.confirmed_at)
    if standing.revisions is not None:
        row["revisions"] = str(standing.revisions)
    return row


def line_rows(standings: Iterable[Standing]) -> dict[str, Row]:
    """The lines of each order as the partner last spoke of them."""
    return {
        f"{standing.partner_id} {standing.order_id} {name}": {
            "status": line.status,
            "goods": "" if line.goods is None else plain(line.goods),
            "commission": "" if line.commission is None else plain(line.commission),
            "currency": line.currency or "",
            "tariff": line.tariff or "",
        }
        for standing in standings
        for name, line in standing.outcome.lines
    }


def postback_rows(
    sendings: Iterable[Sending], strays: Iterable[Stray], clicks: Mapping[str, Clicked]
) -> dict[str, Row]:
    """What `postbacks` must hold, by the name of the message; a repetition has its name."""
    told: dict[str, list[str]] = defaultdict(list)
    rows: dict[str, Row] = {}
    for sending in sendings:
        for message, verdict in zip(sending.messages, verdicts(sending.order.arrivals, clicks), strict=True):
            told[message.name].append(verdict)
        for message in sending.messages:
            judged = told[message.name]
            row = {"times": str(len(judged)), "statuses": "200"}
            rows[message.name] = row if sending.order.at_once else row | {"verdicts": " ".join(sorted(judged))}
    for stray in strays:
        if stray.verdict and stray.message.has_name:
            rows[stray.message.name] = {"times": "1", "statuses": str(stray.status), "verdicts": stray.verdict}
    return rows


def accounts(standings: Iterable[Standing]) -> dict[str, Row]:
    """The ledger's balances, in kopecks; what the partners owe stands against what the shoppers have."""
    balances: dict[str, int] = defaultdict(int)
    for standing in standings:
        if standing.outcome.account:
            balances[standing.outcome.account] += standing.outcome.cashback * 100
            balances[f"receivable:{standing.partner_id}"] -= standing.outcome.cashback * 100
    return {account: {"kopecks": str(kopecks)} for account, kopecks in balances.items()}


def plain(number: Decimal) -> str:
    """As ClickHouse writes a decimal."""
    return f"{number.normalize():f}"


def _text(value: object) -> str:
    return " ".join(sorted(map(str, value))) if isinstance(value, list) else str(value)

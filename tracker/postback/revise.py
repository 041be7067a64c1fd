"""A decision as a new revision of its order: the fact to ship and the entries to post."""

from datetime import datetime

from tracker.core.decision import Decision, LineDecision
from tracker.core.facts import LineFact, RevisionFact
from tracker.core.order import Order
from tracker.core.postings import balances, transfer
from tracker.core.unix_time import microseconds
from tracker.ports import KnownOrder, Revision


def revise(
    known: KnownOrder,
    order: Order,
    decision: Decision,
    *,
    at: datetime,
    postback_id: str = "",
    rewarded_elsewhere: bool = False,
) -> Revision:
    """`order` is what `decision` was made of; `postback_id` is empty when no message made it."""
    return Revision(
        decision=decision,
        fact=_fact(known, order, decision, at, postback_id),
        entries=transfer(balances(decision, order.partner_id), dict(known.posted)),
        rewarded_elsewhere=rewarded_elsewhere,
    )


def _fact(known: KnownOrder, order: Order, decision: Decision, at: datetime, postback_id: str) -> RevisionFact:
    click = decision.click
    return RevisionFact(
        partner_id=order.partner_id,
        order_id=order.order_id,
        revision=known.revision + 1,
        revised_at_us=microseconds(at),
        postback_id=postback_id,
        click_id=click.click_id if click else "",
        clicked_at_us=microseconds(click.clicked_at) if click else 0,
        shopper_id=(click.shopper_id or "") if click else "",
        terms_version=click.terms_version if click else "",
        surface=str(click.surface) if click else "",
        device=str(click.device) if click else "",
        status=str(decision.status),
        hold=decision.hold,
        settled=decision.settled,
        origin=str(decision.origin or ""),
        base=decision.base,
        rate=decision.rate,
        accrual=decision.accrual,
        cashback=decision.cashback,
        cashback_change=decision.cashback - known.cashback,
        commission=decision.commission,
        currency=decision.currency,
        promo_code=decision.promo_code or "",
        reasons=[str(reason) for reason in decision.reasons],
        flags=[str(flag) for flag in decision.flags],
        ordered_at_us=_or_zero(decision.order_time),
        first_seen_at_us=microseconds(min(message.received_at for message in order.messages)),
        confirmed_at_us=_or_zero(decision.first_approved_at),
        confirm_by_us=_or_zero(decision.confirm_by),
        lines=[_line(line) for line in decision.lines],
        exchange_rate=decision.exchange_rate,
        exchange_day=decision.exchange_day.isoformat() if decision.exchange_day else "",
    )


def _line(line: LineDecision) -> LineFact:
    return LineFact(
        line_id=line.line_id,
        status=str(line.status),
        goods=line.goods,
        currency=line.currency or "",
        tariff=line.tariff or "",
        commission=line.commission,
        rate=line.rate,
        accrual=line.accrual,
    )


def _or_zero(moment: datetime | None) -> int:
    return 0 if moment is None else microseconds(moment)

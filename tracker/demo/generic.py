"""A partner's own server: it says what it knows, by the names and with the words of its own."""

from collections.abc import Iterator
from decimal import Decimal

from tracker.core.partner import AmountIs, Partner
from tracker.core.report import Status
from tracker.demo.order import Landing, Line, Order, reports_by_line
from tracker.demo.wording import Message, Wording, commission, delivery_in_sums, truth


def generic_messages(partner: Partner, order: Order, landing: Landing) -> Iterator[Message]:
    """One for the order, or one for each of its lines."""
    write = Wording(partner)
    for said in _said(partner, order, write):
        whole = {
            "click_id": landing.click_id,
            "order_id": order.id,
            "currency": order.currency,
            "hold": truth(order.hold),
            "origin": str(order.origin),
            "order_time": write.time(order.ordered_at),
        } | said
        if order.event_time is not None:
            whole["event_time"] = write.time(order.event_time)
        yield Message("POST", tuple((write.name(field, field), value) for field, value in whole.items()))


def _said(partner: Partner, order: Order, write: Wording) -> Iterator[dict[str, str]]:
    if order.lines and reports_by_line(partner):
        for line in order.lines:
            yield _of_line(partner, order, line, write)
    else:
        yield _of_order(partner, order, write)


def _of_order(partner: Partner, order: Order, write: Wording) -> dict[str, str]:
    delivery = delivery_in_sums(partner, order)
    said = {
        "status": write.status(order.status),
        "commission": write.sum(commission(partner, order, order.tariff, order.goods)),
    }
    if order.lines:
        said["amount"] = write.sum(order.goods + (delivery or 0))
        if delivery is not None:
            said["delivery"] = write.sum(delivery)
    if order.tariff is not None:
        said["tariff"] = order.tariff
    return said


def _of_line(partner: Partner, order: Order, line: Line, write: Wording) -> dict[str, str]:
    """A line of which nothing is left is declined, with the sum that it had."""
    units = line.kept or line.bought
    one_by_one = partner.postback.amounts.is_ is AmountIs.UNIT_PRICE
    delivery = delivery_in_sums(partner, order)
    share = delivery if delivery is not None and line is order.lines[0] and not one_by_one else Decimal(0)
    said = {
        "line_id": line.id,
        "line_count": str(len(order.lines)),
        "status": write.status(order.status if line.kept else Status.DECLINED),
        "amount": write.sum(line.price if one_by_one else line.price * units + share),
        "commission": write.sum(commission(partner, order, line.tariff, line.total)),
    }
    if one_by_one:
        said["quantity"] = str(units)
    if delivery is not None:
        said["delivery"] = write.sum(share)
    if line.tariff is not None:
        said["tariff"] = line.tariff
    return said

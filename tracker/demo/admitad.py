"""Admitad's publisher postback, simple mode, as its sample shows it (postbacks.md 3.1.1)."""

from zlib import crc32

from tracker.core.partner import Partner
from tracker.core.report import Status
from tracker.demo.order import Landing, Order
from tracker.demo.wording import Message, Wording, commission, delivery_in_sums, truth, unix

_STATUSES = {Status.PENDING: "new", Status.APPROVED: "approved", Status.DECLINED: "declined"}
_ON_HOLD = "pending"  # a confirmed payment that was put on hold again; nothing else is called so


def admitad_message(partner: Partner, order: Order, landing: Landing) -> Message:
    """One payment, with what a partner in advanced mode adds: where the order was made, and when it was decided."""
    write = Wording(partner)
    is_sale = bool(order.lines)
    delivery = delivery_in_sums(partner, order)
    said = {
        "offer_id": str(crc32(partner.id.encode()) % 90_000 + 10_000),
        "offer_name": partner.name,
        write.name("line_id", "admitad_id"): str(order.payment_id),
        "website_id": "22",
        "subid": "",
        "subid1": "",
        "subid2": "",
        "subid3": "",
        write.name("click_id", "subid4"): landing.click_id,
        "action": "Paid order" if is_sale else "Application",
        write.name("tariff", "action_id"): order.tariff or "1",
        write.name("commission", "payment_sum"): write.sum(commission(partner, order, order.tariff, order.goods)),
        write.name("status", "payment_status"): _ON_HOLD if order.hold else _STATUSES[order.status],
        write.name("currency", "currency"): order.currency,
        write.name("order_id", "order_id"): order.id,
        write.name("amount", "order_sum"): write.sum(order.goods + (delivery or 0)) if is_sale else "",
        "click_time": unix(landing.at),
        write.name("order_time", "time"): unix(order.ordered_at),
        "conversion_time": str(int((order.ordered_at - landing.at).total_seconds())),
        "type": "sale" if is_sale else "lead",
        "country_code": "RU",
        write.name("settled", "reward_ready"): truth(order.settled),
        write.name("origin", "origin"): str(order.origin),
    }
    if delivery is not None:
        said[write.name("delivery", "delivery")] = write.sum(delivery)
    if order.event_time is not None:
        said[write.name("event_time", "event_time")] = unix(order.event_time)
    return Message("GET", tuple(said.items()))

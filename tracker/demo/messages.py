"""What a partner reports about an order, in the dialect that partners.yaml promises."""

from tracker.core.partner import Partner
from tracker.demo.admitad import admitad_message
from tracker.demo.generic import generic_messages
from tracker.demo.order import ADMITAD, Order
from tracker.demo.wording import Message


def messages(partner: Partner, order: Order) -> list[Message]:
    """The order as it is now. Nobody is owed a report about an order without a click id."""
    if order.landing is None:
        return []
    if partner.postback.dialect == ADMITAD:
        return [admitad_message(partner, order, order.landing)]
    return list(generic_messages(partner, order, order.landing))


def news(partner: Partner, before: Order, now: Order) -> list[Message]:
    """What was not said before."""
    said = messages(partner, before)
    return [message for message in messages(partner, now) if message not in said]

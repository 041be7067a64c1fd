"""Admitad's publisher postback, "simple mode" names (postbacks.md 3.1.1).

    GET /pb/shop/SECRET?admitad_id=701122334&subid4=c7k2…&payment_status=new&order_id=A-100500&order_sum=3010.00&…

`admitad_id` names a payment, which comes again with every status and with a new sum after a return: it is the line, not
the event. `payment_status=pending` means that a confirmed payment was put on hold again; new orders say `new`.
"""

from tracker.core.report import Status
from tracker.postback.dialects.dialect import Dialect, ReplyStyle, Said

ADMITAD = Dialect(
    name="admitad",
    fields={
        "click_id": ("subid4", "subid"),
        "order_id": ("order_id",),
        "line_id": ("admitad_id",),
        "status": ("payment_status",),
        "settled": ("reward_ready",),
        "amount": ("order_sum",),
        "commission": ("payment_sum",),
        "currency": ("currency",),
        # The English page calls action_id the action's id, the Russian one the tariff's; `map:` overrides it.
        "tariff": ("action_id",),
        "order_time": ("time",),
        # Not in Admitad's list, but a partner in "advanced mode" may add what the rules need.
        "delivery": ("delivery",),
        "event_time": ("event_time",),
        "origin": ("origin",),
        "promo_code": ("promocode",),
    },
    statuses={
        "new": Said(Status.PENDING, hold=False),
        "approved": Said(Status.APPROVED, hold=False),
        "declined": Said(Status.DECLINED, hold=False),
        "pending": Said(Status.PENDING, hold=True),
    },
    reply=ReplyStyle.OK,
    events=frozenset({"offer_status", "partnership_status"}),
)

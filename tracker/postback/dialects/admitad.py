"""Admitad's publisher postback (postbacks.md 3.1.1). Its names are those of "simple mode".

    GET /pb/shop/SECRET?admitad_id=701122334&subid4=c7k2…&payment_status=new&order_id=A-100500&order_sum=3010.00&…

`admitad_id` names a payment, which comes again with every status and with a new sum after a return: it is the line, not
the event. `payment_status=pending` means that a confirmed payment was put on hold again; new orders say `new`.
"""

from tracker.core.partner import AmountIs, Amounts
from tracker.postback.dialects.dialect import APPROVED, DECLINED, HELD, PENDING, Dialect, Direction, ReplyStyle, Shape

ADMITAD = Dialect(
    name="admitad",
    title="Admitad",
    direction=Direction.NETWORK,
    shapes=(
        Shape(
            name="",
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
            statuses={"new": PENDING, "approved": APPROVED, "declined": DECLINED, "pending": HELD},
            reply=ReplyStyle.OK,
            amounts=Amounts(is_=AmountIs.LINE_TOTAL),
            events=frozenset({"offer_status", "partnership_status"}),
        ),
    ),
    sources="ADM-PB, ADM-PB-RU, ADM-SUB, ADM-OPT",
    retries="not documented",
    covers="all statuses, reward_ready, hold after approval, programme events",
    unsure=(
        "action_id (tariff or action), number of retries, sender's addresses, whether order_sum of several payments of "
        "one order is each payment's or the order's"
    ),
    macros=(
        "admitad_id=[[[admitad_id]]]&subid4=[[[subid4]]]&order_id=[[[order_id]]]&order_sum=[[[order_sum]]]"
        "&currency=[[[currency]]]&payment_status=[[[payment_status]]]&payment_sum=[[[payment_sum]]]"
        "&action_id=[[[action_id]]]&reward_ready=[[[reward_ready]]]&time=[[[time]]]"
    ),
)

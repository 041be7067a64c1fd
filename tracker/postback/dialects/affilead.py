"""Affilead's publisher postback (postbacks.md 3.2, 3.18), GET or POST, in its own names.

    GET /pb/shop/SECRET?offer_id=5&order_id=ORD-77&status=confirmed&subid1=c7k2…&amount=120.50&currency=RUB&uuid=0b1c…

`amount` is our commission. What the shopper paid is not told, so a percentage earns nothing here: terms need `fixed`.
`uuid` names an action, which comes again with every status: it is the line, as Admitad's payment is.
"""

from tracker.postback.dialects.dialect import APPROVED, DECLINED, PENDING, Dialect, Direction, ReplyStyle, Shape

AFFILEAD = Dialect(
    name="affilead",
    title="Affilead",
    direction=Direction.NETWORK,
    shapes=(
        Shape(
            name="",
            fields={
                "click_id": ("subid1", "subid2", "subid3"),
                "order_id": ("order_id",),
                "line_id": ("uuid",),
                "status": ("status",),
                "commission": ("amount",),
                "currency": ("currency",),
                "tariff": ("rate_id",),
            },
            statuses={"open": PENDING, "confirmed": APPROVED, "declined": DECLINED},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="AFL",
    retries="not documented",
    covers="all statuses, commission, tariff; names are its own: tick order_id, uuid, status, subid1, amount, currency",
    unsure="format and zone of times (not read), whether rate_id alone names a tariff",
)

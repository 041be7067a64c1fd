"""The affiliate postback of Affise and its clones: Guruleads, LeadFin, Beegl (postbacks.md 3.11).

    GET /pb/shop/SECRET?sub1=c7k2…&transactionid=ORD-77&status=1&order_sum=2490&order_currency=RUB&sum=120

`sum` is our commission and `order_sum` the price of the order. There is no macro for a click of Affise's: ours comes
back in `sub1`. Statuses are numbers: 2 waits here and declines elsewhere.
"""

from tracker.postback.dialects.dialect import (
    APPROVED,
    DECLINED,
    HELD,
    PENDING,
    Dialect,
    Direction,
    ReplyStyle,
    Shape,
    words,
)

AFFISE = Dialect(
    name="affise",
    title="Affise",
    direction=Direction.NETWORK,
    shapes=(
        Shape(
            name="",
            fields={
                "click_id": ("sub1",),
                "order_id": ("transactionid",),
                "status": ("status",),
                "amount": ("order_sum",),
                "commission": ("sum",),
                "currency": ("order_currency",),
                "promo_code": ("promo_code",),
                "order_time": ("timestamp",),
            },
            # 4 is Affise Reach's hold and 5 that of the platform itself; neither means anything else at the other.
            statuses={"1": APPROVED, "2": PENDING, "3": DECLINED} | words(HELD, "4 5"),
            reply=ReplyStyle.OK,
        ),
    ),
    sources="AFF-MAC, AFF-RE, AFF-HT, AFF-WH",
    retries="on 4xx and 5xx: 5 attempts, 2 s more between each",
    covers="all statuses, sum of the order apart from the commission",
    unsure="whether every clone has order_sum and order_currency; a conversion's time, taken for the order's",
    macros=(
        "sub1={sub1}&transactionid={transactionid}&status={status}&order_sum={order_sum}"
        "&order_currency={order_currency}&sum={sum}&promo_code={promo_code}&timestamp={timestamp}"
    ),
)

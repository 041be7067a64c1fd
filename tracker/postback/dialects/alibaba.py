"""Alibaba Ads' postback (postbacks.md 3.4, 3.18): macros in our address.

    GET /pb/shop/SECRET?click=c7k2…&order=5001&platform=app&geo=RU&amount=31.20&sku=1005001&est_com=1.56

`amount` is the order's, after discounts and without shipping. No status is told: a new order is pending, and approvals
come by the statement.
"""

from tracker.core.partner import Origin
from tracker.postback.dialects.dialect import Dialect, Direction, ReplyStyle, Shape

ALIBABA = Dialect(
    name="alibaba",
    title="Alibaba Ads",
    direction=Direction.NETWORK,
    shapes=(
        Shape(
            name="",
            fields={
                "click_id": ("click",),
                "order_id": ("order",),
                "amount": ("amount",),
                "commission": ("est_com",),
                "origin": ("platform",),
            },
            statuses={},
            origins={"pc": Origin.WEB, "wap": Origin.MOBILE_WEB, "app": Origin.APP},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="ALB",
    retries="not documented",
    covers="origin of the order, sum without shipping",
    unsure="currency (the partner's only one, or its default), whether an order of several goods comes several times",
    macros="click={tp1}&order={ord_id}&platform={ord_platform}&amount={ord_amount}&est_com={est_com}",
)

"""Everflow, both ways (postbacks.md 3.11, 3.18): its partner postback with our click id in `sub1`, and the shop's
server in the shape of Everflow's own address, where `transaction_id` is the click.

    GET /pb/shop/SECRET?sub1=c7k2…&order_id=ORD-77&amount=12.34
    GET /pb/shop/SECRET/?nid=123&transaction_id=c7k2…&amount=12,34&order_id=ORD-77&adv1=msk

A comma in a sum is decimal. Everflow's own path is the root of a host, which is our catalogue: a shop's server is told
our address with the secret, not the host alone.
"""

from tracker.core.partner import Amounts
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

_STATUSES = {"approved": APPROVED, "pending": PENDING, "on_hold": HELD} | words(DECLINED, "rejected invalid")
_COMMA = Amounts(decimal=",")

EVERFLOW = Dialect(
    name="everflow",
    title="Everflow",
    direction=Direction.NETWORK,
    shapes=(
        Shape(
            name="",
            fields={
                "click_id": ("sub1",),
                "order_id": ("order_id",),
                "status": ("status",),
                "amount": ("amount",),
                "currency": ("currency_id",),
            },
            statuses=_STATUSES,
            amounts=_COMMA,
            reply=ReplyStyle.OK,
        ),
    ),
    sources="EF-PP, EF-MR*, MCP",
    retries="not documented",
    covers="decimal comma, all statuses of its API",
    unsure="macros of the status and of the currency; one source gives {order_id} to advertisers alone",
    macros="sub1={sub1}&order_id={order_id}&amount={sale_amount}",
)

EVERFLOW_SENDER = Dialect(
    name="everflow-sender",
    title="Everflow",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            fields={
                "click_id": ("transaction_id",),
                "order_id": ("order_id",),
                "status": ("status",),
                "amount": ("amount",),
                "promo_code": ("coupon_code",),
            },
            statuses=_STATUSES,
            amounts=_COMMA,
            reply=ReplyStyle.OK,
        ),
    ),
    sources="EF-ADV, STAPE-EF",
    retries="as the shop's server does; most send once",
    covers="decimal comma, coupon",
    unsure="the secret's parameter (verification_token in Everflow's SDK); a status parameter",
    macros="transaction_id={click_id}&order_id={order_id}&amount={amount}",
    proof=("verification_token",),
)

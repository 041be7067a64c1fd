"""The shop's own server in the shape of Bankiros (postbacks.md 3.12): its token stands in the path.

    GET /api/orders/TOKEN?aff=c7k2…&type=img&conversion=ORD-77&status=approve&payout=900

`payout` is the publisher's commission by its name.
"""

from tracker.postback.dialects.dialect import APPROVED, DECLINED, Dialect, Direction, ReplyStyle, Shape

BANKIROS = Dialect(
    name="bankiros",
    title="Bankiros",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/api/orders/{token}",),
            fields={
                "click_id": ("aff",),
                "order_id": ("conversion",),
                "status": ("status",),
                "commission": ("payout",),
            },
            statuses={"approve": APPROVED, "reject": DECLINED},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="RU-PB",
    retries="once: the senders seen do not repeat",
    covers="approve and reject",
    unsure="a parameter for the sum; reply (type=img may want an image: reply: pixel)",
    proof=("path.token",),
)

"""The shop's own server, or a pixel on its page, in the shape of Actionpay and AdPump (postbacks.md 3.5).

    GET /ok/16242.png?actionpay=c7k2…&apid=ORD-77&price=2490                            -> 1x1 PNG
    GET /status/?key=KEY&aim=16242&status=1&actionpay=c7k2…&apid=ORD-77&price=2490      -> ok

No source says what its status numbers mean: `statuses:` of partners.yaml must.
"""

from tracker.postback.dialects.dialect import Dialect, Direction, ReplyStyle, Shape

_FIELDS = {"click_id": ("actionpay", "adpump"), "order_id": ("apid",), "amount": ("price",)}

ACTIONPAY_SENDER = Dialect(
    name="actionpay-sender",
    title="Actionpay, AdPump",
    direction=Direction.SENDER,
    shapes=(
        Shape(name="", paths=("/ok/{aim}.png",), fields=_FIELDS, statuses={}, reply=ReplyStyle.PIXEL),
        Shape(
            name="status",
            paths=("/status",),
            fields=_FIELDS | {"status": ("status",)},
            statuses={},
            reply=ReplyStyle.SMALL_OK,
        ),
    ),
    sources="AP-CODE, AP-CODE2",
    retries="as the shop's server does; its client raises unless the body is ok",
    covers="new orders by pixel; statuses and sums at /status, with statuses",
    unsure="status numbers; the pixel carries no secret (prove by address, or by path.aim beside one)",
    proof=("key",),
)

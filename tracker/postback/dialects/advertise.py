"""The shop's own server in the shape of Advertise (postbacks.md 3.8).

    GET /postback/CODE/?token=CONST&uid=c7k2…&order_id=ORD-77&amount=2490

The senders seen tell new orders alone, without a status word.
"""

from tracker.postback.dialects.dialect import Dialect, Direction, ReplyStyle, Shape

ADVERTISE = Dialect(
    name="advertise",
    title="Advertise",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/postback/{code}",),
            fields={"click_id": ("uid",), "order_id": ("order_id",), "amount": ("amount",)},
            statuses={},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="ADV-CODE",
    retries="as the shop's server does; most send once",
    covers="new orders with their sums",
    unsure="statuses (none was seen: map one, or defaults); reply; current state of the network",
    proof=("token",),
)

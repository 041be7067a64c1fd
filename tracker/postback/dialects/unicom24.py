"""The shop's own server in the shape of Unicom24 (postbacks.md 3.12): the click stands in the path.

    GET /offer/postback/c7k2…/?status=accept&external_id=ORD-77

The senders seen state no sum.
"""

from tracker.postback.dialects.dialect import APPROVED, DECLINED, Dialect, Direction, ReplyStyle, Shape

UNICOM24 = Dialect(
    name="unicom24",
    title="Unicom24",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/offer/postback/{click}",),
            fields={"click_id": ("path.click",), "order_id": ("external_id",), "status": ("status",)},
            statuses={"accept": APPROVED, "reject": DECLINED},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="RU-PB",
    retries="once: the senders seen do not repeat",
    covers="accept and reject",
    unsure="a parameter for the sum; a secret of its own (none was seen); reply",
)

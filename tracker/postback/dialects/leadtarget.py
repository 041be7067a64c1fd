"""The shop's own server in the shape of leadtarget (postbacks.md 3.12).

    GET /postback/?application=ORD-77&click_id=c7k2…&status=approved

`application` is the order. The senders seen state no sum.
"""

from tracker.postback.dialects.dialect import APPROVED, DECLINED, Dialect, Direction, ReplyStyle, Shape

LEADTARGET = Dialect(
    name="leadtarget",
    title="leadtarget",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/postback",),
            fields={"click_id": ("click_id",), "order_id": ("application",), "status": ("status",)},
            statuses={"approved": APPROVED, "rejected": DECLINED},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="RU-PB",
    retries="once: the senders seen do not repeat",
    covers="approved and rejected",
    unsure="a parameter for the sum; a secret of its own (none was seen); reply",
)

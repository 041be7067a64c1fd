"""The shop's own server in the shape of m7.su (postbacks.md 3.12).

    GET /webhook/postback/force?click_id=c7k2…&offer_id=7&amount=2490&date=2026-11-24 12:00:00&external_id=ORD-77

Its times are UTC; what `date` is the time of, no source says (`map: {order_time: date}` if the partner does).
"""

from tracker.postback.dialects.dialect import Dialect, Direction, ReplyStyle, Shape

M7 = Dialect(
    name="m7",
    title="m7.su",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/webhook/postback/force",),
            fields={"click_id": ("click_id",), "order_id": ("external_id",), "amount": ("amount",)},
            statuses={},
            reply=ReplyStyle.OK,
            timezone="UTC",
        ),
    ),
    sources="RU-PB",
    retries="once: the senders seen do not repeat",
    covers="new orders",
    unsure="meaning of date; statuses (none: map one, or defaults); a secret of its own (none was seen); reply",
)

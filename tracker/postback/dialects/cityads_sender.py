"""The shop's own server in the shape of CityAds (postbacks.md 3.6, 3.12).

    GET /service/postback?Campaign_secret=SECRET&order_id=ORD-77&click_id=c7k2…&status=done

The senders seen state no sum: a share of it needs one by `map: {amount: NAME}`.
"""

from tracker.postback.dialects.dialect import APPROVED, DECLINED, Dialect, Direction, ReplyStyle, Shape

CITYADS_SENDER = Dialect(
    name="cityads-sender",
    title="CityAds",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/service/postback",),
            fields={"click_id": ("click_id",), "order_id": ("order_id",), "status": ("status",)},
            statuses={"done": APPROVED, "cancel": DECLINED},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="RU-PB",
    retries="once: the senders seen do not repeat",
    covers="done and cancel",
    unsure="a parameter for the sum; words of orders that wait; reply",
    proof=("Campaign_secret",),
)

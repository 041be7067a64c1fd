"""The shop's own server in the shape of Rafinad (postbacks.md 3.12): the path is the status.

    GET /p/?target=T&clickid=c7k2…&order_id=ORD-77&api_key=KEY        a sale
    GET /r/?target=T&clickid=c7k2…&order_id=ORD-77&api_key=KEY        a reject

The senders seen state no sum.
"""

from tracker.postback.dialects.dialect import APPROVED, DECLINED, Dialect, Direction, ReplyStyle, Shape

_FIELDS = {"click_id": ("clickid",), "order_id": ("order_id",)}

RAFINAD = Dialect(
    name="rafinad",
    title="Rafinad",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/p",),
            fields=_FIELDS,
            implied={"status": "sale"},
            statuses={"sale": APPROVED},
            reply=ReplyStyle.OK,
        ),
        Shape(
            name="reject",
            paths=("/r",),
            fields=_FIELDS,
            implied={"status": "reject"},
            statuses={"reject": DECLINED},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="RU-PB",
    retries="once: the senders seen do not repeat",
    covers="sale and reject by path",
    unsure="a parameter for the sum; reply",
    proof=("api_key",),
)

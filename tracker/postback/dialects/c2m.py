"""The shop's own server in the shape of c2m (postbacks.md 3.12): the status is the action.

    GET /cpaCallback?cid=c7k2…&partner=P&action=approve&lead_id=ORD-77&payout=900

`payout` is the publisher's commission by its name.
"""

from tracker.postback.dialects.dialect import APPROVED, DECLINED, Dialect, Direction, ReplyStyle, Shape

C2M = Dialect(
    name="c2m",
    title="c2m",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/cpaCallback",),
            fields={
                "click_id": ("cid",),
                "order_id": ("lead_id",),
                "status": ("action",),
                "commission": ("payout",),
            },
            statuses={"approve": APPROVED, "reject": DECLINED},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="RU-PB",
    retries="once: the senders seen do not repeat",
    covers="approve and reject",
    unsure="a parameter for the sum; a secret of its own (none was seen); reply",
)

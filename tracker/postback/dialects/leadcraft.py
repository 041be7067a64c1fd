"""The shop's own server in the shape of LeadCraft (postbacks.md 3.12).

    GET /v1/advertisers/actions?token=T&actionID=5&status=approved&clickID=c7k2…&advertiserID=ORD-77
        &reviseDate=2026-11-24

`advertiserID` is the order. `reviseDate` is a day alone, by which nothing can be ordered: it is not read.
"""

from tracker.postback.dialects.dialect import APPROVED, DECLINED, Dialect, Direction, ReplyStyle, Shape

LEADCRAFT = Dialect(
    name="leadcraft",
    title="LeadCraft",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/v1/advertisers/actions",),
            fields={"click_id": ("clickID",), "order_id": ("advertiserID",), "status": ("status",)},
            statuses={"approved": APPROVED, "cancelled": DECLINED},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="RU-PB",
    retries="once: the senders seen do not repeat",
    covers="approved and cancelled",
    unsure="a parameter for the sum; reply",
    proof=("token",),
)

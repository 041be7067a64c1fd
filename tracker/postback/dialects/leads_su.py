"""The shop's own server in the shape of leads.su (postbacks.md 3.12).

    GET /advertiser/conversion/createUpdate?token=T&goal_id=0&transaction_id=c7k2…&adv_sub=ORD-77&status=approved
        &sum=2490

`transaction_id` is the click. The same order again restates its status and sum.
"""

from tracker.postback.dialects.dialect import APPROVED, DECLINED, Dialect, Direction, ReplyStyle, Shape

LEADS_SU = Dialect(
    name="leads-su",
    title="leads.su",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/advertiser/conversion/createUpdate",),
            fields={
                "click_id": ("transaction_id",),
                "order_id": ("adv_sub",),
                "status": ("status",),
                "amount": ("sum",),
            },
            statuses={"approved": APPROVED, "rejected": DECLINED},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="RU-PB",
    retries="once: the senders seen do not repeat",
    covers="status and sum, restated",
    unsure="reply; words other than approved and rejected",
    proof=("token",),
)

"""The shop's own server in the shape of leads.tech and fincpa (postbacks.md 3.12).

    GET /add-conversion/?click_id=c7k2…&goal_id=3&status=1&transaction_id=ORD-77&sumConfirm=2490

`transaction_id` is the order here, not the click as at TUNE and leads.su.
"""

from tracker.postback.dialects.dialect import APPROVED, DECLINED, PENDING, Dialect, Direction, ReplyStyle, Shape

LEADS_TECH = Dialect(
    name="leads-tech",
    title="leads.tech",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/add-conversion",),
            fields={
                "click_id": ("click_id",),
                "order_id": ("transaction_id",),
                "status": ("status",),
                "amount": ("sumConfirm",),
            },
            statuses={"0": PENDING, "1": APPROVED, "2": DECLINED},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="RU-PB",
    retries="once: the senders seen do not repeat",
    covers="new, approved, declined; sum; fincpa too",
    unsure="reply; a secret of its own (none was seen: prove by address, or use our address)",
)

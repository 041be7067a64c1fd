"""The shop's own server in Binom's shape (postbacks.md 3.12, 3.14).

    GET /click.php?cnv_id=c7k2…&clickid=ORD-77&cnv_status=issued&payout=2490

`clickid` is the order where it is sent, and `cnv_id` the click, which without an order has one conversion. `payout` is
the publisher's commission by its name: a shop that puts the goods' sum in it needs `map: {amount: payout}`.
"""

from tracker.postback.dialects.dialect import APPROVED, DECLINED, Dialect, Direction, ReplyStyle, Shape

BINOM_SENDER = Dialect(
    name="binom-sender",
    title="Binom",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/click.php",),
            fields={
                "click_id": ("cnv_id",),
                "order_id": ("clickid", "cnv_id"),
                "status": ("cnv_status",),
                "commission": ("payout",),
                "currency": ("cnv_currency",),
            },
            statuses={"issued": APPROVED, "rejected": DECLINED},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="BIN, RU-PB",
    retries="as the shop's server does; most send once",
    covers="issued and rejected; the order in clickid (Finuslugi)",
    unsure="statuses are free text (others, such as issued_old, by statuses); whether payout is the goods' sum; reply",
)

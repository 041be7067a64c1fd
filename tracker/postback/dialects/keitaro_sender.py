"""The shop's own server in Keitaro's shape (postbacks.md 3.12, 3.14), which lists its own words in the address.

    GET /KEY/postback?subid=c7k2…&status=sale&payout=2490&currency=rub&tid=ORD-77&from=shop&sale_status=sale,approved
        &rejected_status=reject,cancelled

`tid` tells several conversions of one click apart; without it the click has one, which each message restates. `payout`
is the publisher's commission by its name: a shop that puts the goods' sum in it needs `map: {amount: payout}`.
"""

from tracker.postback.dialects.dialect import APPROVED, DECLINED, PENDING, Dialect, Direction, ReplyStyle, Shape

KEITARO_SENDER = Dialect(
    name="keitaro-sender",
    title="Keitaro",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/{key}/postback",),
            fields={
                "click_id": ("subid",),
                "order_id": ("tid", "subid"),
                "status": ("status", "sale"),  # one sender says sale=sale
                "commission": ("payout",),
                "currency": ("currency",),
            },
            statuses={"lead": PENDING, "sale": APPROVED, "rejected": DECLINED},
            listed={"lead_status": PENDING, "sale_status": APPROVED, "rejected_status": DECLINED},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="PB-KLOG, ORB, RU-PB",
    retries="as the shop's server does; most send once",
    covers="lead, sale, rejected, and the words listed in the address",
    unsure="whether payout is the goods' sum; reply",
    proof=("path.key",),
)

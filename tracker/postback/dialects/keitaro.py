"""A partner that tracks with Keitaro, whose outgoing postback tells us (postbacks.md 3.14).

    GET /pb/shop/SECRET?external_id=c7k2…&tid=ORD-77&status=sale&revenue=120.50

Our click is Keitaro's external id; its `subid` is a click of its own, and names the order where there is no transaction
id: `map: {order_id: subid}`. `revenue` is what the partner earned, taken for a
commission: a partner whose revenue is the sum of the purchase says `map: {amount: revenue, commission: payout}`.
"""

from tracker.postback.dialects.dialect import APPROVED, DECLINED, PENDING, Dialect, Direction, ReplyStyle, Shape

KEITARO = Dialect(
    name="keitaro",
    title="Keitaro",
    direction=Direction.NETWORK,
    shapes=(
        Shape(
            name="",
            fields={
                "click_id": ("external_id",),
                "order_id": ("tid",),
                "status": ("status",),
                "amount": ("amount",),
                "commission": ("revenue",),
                "currency": ("currency",),
            },
            statuses={"lead": PENDING, "sale": APPROVED, "rejected": DECLINED},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="KT-S2S",
    retries="not documented",
    covers="all statuses that it has by itself",
    unsure="whether {revenue} is the purchase or the partner's commission (taken so)",
    macros="external_id={external_id}&tid={tid}&status={status}&revenue={revenue}",
)

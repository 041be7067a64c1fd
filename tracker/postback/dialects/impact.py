"""Impact's partner event notifications (postbacks.md 3.11, 3.18): GET, or POST with a JSON template.

    POST /pb/shop/SECRET
    {"campaign_id":"10306","action_id":"1000.4636.158133","status":"REVERSED","payout":"0.00","sub":"c7k2…",
     "items":[{"sku":"APP-0016","qty":"1","amt":"719.10"}]}

One action comes when it is tracked, modified or reversed; its sums are what they are now. The action is our order: the
shop's own order may be several actions. Where it never is, `map: {order_id: oid}` names orders as the shop does.
"""

from tracker.postback.dialects.dialect import (
    APPROVED,
    DECLINED,
    PENDING,
    Dialect,
    Direction,
    Items,
    ReplyStyle,
    Shape,
)

IMPACT = Dialect(
    name="impact",
    title="Impact",
    direction=Direction.NETWORK,
    shapes=(
        Shape(
            name="",
            fields={
                "click_id": ("sub",),
                "order_id": ("action_id",),
                "status": ("status",),
                "settled": ("status_detail",),
                "amount": ("amount",),
                "commission": ("payout",),
                "currency": ("currency",),
                "order_time": ("event_date",),
            },
            statuses={"pending": PENDING, "approved": APPROVED, "reversed": DECLINED},
            truths={"paid": True, "overdue": False},
            reply=ReplyStyle.OK,
            items=Items(path="items", line_id=("sku",), amount=("amt",)),
        ),
    ),
    sources="IM-OA, IM-WH, IM-EVT, IM-MR*, IM-PA, IM-BR",
    retries="on any answer but 2xx; up to 15 times by a third party's word",
    covers="all states, PAID, a whole basket of items, modified sums",
    unsure="whether amt is the line's sum (taken so) or a unit's price, longest SubId, number of retries",
    macros=(
        "action_id={ActionId}&sub={SubId1}&status={Status}&status_detail={StatusDetail}&payout={Payout}"
        "&amount={Amount}&currency={Currency}&event_date={EventDate}"
    ),
)

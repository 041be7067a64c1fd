"""The shop's own server in Voluum's shape (postbacks.md 3.14).

    GET /postback?cid=c7k2…&payout=24.90&txid=ORD-77&currency=USD

`txid` tells several conversions of one click apart; without it the click has one. There is no status word, and `payout`
is the publisher's commission by its name: a shop that puts the goods' sum in it needs `map: {amount: payout}`.
"""

from tracker.postback.dialects.dialect import Dialect, Direction, ReplyStyle, Shape

VOLUUM_SENDER = Dialect(
    name="voluum-sender",
    title="Voluum",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/postback",),
            fields={
                "click_id": ("cid",),
                "order_id": ("txid", "cid"),
                "commission": ("payout",),
                "currency": ("currency",),
            },
            statuses={},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="VOL",
    retries="as the shop's server does; most send once",
    covers="conversions with txid",
    unsure="statuses (none: map one, or defaults); meaning of et; whether payout is the goods' sum; reply",
)

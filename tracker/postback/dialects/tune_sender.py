"""The shop's own server in TUNE's shape (postbacks.md 3.11, 3.12): HasOffers, LeadGid, Sravni and other clones.

    GET /aff_lsr?offer_id=26&transaction_id=c7k2…&adv_sub=ORD-77&amount=2490.00        -> 200 success=true;
    GET /aff_goal?a=lsr&goal_name=issued&adv_id=973&transaction_id=c7k2…&adv_sub=ORD-77
    GET /autostats/v1/postbacks?offer_id=26&transaction_id=c7k2…&adv_sub=ORD-77&action=update&status=approved

`transaction_id` is the click. A conversion has no status word of its own there: the network's settings decide, and here
`defaults: {status: approved}` of a partner that only tells of paid orders.
"""

from tracker.postback.dialects.dialect import APPROVED, Dialect, Direction, ReplyStyle, Shape

_FIELDS = {"click_id": ("transaction_id",), "order_id": ("adv_sub",), "amount": ("amount",)}

TUNE_SENDER = Dialect(
    name="tune-sender",
    title="TUNE",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/aff_lsr", "/aff_goal"),
            fields=_FIELDS,
            statuses={},
            reply=ReplyStyle.TUNE,
            always_200=True,
        ),
        Shape(
            name="update",
            paths=("/autostats/v1/postbacks",),
            fields=_FIELDS | {"status": ("status",)},
            statuses={"approved": APPROVED},
            reply=ReplyStyle.TUNE,
            always_200=True,
        ),
    ),
    sources="TUNE-RX, TUNE-DF*, RU-PB",
    retries="as the shop's server does; most send once",
    covers="aff_lsr, aff_goal, LeadGid's status updates",
    unsure="words of LeadGid's updates other than approved; name of the security token",
    proof=("security_token",),
)

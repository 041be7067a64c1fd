"""The shop's own server in Affise's shape (postbacks.md 3.11, 3.12): Guruleads, LeadFin, Beegl and other clones.

    GET /postback?clickid=c7k2…&action_id=ORD-77&goal=1&status=1&sum=2490&secure=SECRET

Status 2 is pending here, and declined at leads.tech.
"""

from tracker.postback.dialects.dialect import APPROVED, DECLINED, HELD, PENDING, Dialect, Direction, ReplyStyle, Shape

AFFISE_SENDER = Dialect(
    name="affise-sender",
    title="Affise",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/postback",),
            fields={
                "click_id": ("clickid",),
                "order_id": ("action_id",),
                "status": ("status",),
                "amount": ("sum",),
            },
            statuses={"1": APPROVED, "2": PENDING, "3": DECLINED, "4": HELD},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="AFF-SP, AFF-RE, RU-PB",
    retries="as the shop's server does; most send once",
    covers="statuses 1 to 3, and 4 (hold) of Affise Reach",
    unsure="whether 5 is a hold (map it by statuses); a message without a status follows the offer: here it is pending",
    proof=("secure",),
)

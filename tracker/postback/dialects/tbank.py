"""The shop's own server in the shape of T-Bank's partners (postbacks.md 3.12).

    GET /api/postbacks?tcpa_id=TOKEN&tcpa_click_id=c7k2…&tcpa_request_id=ORD-77&tcpa_event_id=sale
        &tcpa_partner_profit=2490

The profit is the publisher's commission, not what the shopper paid.
"""

from tracker.postback.dialects.dialect import APPROVED, Dialect, Direction, ReplyStyle, Shape

TBANK = Dialect(
    name="tbank",
    title="T-Bank partners",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/api/postbacks",),
            fields={
                "click_id": ("tcpa_click_id",),
                "order_id": ("tcpa_request_id",),
                "status": ("tcpa_event_id",),
                "commission": ("tcpa_partner_profit",),
            },
            statuses={"sale": APPROVED},
            reply=ReplyStyle.OK,
        ),
    ),
    sources="RU-PB",
    retries="once: the senders seen do not repeat",
    covers="sale",
    unsure="events other than sale; a parameter for the sum; reply",
    proof=("tcpa_id",),
)

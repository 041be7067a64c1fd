"""Rakuten Advertising's Postback API (postbacks.md 3.11, 3.18): GET, a record a SKU.

    GET /pb/shop/SECRET?is_event=Y&etransaction_id=E1&order_id=778&sku_number=S1&sale_amount=10.00&u1=c7k2…

`etransaction_id` is the record's own and `order_id` that of all records of an order. A cancellation is a record more
with a negative sum, so sums add up. No record says a status: a new order is pending, and approvals come by the
statement, for which alone Rakuten vouches ("not for accounting").
"""

from tracker.core.partner import AmountIs, Amounts
from tracker.postback.dialects.dialect import Dialect, Direction, ReplyStyle, Shape

RAKUTEN = Dialect(
    name="rakuten",
    title="Rakuten Advertising",
    direction=Direction.NETWORK,
    shapes=(
        Shape(
            name="",
            fields={
                "click_id": ("u1",),
                "order_id": ("order_id",),
                "line_id": ("etransaction_id",),
                "amount": ("sale_amount",),
                "product": ("sku_number",),
                "commission": ("commissions",),
                "currency": ("currency",),
                "order_time": ("transaction_date",),
            },
            statuses={},
            amounts=Amounts(is_=AmountIs.LINE_TOTAL),
            reply=ReplyStyle.OK,
            corrections=True,
            timezone="UTC",
        ),
    ),
    sources="RK-SIG, RK-PB, RK-EV, RK-DOC*",
    retries="not documented; beta, not for accounting",
    covers="lines by SKU, corrections with negative sums",
    unsure="that cancellations come as negative records, values of is_event, format and zone of times (UTC taken)",
    macros=(
        "is_event=<is_event>&etransaction_id=<etransaction_id>&order_id=<order_id>&u1=<u1>&sku_number=<sku_number>"
        "&sale_amount=<sale_amount>&currency=<currency>&commissions=<commissions>&transaction_date=<transaction_date>"
    ),
)

"""Awin's Transaction Notifications (postbacks.md 3.10): a form with the one field AwinTransactionPush, in which stands
JSON; or GET with macros.

    POST /pb/shop/SECRET
    AwinTransactionPush=%7B%22transactionId%22%3A%22105956531%22%2C%22transactionAmount%22%3A%2226.09%22…%7D

The push tells that a transaction was recorded and nothing ever after: it says no status, so a new order is pending,
and approvals come by the statement. The shop's own order id is not in it.
"""

from tracker.postback.dialects.dialect import Dialect, Direction, Items, ReplyStyle, Shape

AWIN = Dialect(
    name="awin",
    title="Awin",
    direction=Direction.NETWORK,
    shapes=(
        Shape(
            name="",
            fields={
                "click_id": ("clickRef",),
                "order_id": ("transactionId",),
                "amount": ("transactionAmount",),
                "commission": ("commission",),
                "currency": ("transactionCurrency",),
                "order_time": ("transactionDate",),
            },
            statuses={},
            reply=ReplyStyle.OK,
            items=Items(
                path="products",
                line_id=("skuCode",),
                amount=("unitPrice",),
                quantity=("quantity",),
                tariff=("cgId",),
                unit_price=True,
            ),
            json_field="AwinTransactionPush",
            timezone="UTC",
        ),
    ),
    sources="AW-TN, AW-CODE, AW-CONV",
    retries="none documented: what is lost comes by the statement",
    covers="JSON in a form field, or macros; lines where the shop shares them; recorded transactions only",
    unsure="whether the lines add up to the sum: if not, the sum counts without its lines",
    macros=(
        "transactionId=!!!transactionId!!!&clickRef=!!!clickRef!!!&transactionAmount=!!!transactionAmount!!!"
        "&transactionCurrency=!!!transactionCurrency!!!&transactionDate=!!!transactionDate!!!&commission=!!!commission!!!"
    ),
)

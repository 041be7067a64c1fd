"""Takeads' postback (postbacks.md 3.2): the parameters chosen there in the query, and always a JSON body with all of
Takeads' own besides.

    POST /pb/shop/SECRET?our_click_id=c7k2…&our_order_id=ORD-77&our_status=…
    {…}

The body counts where both name a parameter, and its names are not published: a name of ours that no body has keeps the
two apart. An address that answers 4xx to Takeads' test cannot be saved, so every refusal but that of a secret is 200.
"""

from tracker.postback.dialects.dialect import Dialect, Direction, ReplyStyle, Shape

TAKEADS = Dialect(
    name="takeads",
    title="Takeads",
    direction=Direction.NETWORK,
    shapes=(
        Shape(
            name="",
            fields={
                "click_id": ("our_click_id",),
                "order_id": ("our_order_id",),
                "line_id": ("our_line_id",),
                "status": ("our_status",),
                "amount": ("our_amount",),
                "commission": ("our_commission",),
                "currency": ("our_currency",),
                "tariff": ("our_tariff",),
            },
            statuses={},
            reply=ReplyStyle.OK,
            always_200=True,
        ),
    ),
    sources="TKD",
    retries="not documented; an address that answers 4xx to its test is not saved",
    covers=(
        "JSON body beside the query, 200 to its test and to what cannot be read; name its parameters our_click_id, "
        "our_order_id, our_status, our_amount"
    ),
    unsure="all names of its system parameters, status words (write them into statuses)",
)

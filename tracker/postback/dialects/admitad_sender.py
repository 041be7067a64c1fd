"""The shop's own server in Admitad's shape (postbacks.md 3.1.2, 3.1.3), with our host in place of Admitad's.

    GET /r?campaign_code=1a2b3c4d5e&postback=1&postback_key=K&action_code=1&uid=c7k2…&order_id=123456&price=20000
        &quantity=2&position_id=1&position_count=3&…
    GET /rp?campaign_code=8f803552ea&revision_sign=HEX40&order_id=123456&status=approved&amount=1990.00

One request a basket line at `/r`, with the price of one unit; one an order at `/rp`, with what is left of it. The
revision's signature covers campaign and order alone: it proves who speaks, not what is said.
"""

from tracker.core.partner import AmountIs, Amounts, Origin
from tracker.postback.dialects.dialect import APPROVED, DECLINED, PENDING, Dialect, Direction, ReplyStyle, Shape

ADMITAD_SENDER = Dialect(
    name="admitad-sender",
    title="Admitad",
    direction=Direction.SENDER,
    shapes=(
        Shape(
            name="",
            paths=("/r", "/tt"),
            fields={
                "click_id": ("uid",),
                "order_id": ("order_id", "oid"),
                "line_id": ("position_id", "pid"),
                "line_count": ("position_count", "pc", "pn"),
                "amount": ("price", "cart", "p", "amount"),
                "quantity": ("quantity",),
                "product": ("product_id", "prid"),
                "tariff": ("tariff_code", "tc"),
                "currency": ("currency_code", "currency", "c"),
                "promo_code": ("promocode",),
                "origin": ("adm_method",),
                "delivery": ("delivery",),
                "order_time": ("order_time",),
                "status": ("status",),
            },
            statuses={"pending": PENDING, "approved": APPROVED, "declined": DECLINED},
            origins={"mob_tracker": Origin.APP},
            amounts=Amounts(is_=AmountIs.UNIT_PRICE),
            reply=ReplyStyle.OK,
            always_200=True,
        ),
        Shape(
            name="rp",
            paths=("/rp",),
            fields={
                "order_id": ("order_id",),
                "status": ("status",),
                "amount": ("amount",),
                "commission": ("reward",),
                "currency": ("currency_code",),
            },
            statuses={"pending": PENDING, "approved": APPROVED, "declined": DECLINED},
            amounts=Amounts(is_=AmountIs.ORDER_TOTAL),
            reply=ReplyStyle.ADMITAD,
        ),
    ),
    sources="ADM-INT, ADM-INT-RU, ADM-RP, ADM-AM, STAPE-ADM",
    retries="as the shop's server does; most send once",
    covers="/r and /tt a basket line each, mobile tracker, promo code; /rp with HMAC-SHA1, or key and addresses",
    proof=("postback_key", "revision_sign", "revision_key"),
)

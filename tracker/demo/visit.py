"""What a shop's own cookies remember of a visitor: how they came, and what is in their basket."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from aiohttp import web

from tracker.core.partner import Partner
from tracker.demo.basket import read_basket, write_basket
from tracker.demo.goods import goods_of
from tracker.demo.order import Landing
from tracker.demo.partners import click_parameter

_LANDING, _BASKET = "landing", "basket"
_LANDING_SECONDS = 90 * 86_400
_COOKIE = re.compile(r"([0-9]{10})\.([0-9A-Za-z_-]{1,120})")


def landing_in(request: web.Request, partner: Partner, now: datetime) -> Landing | None:
    """A click id in the address is the newest; else the one that the cookie keeps."""
    parameter = click_parameter(partner)
    arrived = request.query.get(parameter, "") if parameter else ""
    text = f"{int(now.timestamp())}.{arrived}" if arrived else request.cookies.get(_LANDING, "")
    found = _COOKIE.fullmatch(text)
    return Landing(found[2], datetime.fromtimestamp(int(found[1]), UTC)) if found else None


def keep_landing(response: web.Response, landing: Landing) -> None:
    value = f"{int(landing.at.timestamp())}.{landing.click_id}"
    response.set_cookie(_LANDING, value, max_age=_LANDING_SECONDS, path="/", httponly=True, samesite="Lax")


def basket_in(request: web.Request, partner: Partner) -> dict[str, int]:
    return read_basket(request.cookies.get(_BASKET, ""), goods_of(partner))


def keep_basket(response: web.Response, basket: Mapping[str, int]) -> None:
    if basket:
        response.set_cookie(_BASKET, write_basket(basket), path="/", httponly=True, samesite="Lax")
    else:
        response.del_cookie(_BASKET, path="/")

"""Everything that answers in the demo: the shops by their hosts, and the sign-in."""

from collections.abc import Callable

import aiohttp
from aiohttp import web

from tracker.core.partner import Programme
from tracker.demo.baits import bait_routes
from tracker.demo.messages_page import MessagesPage
from tracker.demo.orders import Orders
from tracker.demo.pages import DemoPages
from tracker.demo.report import Clock, Reporter
from tracker.demo.shop import Shops
from tracker.demo.sign_in import MakeLink, SignIn
from tracker.demo.telling import Telling


def demo_site(
    programme: Programme,
    tracker_url: str,
    client: aiohttp.ClientSession,
    *,
    make_link: MakeLink,
    now: Clock,
    new_number: Callable[[], int],
) -> list[web.RouteDef]:
    """`programme` as `demo_programme` makes it; `tracker_url` is how the world reaches the tracker."""
    pages = DemoPages(programme, tracker_url)
    orders = Orders(Reporter(client, tracker_url, now), now)
    shops = Shops(programme.partners, orders, pages, now=now, new_number=new_number)
    telling = Telling(programme.notify.secrets[0] if programme.notify else None)
    return [
        *shops.routes(),
        *bait_routes(),
        *SignIn(make_link, pages, tracker_url).routes(),
        *MessagesPage(telling, pages, now).routes(),
    ]

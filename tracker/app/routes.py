"""What a web worker serves: `/go`, `/pb`, the shopper's and the analysts' pages, and the health of the parts behind
them."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from tracker.app.click_out import ClickOutParts, click_out
from tracker.app.health import health
from tracker.app.in_force import InForce
from tracker.app.limiting import Limiting
from tracker.app.pages import desk_pages, partner_pages
from tracker.app.stores import Stores, Warehouse
from tracker.core.partner import Programme
from tracker.core.reasons import MessageCode
from tracker.keys import Keys
from tracker.postback.confirm import TakeTagReport
from tracker.postback.endpoint import PostbackEndpoint
from tracker.postback.receive import Receive
from tracker.postback.staff import Staff
from tracker.redirect.checks.baits import Baits
from tracker.redirect.cookies import Cookies
from tracker.redirect.endpoint import ClickOutEndpoint
from tracker.redirect.sign_in import SignIn
from tracker.redirect.tokens import OpenedTokens, Tokens
from tracker.reports.access import Access
from tracker.reports.analysts.endpoint import AnalystPages
from tracker.reports.catalogue.endpoint import Catalogue
from tracker.reports.desk.endpoint import DeskPages
from tracker.reports.partner.endpoint import PartnerPages
from tracker.reports.reconciliation.endpoint import ReconciliationPages
from tracker.reports.shopper.endpoint import ShopperPages
from tracker.settings import Settings
from tracker.store.journal import JournaledClicks
from tracker.store.reconciliation_runs import ReconciliationRuns
from tracker.tag.endpoint import TagEndpoint
from tracker.tag.self_test import SelfTestPage
from tracker.telemetry import CONVERSION_REASONS, POSTBACKS, POSTBACKS_NOT_STORED, UNKNOWN_WORDS, Telemetry
from tracker.web import LARGEST_BODY, Health, TrustedProxies, Watch, middleware, request_id, watched
from tracker.web.front_door import FRONT_DOOR, FrontDoor
from tracker.web.hashing import KeyedHash
from tracker.web.watch import HEALTH, paths_of
from tracker.web.wrong import pages_for_people

CLICK_OUT = "click_out"


@dataclass(frozen=True, slots=True)
class Routes:
    """Everything that the routes are built of."""

    settings: Settings
    secrets: Keys
    in_force: InForce
    proxies: TrustedProxies
    telemetry: Telemetry
    limiting: Limiting
    stores: Stores
    warehouse: Warehouse
    clicks: JournaledClicks
    is_leaving: Callable[[], bool]

    @property
    def programme(self) -> Programme:
        return self.in_force()

    def application(self) -> web.Application:
        hashes = KeyedHash(self.secrets.address_hash, self.secrets.months)
        postbacks, health = self._postbacks(hashes).routes(), self._health().routes()
        kinds = _kinds(postbacks, health)
        watch = Watch(self.telemetry, self.proxies, kinds.values())
        app = web.Application(
            client_max_size=LARGEST_BODY,
            middlewares=[
                watched(watch, kinds),
                pages_for_people(self.programme.name),
                middleware(self.telemetry, _new_request_id),
                self.limiting.middleware(self.proxies.address_of, self.telemetry),
            ],
        )
        tokens = Tokens(self.secrets.link, self.secrets.cookie, is_erased=self.stores.tombstones.is_erased)
        cookies = Cookies(tokens, over_tls=self.settings.public_url.startswith("https://"))
        baits = Baits(self.settings.bait_script, self.settings.bait_fetch)
        app.add_routes(baits.routes())
        limits = self.limiting.routes
        clicks = self._click_out(tokens, cookies, baits, hashes)
        limits.put(app.add_routes(clicks.routes()), self.limiting.clicks)
        limits.put(app.add_routes(self._tag(hashes).routes()), self.limiting.tags)
        app.add_routes(self._tag_self_test().routes())
        limits.put(app.add_routes(postbacks), None)  # limited by partner, once that is known
        sign_in = SignIn(
            tokens, cookies, address=self.programme.sign_in, public_url=self.settings.public_url, now=time.time
        )
        app.add_routes(self._catalogue(sign_in).routes())
        app.add_routes(self._shopper_pages(sign_in).routes())
        app.add_routes(self._reconciliation_pages().routes())
        app.add_routes(self._analyst_pages().routes())
        app.add_routes(self._partner_pages().routes())
        app.add_routes(self._desk_pages().routes())
        app.add_routes(health)
        app[FRONT_DOOR] = self._front_door(clicks, watch)
        return app

    def _front_door(self, clicks: ClickOutEndpoint, watch: Watch) -> FrontDoor:
        return FrontDoor(
            "/go",
            clicks,
            kind=CLICK_OUT,
            watch=watch,
            proxies=self.proxies,
            limit=self.limiting.clicks,
            exempt=self.limiting.exempt,
            new_request_id=_new_request_id,
            now=time.monotonic,
        )

    def _click_out(self, tokens: Tokens, cookies: Cookies, baits: Baits, hashes: KeyedHash) -> ClickOutEndpoint:
        parts = ClickOutParts(
            clicks=self.clicks,
            click_ids=self.stores.click_ids,
            tokens=tokens,
            cookies=cookies,
            baits=baits,
            hashes=hashes,
            telemetry=self.telemetry,
            now=time.time,
            random=os.urandom,
            address=self.proxies.address_of,
            request_id=request_id,
        )
        return click_out(self.in_force, parts, public_url=self.settings.public_url, timed=self.settings.private_timing)

    def _tag(self, hashes: KeyedHash) -> TagEndpoint:
        return TagEndpoint(
            partners=lambda: self.programme.partners,
            click_ids=self.stores.click_ids,
            reports=TakeTagReport(self.stores.ledger),
            hashes=hashes,
            telemetry=self.telemetry,
            now=_now,
            address=self.proxies.address_of,
            request_id=request_id,
        )

    def _tag_self_test(self) -> SelfTestPage:
        return SelfTestPage(
            lambda: self.programme.partners, name=self.programme.name, public_url=self.settings.public_url
        )

    def _postbacks(self, hashes: KeyedHash) -> PostbackEndpoint:
        receive = Receive(
            partners=lambda: self.programme.partners,
            books=self.stores.ledger,
            ingest=self.stores.ingest,
            now=_now,
            random=os.urandom,
            count=self._count_postback,
            word_unknown=lambda partner: self.telemetry.count(UNKNOWN_WORDS, partner),
            not_earned=lambda reason: self.telemetry.count(CONVERSION_REASONS, reason),
            gates=self.limiting.gates,
            strangers=self.limiting.strangers,
            is_over=self.limiting.is_over,
        )
        return PostbackEndpoint(
            receive,
            address=self.proxies.address_of,
            address_hash=lambda request: hashes.of_month(self.proxies.address_of(request), _now()),
            request_id=request_id,
        )

    def _count_postback(self, partner: str, verdict: str) -> None:
        self.telemetry.count(POSTBACKS, partner, verdict)
        if verdict == MessageCode.NOT_STORED:
            self.telemetry.count(POSTBACKS_NOT_STORED)

    def _catalogue(self, sign_in: SignIn) -> Catalogue:
        return Catalogue(lambda: self.programme, name=self.programme.name, sign_in=sign_in, now=_now)

    def _shopper_pages(self, sign_in: SignIn) -> ShopperPages:
        return ShopperPages(
            lambda: self.programme,
            name=self.programme.name,
            sign_in=sign_in,
            purchases=self.stores.ledger,
            clicks=self.warehouse.shopper_clicks,
            now=_now,
        )

    def _analysts_access(self) -> Access:
        token = self.secrets.reports
        over_tls = self.settings.public_url.startswith("https://")
        return Access(token, OpenedTokens(token), over_tls=over_tls, now=time.time)

    def _reconciliation_pages(self) -> ReconciliationPages:
        runs = ReconciliationRuns(self.stores.ledger.fetch)
        return ReconciliationPages(
            lambda: self.programme, name=self.programme.name, access=self._analysts_access(), runs=runs
        )

    def _analyst_pages(self) -> AnalystPages:
        return AnalystPages(
            lambda: self.programme,
            name=self.programme.name,
            access=self._analysts_access(),
            ask=self.warehouse.query,
            now=_now,
        )

    def _partner_pages(self) -> PartnerPages:
        return partner_pages(
            lambda: self.programme,
            self.stores.ledger,
            self.secrets,
            public_url=self.settings.public_url,
            click_ids=self.stores.click_ids,
        )

    def _desk_pages(self) -> DeskPages:
        stores = self.stores
        staff = Staff(stores.ledger, stores.click_ids, stores.find_click, now=_now)
        return desk_pages(
            lambda: self.programme, stores.ledger, staff, self.secrets, public_url=self.settings.public_url
        )

    def _health(self) -> Health:
        return health(self.stores, self.warehouse, self.clicks, self.telemetry, self.is_leaving)


def _kinds(postbacks: Iterable[web.RouteDef], health: Iterable[web.RouteDef]) -> dict[str, str]:
    """What is asked for at each path: pages are the rest."""
    return {
        "/go/{partner}": CLICK_OUT,
        "/go/{partner}/check": "checks",
        "/tag": "tag",
        **dict.fromkeys(paths_of(postbacks), "postback"),
        **dict.fromkeys(paths_of(health), HEALTH),
    }


def _new_request_id() -> str:
    return os.urandom(8).hex()


def _now() -> datetime:
    return datetime.now(UTC)

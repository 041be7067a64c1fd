"""Every route is for everybody or has a lock: whoever adds one has to say which, here. Walked on the real router."""

import hmac
import time
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from tests.running import RunningTracker, secrets_of
from tracker.app.in_force import InForce
from tracker.app.limiting import Limiting
from tracker.app.routes import Routes
from tracker.app.stores import journaled_clicks, open_stores, open_warehouse
from tracker.postback.senders import own_paths
from tracker.redirect.tokens import OpenedTokens, Tokens
from tracker.reports import access
from tracker.settings import read_settings
from tracker.telemetry import Telemetry
from tracker.web import TrustedProxies

# For everybody, by what their addresses begin with.
OPEN = (
    "/go/{partner}", "/checks/", "/tag", "/pb/{partner}/{secret}", "/partners/{partner}", "/my", "/healthz", "/readyz",
    "/metrics",
)  # fmt: skip
BAITS = ("/ads-front.min.js", "/x_468x60_y.json")
# With a token, and what whoever has none is answered.
LOCKED = {"/reports": 401, "/partner/{partner}": 404, "/desk": 404}
VALUES = {"{partner}": "lab", "{page}": "refusals", "{run}": "1", "{queue}": "late", "{order}": "A-1"}


@pytest.fixture(scope="module", name="routes")
async def all_routes(tracker: RunningTracker) -> AsyncIterator[set[tuple[str, str]]]:
    settings = read_settings({name: value for name, value in tracker.environment.items() if "TRACKER_" in name})
    secrets = secrets_of(tracker)
    telemetry = Telemetry()
    async with (
        open_warehouse(settings) as warehouse,
        open_stores(settings, secrets, warehouse.old_clicks, telemetry) as stores,
        journaled_clicks(settings, stores, telemetry) as clicks,
    ):
        worker = Routes(
            settings, secrets, InForce(settings, telemetry), TrustedProxies(), telemetry, Limiting.by(settings), stores,
            warehouse, clicks, lambda: False,
        )  # fmt: skip
        yield {
            (route.method, route.resource.canonical)
            for route in worker.application().router.routes()
            if route.resource is not None
        }


def lock_of(path: str) -> str | None:
    return next((lock for lock in LOCKED if path == lock or path.startswith(f"{lock}/")), None)


def test_every_route_is_open_on_purpose_or_locked(routes: set[tuple[str, str]]) -> None:
    """The networks' own paths are for everybody who brings a partner's proof."""
    networks = {web.UrlDispatcher().add_resource(own + slash).canonical for own in own_paths() for slash in ("", "/")}
    assert len(routes) > 40
    assert {
        path
        for _, path in routes - {("GET", "/"), ("HEAD", "/")}
        if not lock_of(path) and path not in networks and not path.startswith(OPEN) and not path.endswith(BAITS)
    } == set()


async def test_whoever_has_no_token_is_let_in_nowhere(tracker: RunningTracker, routes: set[tuple[str, str]]) -> None:
    """Nor with a guess, with the key of another lock, with a cookie of another purpose or another key."""
    secrets = secrets_of(tracker)
    now = time.time()
    cookies = [
        "", "x", secrets.reports, secrets.desk,
        Tokens(secrets.link, secrets.cookie).make_shopper_cookie("shopper-1", now),
        OpenedTokens("5a" * 32).make(now),
    ]  # fmt: skip
    locked = sorted((method, path) for method, path in routes if lock_of(path))
    assert len(locked) > 10
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        for method, path in locked:
            for cookie in cookies:
                address = path
                for name, value in VALUES.items():
                    address = address.replace(name, value)
                headers = {"Cookie": "; ".join(f"{name}={cookie}" for name in ("analyst", "desk", "partner-lab"))}
                verb = "GET" if method == "*" else method
                url = tracker.url + address
                async with client.request(verb, url, headers=headers, allow_redirects=False) as answer:
                    lock = lock_of(path)
                    assert lock is not None
                    assert answer.status == LOCKED[lock], (verb, address, cookie[:8])
                    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_is_compared_in_the_same_time_whatever_is_right(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[bytes, bytes]] = []
    honest = hmac.compare_digest

    def noting(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return honest(one, other)

    monkeypatch.setattr(hmac, "compare_digest", noting)
    token = "7c" * 32
    lock = access.Access(token, OpenedTokens(token), over_tls=False, now=lambda: 1.0)
    for given in (token, token[:-1], "", "7"):
        request = make_mocked_request("GET", f"/reports?token={given}")
        answer = lock.take_token(request)
        assert answer is not None
        assert ("Set-Cookie" in answer.headers) == (given == token)
    assert [one for one, _ in compared if len(one) <= 64] == [b"7c" * 32, (b"7c" * 32)[:-1], b"", b"7"]

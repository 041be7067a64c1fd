"""`/tag.js` out and `/tag` in, on a real server with real click ids. Behind it stands a recorder: the flow is tested
with the stores."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from tests.agents import DESKTOP
from tests.demo.setting import programme
from tests.tag.test_report import GOOD
from tracker.core.facts import TagFact
from tracker.core.signing_keys import since_ever
from tracker.errors import StoreUnavailableError
from tracker.redirect.click_id import SignedClickIds
from tracker.tag.endpoint import TagEndpoint
from tracker.tag.scripts import script
from tracker.tag.self_test import SelfTestPage
from tracker.telemetry import OUR_ERRORS, TAG_CLICKS_NOT_OURS, TAG_REPORTS, Telemetry
from tracker.web import TrustedProxies, middleware, request_id
from tracker.web.hashing import KeyedHash

NOW = datetime(2026, 11, 24, 12, 0, 0, 250_000, tzinfo=UTC)
CLICK_IDS = SignedClickIds(since_ever("5a" * 32), clock=NOW.timestamp)
MINE = CLICK_IDS.make("lamoda", 1, int(NOW.timestamp()), 1)
NEWER = CLICK_IDS.make("lamoda", 1, int(NOW.timestamp()), 2)
ANOTHERS = CLICK_IDS.make("labirint", 1, int(NOW.timestamp()), 3)


@dataclass
class Setting:
    client: TestClient[web.Request, web.Application]
    telemetry: Telemetry
    taken: list[TagFact] = field(default_factory=list)
    away: bool = False

    async def take(self, fact: TagFact) -> None:
        if self.away:
            raise StoreUnavailableError("PostgreSQL does not answer")
        self.taken.append(fact)

    async def send(self, body: bytes | None = None, *, agent: str = DESKTOP, **changes: object) -> ClientResponse:
        sent = json.dumps(GOOD | {"click": MINE, "cookie": MINE} | changes).encode() if body is None else body
        headers = {"User-Agent": agent, "Content-Type": "text/plain", "Origin": "https://www.lamoda.example"}
        async with self.client.post("/tag", data=sent, headers=headers) as answer:
            await answer.read()
            return answer


@pytest.fixture
async def setting() -> AsyncIterator[Setting]:
    telemetry = Telemetry()
    numbers = count(1)
    app = web.Application(middlewares=[middleware(telemetry, lambda: f"request-{next(numbers)}")])
    client = TestClient(TestServer(app))
    made = Setting(client, telemetry)
    partners = programme().partners
    endpoint = TagEndpoint(
        partners=lambda: partners,
        click_ids=CLICK_IDS,
        reports=made,
        hashes=KeyedHash("1f" * 32),
        telemetry=telemetry,
        now=lambda: NOW,
        address=TrustedProxies().address_of,
        request_id=request_id,
    )
    page = SelfTestPage(lambda: partners, name="Programme", public_url="https://go.example/")
    app.add_routes([*endpoint.routes(), *page.routes()])
    async with client:
        yield made


async def test_a_report_is_taken_with_what_the_edge_knows(setting: Setting) -> None:
    answer = await setting.send()

    assert answer.status == 204
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    [fact] = setting.taken
    assert (fact.click_id, fact.cookie_click_id, fact.order_id) == (MINE, MINE, "A-1")
    assert (fact.browser_family, fact.device, fact.request_id) == ("Chrome", "desktop", "request-1")
    assert fact.reported_at_us == round(NOW.timestamp() * 1_000_000)
    assert 0 not in (fact.user_agent_hash, fact.address_hash)
    assert setting.telemetry.value(TAG_REPORTS, "confirmation", "same_tab") == 1


@pytest.mark.parametrize("text", [ANOTHERS, "c" * 30, MINE[:-1] + ("0" if MINE[-1] != "0" else "1"), "x", "{click_id}"])
async def test_a_click_id_that_we_did_not_sign_for_this_partner_is_left_out_and_counted(
    setting: Setting, text: str
) -> None:
    assert (await setting.send(click=text, cookie=NEWER)).status == 204

    assert (setting.taken[0].click_id, setting.taken[0].cookie_click_id) == ("", NEWER)
    assert setting.telemetry.value(TAG_CLICKS_NOT_OURS) == 1


async def test_a_tab_without_a_click_is_nothing_to_count(setting: Setting) -> None:
    await setting.send(click="", cookie="", tab="other_session")

    assert (setting.taken[0].click_id, setting.taken[0].cookie_click_id) == ("", "")
    assert setting.telemetry.value(TAG_CLICKS_NOT_OURS) == 0


@pytest.mark.parametrize(
    "agent", ["", "curl/8.5.0", "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"]
)
async def test_bots_are_answered_and_not_believed(setting: Setting, agent: str) -> None:
    assert (await setting.send(agent=agent)).status == 204
    assert setting.taken == []


async def test_what_no_tag_sends_is_refused_with_a_code(setting: Setting) -> None:
    answers = [
        (await setting.send(b"not json"), 400, "malformed"),
        (await setting.send(tab="same"), 400, "malformed"),
        (await setting.send(partner="nobody"), 404, "unknown_partner"),
        (await setting.send(b"x" * 4097), 413, "too_large"),
    ]

    for answer, status, code in answers:
        assert answer.status == status
        assert (await answer.json())["code"] == code
    assert setting.taken == []


async def test_a_body_without_a_length_is_read_no_further_than_the_limit(setting: Setting) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(1000):
            yield b"x" * 1000

    async with setting.client.post("/tag", data=endless(), headers={"User-Agent": DESKTOP}) as answer:
        assert answer.status == 413


async def test_a_store_that_is_away_is_said_so(setting: Setting) -> None:
    setting.away = True
    answer = await setting.send()

    assert answer.status == 503
    assert setting.telemetry.value(OUR_ERRORS, "store_unavailable") == 1
    assert setting.telemetry.value(TAG_REPORTS, "confirmation", "same_tab") == 0


@pytest.mark.parametrize("name", ["tag.js", "tag/self-test.js"])
async def test_the_scripts_are_kept_for_an_hour_and_asked_for_again_by_their_version(
    setting: Setting, name: str
) -> None:
    async with setting.client.get(f"/{name}") as answer:
        text, headers = await answer.text(), answer.headers
    assert headers["Cache-Control"] == "public, max-age=3600"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "Set-Cookie" not in headers
    assert text == script(name.removeprefix("tag/")).text

    async with setting.client.get(f"/{name}", headers={"If-None-Match": headers["ETag"]}) as answer:
        assert (answer.status, await answer.read()) == (304, b"")


async def test_a_browser_gets_the_tag_compressed_and_others_as_it_is(setting: Setting) -> None:
    async with setting.client.get("/tag.js", headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.headers["Content-Encoding"] == "gzip"
        compressed = await answer.text()
    async with setting.client.get("/tag.js", headers={"Accept-Encoding": "identity"}) as answer:
        assert "Content-Encoding" not in answer.headers
        assert await answer.text() == compressed


def test_the_tag_is_small_names_its_version_and_can_stand_in_a_page() -> None:
    tag = script("tag.js")

    assert len(tag.body) < 6_400
    assert len(tag.compressed) < 2_700
    assert f"VERSION = '{tag.version}'" in tag.text
    assert "</script" not in tag.text.lower()
    assert "<!--" not in tag.text


async def get(setting: Setting, path: str, language: str = "en") -> tuple[int, str]:
    async with setting.client.get(path, headers={"Accept-Language": language}) as answer:
        return answer.status, await answer.text()


async def test_the_self_test_page_has_the_partner_s_own_snippets_and_link(setting: Setting) -> None:
    home = programme().partners["lamoda"].home
    for language, word in (("en", "Testing Lamoda"), ("ru", "Проверка магазина «Lamoda»")):
        status, page = await get(setting, "/tag/self-test?partner=lamoda", language)
        assert status == 200
        assert word in page
        assert '&lt;script src="https://go.example/tag.js" async\n  data-partner="lamoda"&gt;' in page
        assert f'href="{home}?ct_test=1"' in page


async def test_the_self_test_page_asks_whose_shop_it_is(setting: Setting) -> None:
    status, page = await get(setting, "/tag/self-test")

    assert status == 200
    assert '<option value="lamoda">Lamoda</option>' in page
    assert (await get(setting, "/tag/self-test?partner=nobody"))[0] == 404

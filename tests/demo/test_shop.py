"""What a buyer does in a demo shop, and what the shop then tells whoever answers at the tracker's address."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.demo.setting import PORT, programme
from tracker.demo.site import demo_site
from tracker.errors import TrackerError
from tracker.tag.baits import BAITS

CLICK_ID = "c7k2m9x4q8w3e5r6t1y2h3j4k5m6n7"
SIGN_IN = f"programme.localhost:{PORT}"


@dataclass
class Receiver:
    """Stands where the tracker stands, and keeps what it is sent."""

    reply: web.Response | None = field(default_factory=lambda: web.Response(text="OK"))  # None: hangs up
    paths: list[str] = field(default_factory=list)
    messages: list[dict[str, str]] = field(default_factory=list)

    async def receive(self, request: web.Request) -> web.Response:
        self.paths.append(request.path)
        self.messages.append({**request.query, **{name: str(value) for name, value in (await request.post()).items()}})
        if self.reply is None:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        return web.Response(status=self.reply.status, body=self.reply.body, content_type=self.reply.content_type)


@dataclass
class Visitor:
    """A browser in one shop, with its cookies."""

    client: TestClient[web.Request, web.Application]
    receiver: Receiver
    host: str
    tracker_url: str

    async def get(self, path: str, language: str = "en") -> tuple[int, str]:
        async with self.client.get(path, headers={"Host": self.host, "Accept-Language": language}) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str, headers: Mapping[str, str] | None = None, **form: str) -> tuple[int, str]:
        """The status, and where the answer leads."""
        sent = {"Host": self.host, "Sec-Fetch-Site": "same-origin"} | dict(headers or {})
        async with self.client.post(path, data=form, headers=sent, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", "")


@asynccontextmanager
async def visiting(host: str) -> AsyncIterator[Visitor]:
    receiver = Receiver()
    tracker = web.Application()
    tracker.add_routes([web.route("*", "/pb/{partner}/{secret}", receiver.receive)])
    numbers = count(701122334)
    async with TestServer(tracker) as standing, aiohttp.ClientSession() as shop_client:
        tracker_url = str(standing.make_url("")).rstrip("/")
        shops = web.Application()
        shops.add_routes(
            demo_site(
                programme(),
                tracker_url,
                shop_client,
                make_link=make_link,
                now=lambda: datetime.now(UTC),
                new_number=lambda: next(numbers),
            )
        )
        jar = aiohttp.CookieJar(unsafe=True)
        async with TestClient(TestServer(shops), cookie_jar=jar) as client:
            yield Visitor(client, receiver, host, tracker_url)


def make_link(shopper: str, partner: str) -> str:
    if " " in shopper or not shopper:
        raise TrackerError("no shopper id")
    return f"{shopper}.{partner}"


@pytest.fixture
async def lamoda() -> AsyncIterator[Visitor]:
    async with visiting(f"lamoda.shop.localhost:{PORT}") as visitor:
        yield visitor


@pytest.fixture
async def operator() -> AsyncIterator[Visitor]:
    async with visiting("operator-shop.shop.localhost") as visitor:  # as some browsers write it: without the port
        yield visitor


async def test_a_buyer_lands_buys_and_the_shop_reports_the_order_and_its_approval(lamoda: Visitor) -> None:
    assert (await lamoda.get(f"/?subid4={CLICK_ID}&ulp=x"))[0] == 200
    await lamoda.post("/basket", product="p1")
    await lamoda.post("/basket", product="p3")
    assert "4 980" in (await lamoda.get("/basket"))[1].replace("\u00a0", " ")
    status, order = await lamoda.post("/orders", delivery="courier", origin="app", tariff="premium")
    assert (status, order) == (303, "/orders/LAM-701122334")
    assert await lamoda.post(order, act="approve") == (303, order)

    new, approved = lamoda.receiver.messages
    assert lamoda.receiver.paths == ["/pb/lamoda/secret-of-lamoda_postback_secret"] * 2
    assert (new["subid4"], new["payment_status"], new["order_sum"]) == (CLICK_ID, "new", "4980.00")
    assert (new["action_id"], new["origin"]) == ("premium", "app")
    assert approved == new | {"payment_status": "approved"}
    assert "The basket is empty" in (await lamoda.get("/basket"))[1]


async def test_the_order_page_shows_what_was_sent_and_answered_but_never_the_secret(operator: Visitor) -> None:
    operator.receiver.reply = web.json_response({"verdict": "decided", "reasons": []})
    await operator.get(f"/?sub={CLICK_ID}")
    await operator.post("/basket", product="p2")
    _, order = await operator.post("/orders")
    _, page = await operator.get(order)

    assert f"POST {operator.tracker_url}/pb/operator-shop/***" in page
    assert "secret" not in page.replace("The secret in the address is masked.", "")
    assert f"click_id={CLICK_ID}" in page
    assert "Answer: 200" in page
    assert "Verdict: decided" in page


async def test_every_page_carries_the_tag_and_the_order_page_names_its_order(lamoda: Visitor) -> None:
    _, landing = await lamoda.get(f"/?subid4={CLICK_ID}")
    await lamoda.post("/basket", product="p1")
    _, order = await lamoda.post("/orders")
    _, confirmation = await lamoda.get(order)
    tag = f'<script src="{lamoda.tracker_url}/tag.js" async data-partner="lamoda" data-bait="/static"'

    assert f"{tag}></script>" in landing
    assert f'{tag} data-order="{order.removeprefix("/orders/")}"></script>' in confirmation
    async with lamoda.client.get("/", headers={"Host": lamoda.host}) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert f"script-src 'self' {lamoda.tracker_url}; connect-src 'self' {lamoda.tracker_url}" in policy


async def test_an_order_that_nobody_is_told_of_is_not_told_by_the_tag_either(lamoda: Visitor) -> None:
    await lamoda.post("/basket", product="p1")
    _, order = await lamoda.post("/orders")

    assert "data-order" not in (await lamoda.get(order))[1]


async def test_the_shop_serves_the_bait_files_as_the_programme_gives_them(lamoda: Visitor) -> None:
    for name, file in BAITS.items():
        assert await lamoda.get(f"/static/{name}") == (200, file.text)
    assert (await lamoda.get("/static/else.js"))[0] == 404


@pytest.mark.parametrize(("answers", "shown"), [(True, "Answer: 503"), (False, "Answer: no answer")])
async def test_a_failure_of_the_tracker_is_shown_and_the_order_stands(
    lamoda: Visitor, answers: bool, shown: str
) -> None:
    lamoda.receiver.reply = web.Response(status=503, text="later") if answers else None
    await lamoda.get(f"/?subid4={CLICK_ID}")
    await lamoda.post("/basket", product="p1")
    _, order = await lamoda.post("/orders")

    status, page = await lamoda.get(order)
    assert status == 200
    assert shown in page


async def test_a_message_can_be_sent_twice_and_a_second_click_on_a_decision_sends_nothing(lamoda: Visitor) -> None:
    await lamoda.get(f"/?subid4={CLICK_ID}")
    await lamoda.post("/basket", product="p1")
    _, order = await lamoda.post("/orders")
    for act in ("approve", "approve", "repeat"):
        await lamoda.post(order, act=act)

    said = [message["payment_status"] for message in lamoda.receiver.messages]
    assert said == ["new", "approved", "approved"]


async def test_the_newest_click_id_counts(lamoda: Visitor) -> None:
    newer = CLICK_ID[::-1]
    await lamoda.get(f"/?subid4={CLICK_ID}")
    await lamoda.get(f"/?subid4={newer}")
    await lamoda.post("/basket", product="p1")
    await lamoda.post("/orders")

    assert [message["subid4"] for message in lamoda.receiver.messages] == [newer]


async def test_a_buyer_whom_nobody_sent_buys_and_nobody_is_told(lamoda: Visitor) -> None:
    await lamoda.get("/")
    await lamoda.post("/basket", product="p1")
    _, order = await lamoda.post("/orders")

    assert "nobody is told" in (await lamoda.get(order))[1]
    assert lamoda.receiver.messages == []


async def test_an_application_has_a_form_instead_of_a_basket() -> None:
    async with visiting(f"card-offer.shop.localhost:{PORT}") as bank:
        _, page = await bank.get(f"/?click={CLICK_ID}")
        assert ("/orders" in page, "/basket" in page) == (True, False)
        _, order = await bank.post("/orders")
        await bank.post(order, act="approve")

        said = [(message["application"], message["status"]) for message in bank.receiver.messages]
        assert said == [("CAR-701122334", "received"), ("CAR-701122334", "issued")]
        assert "amount" not in bank.receiver.messages[0]


async def test_an_empty_basket_makes_no_order(lamoda: Visitor) -> None:
    assert await lamoda.post("/orders") == (303, "/basket")
    await lamoda.post("/basket", product="p1")
    await lamoda.post("/basket", product="p1", change="fewer")
    assert await lamoda.post("/orders") == (303, "/basket")


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}], ids=["another site", "another shop"]
)
async def test_a_form_of_another_page_is_refused(lamoda: Visitor, headers: dict[str, str]) -> None:
    assert (await lamoda.post("/basket", headers, product="p1"))[0] == 403


async def test_a_browser_without_fetch_metadata_is_known_by_its_origin(lamoda: Visitor) -> None:
    async with lamoda.client.post("/basket", headers={"Host": lamoda.host, "Origin": "http://evil.example"}) as refused:
        assert refused.status == 403
    own = {"Host": lamoda.host, "Origin": f"http://{lamoda.host}"}
    async with lamoda.client.post("/basket", headers=own, allow_redirects=False) as taken:
        assert taken.status == 303


async def test_a_forgotten_order_is_said_to_be_forgotten(lamoda: Visitor) -> None:
    status, page = await lamoda.get("/orders/LAM-1")

    assert status == 404
    assert "forgets all orders at a restart" in page


async def test_one_shop_does_not_show_another_shop_s_orders(lamoda: Visitor) -> None:
    await lamoda.post("/basket", product="p1")
    _, order = await lamoda.post("/orders")
    assert order.rpartition("/")[2] in (await lamoda.get("/orders"))[1]
    lamoda.host = f"ozon.shop.localhost:{PORT}"

    assert (await lamoda.get(order))[0] == 404
    assert "No orders yet" in (await lamoda.get("/orders"))[1]


@pytest.mark.parametrize("host", ["localhost", f"unknown.shop.localhost:{PORT}", "lamoda.shop.example", SIGN_IN])
async def test_an_unknown_host_lists_the_shops(lamoda: Visitor, host: str) -> None:
    lamoda.host = host
    status, page = await lamoda.get("/")

    assert status == 200
    assert f"http://rail-tickets.shop.localhost:{PORT}/" in page


@pytest.mark.parametrize(("language", "words"), [("ru", "Выберите, что купить"), ("en", "Choose what to buy")])
async def test_a_shop_speaks_the_buyer_s_language(lamoda: Visitor, language: str, words: str) -> None:
    assert words in (await lamoda.get("/", language))[1]


async def test_a_shop_of_dollars_names_its_prices_in_dollars() -> None:
    async with visiting(f"aliexpress-global.shop.localhost:{PORT}") as shop:
        assert "$38.99" in (await shop.get("/"))[1]


@pytest.mark.parametrize(
    ("back", "leads_to"),
    [
        ("", "/?s=shopper-1.*"),
        ("/my", "/my?s=shopper-1.*"),
        ("/go/lamoda", "/go/lamoda?s=shopper-1.lamoda"),
        ("/go/lamoda?s=old&url=https%3A%2F%2Fa.b%2F", "/go/lamoda?url=https%3A%2F%2Fa.b%2F&s=shopper-1.lamoda"),
    ],
)
async def test_signing_in_leads_back_with_a_signed_link_to_that_partner(back: str, leads_to: str) -> None:
    async with visiting(SIGN_IN) as shopper:
        address = shopper.tracker_url + back if back else ""

        assert (await shopper.get(f"/sign-in?back={address}"))[0] == 200
        assert await shopper.post("/sign-in", back=address, shopper="shopper-1") == (
            303,
            shopper.tracker_url + leads_to,
        )


@pytest.mark.parametrize(
    "back",
    [
        "https://evil.example/",
        "//evil.example",
        "{tracker}.evil.example/",
        "{tracker}@evil.example/",
        "{tracker}/a\r\nSet-Cookie: b",
    ],
)
async def test_signing_in_never_leads_elsewhere_than_to_the_tracker(back: str) -> None:
    async with visiting(SIGN_IN) as shopper:
        address = back.replace("{tracker}", shopper.tracker_url)

        assert (await shopper.post("/sign-in", back=address, shopper="shopper-1")) == (400, "")


async def test_what_is_no_shopper_id_is_asked_for_again_and_the_way_back_is_kept() -> None:
    async with visiting(SIGN_IN) as shopper:
        back = f"{shopper.tracker_url}/my"
        status, again = await shopper.post("/sign-in", back=back, shopper="two words")

        assert status == 303
        assert parse_qs(urlsplit(again).query)["back"] == [back]
        assert "This is no shopper id" in (await shopper.get(again))[1]


async def test_a_shop_has_no_sign_in(lamoda: Visitor) -> None:
    assert (await lamoda.get("/sign-in"))[0] == 404

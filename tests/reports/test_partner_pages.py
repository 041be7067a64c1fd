"""A partner's own page: who gets in, what it says of real messages, and that it keeps what is not the partner's."""

import html
import json
import re

import aiohttp
import pytest

from tests.journeys.test_pages import browser
from tests.reports.conftest import Typed
from tests.running import RunningTracker, secrets_of
from tracker.core.reasons import MessageCode, Reason
from tracker.reports.access import partner_token
from tracker.reports.partner.checklist import Item
from tracker.reports.partner.fixes import FIXES
from tracker.reports.partner.texts import TEXTS

CANARY = "A-<script>alert('1')</script>"  # alone it would be the macro of a network


def page_url(tracker: RunningTracker, partner_id: str, token: str | None = None) -> str:
    if token is None:
        token = partner_token(secrets_of(tracker).pages, partner_id)
    return f"{tracker.url}/partner/{partner_id}?token={token}"


async def page(client: aiohttp.ClientSession, url: str, **more: str) -> str:
    async with client.get(url, params=more or None) as answer:
        assert answer.status == 200, url
        return html.unescape(await answer.text())


async def send(tracker: RunningTracker, partner_id: str, **fields: str) -> int:
    url = tracker.postback_url(partner_id)
    async with aiohttp.ClientSession() as client, client.get(url, params=fields) as answer:
        return answer.status


def green(overview: str) -> set[str]:
    """The items of the checklist that are."""
    cards = re.findall(r'<h3>([^<]*)</h3>\s*<span><span class="tag ([^"]*)">', overview)
    return {what for what, look in cards if look == "good"}


async def click_of_nobody(client: aiohttp.ClientSession, tracker: RunningTracker, overview: str) -> str:
    """By the link on the page."""
    found = re.search(r'href="(/go/[^"]*)"', overview)
    assert found is not None
    async with client.get(tracker.url + found[1], allow_redirects=False) as answer:
        assert answer.status == 302
        [click_id] = re.findall("[a-z][0-9a-z]{29}", answer.headers["Location"])
    return str(click_id)


async def test_the_checklist_turns_green_by_real_messages_alone(tracker: RunningTracker) -> None:
    items = {item: said for item, (said, _) in TEXTS["en"].items.items()}
    async with browser() as client:
        overview = await page(client, page_url(tracker, "newcomer"))
        overview = await page(client, f"{tracker.url}/partner/newcomer", lang="en")
        assert green(overview) == set()
        await client.post(
            f"{tracker.url}/partner/newcomer/try",
            data={"request": "order_id=A&click_id={click_id}&status=approved&amount=1300&delivery=300"},
        )
        url = f"{tracker.url}/partner/newcomer"
        assert green(await page(client, url)) == set(), "a trial is no message"

        assert await send(tracker, "newcomer", test="1") == 200
        shown = {items[Item.REACHED], items[Item.TESTED]}
        assert green(await page(client, url)) == shown

        click_id = await click_of_nobody(client, tracker, overview)
        order = {"order_id": "N-1", "click_id": click_id}
        assert await send(tracker, "newcomer", **order, status="approved", amount="1300") == 422
        overview = await page(client, url)
        assert green(overview) == shown, "delivery was missing"
        assert FIXES["en"][MessageCode.DELIVERY_MISSING] in overview

        assert await send(tracker, "newcomer", **order, status="delivered") == 200
        shown |= {items[Item.MATCHED]}
        overview = await page(client, url)
        assert green(overview) == shown
        assert "We do not know this status: delivered." in overview

        assert await send(tracker, "newcomer", **order, status="approved", amount="1300", delivery="300") == 200
        shown |= {items[Item.SUMS_AND_DELIVERY], items[Item.DECIDED], items[Item.APPROVED]}
        overview = await page(client, url)
        assert green(overview) == shown
        assert FIXES["en"][Reason.NO_SHOPPER] in overview

        assert await send(tracker, "newcomer", **order, status="declined") == 200
        assert green(await page(client, url)) == shown | {items[Item.TAKEN_BACK]}


async def test_the_address_that_is_printed_opens_the_page_and_leaves_no_token_behind(
    tracker: RunningTracker, typed: Typed
) -> None:
    address = typed("partner-url", "shop").strip()
    assert address == page_url(tracker, "shop")
    async with browser() as client, client.get(address) as answer:
        overview = html.unescape(await answer.text())
        [first] = answer.history
    assert (answer.status, str(answer.url)) == (200, f"{tracker.url}/partner/shop")
    assert re.fullmatch(
        r"partner-shop=[\w-]+\.[\w-]+; Max-Age=43200; Path=/; HttpOnly; SameSite=Lax", first.headers["Set-Cookie"]
    )
    assert answer.headers["Cache-Control"] == "no-store"
    assert f"{tracker.postback_url('shop')}?" in overview
    assert "subid4=[[[subid4]]]" in overview
    secrets = secrets_of(tracker)
    foreign = [secret for name, secret in secrets.postback.items() if not name.startswith("SHOP_")]
    assert [secret for secret in (*foreign, secrets.pages, secrets.desk, secrets.reports) if secret in overview] == []
    token = address.partition("token=")[2]
    assert token not in overview + tracker.log.read_text()


@pytest.mark.parametrize("path", ["", "/log", "/try"])
async def test_without_its_own_token_nobody_sees_a_partner_s_page(tracker: RunningTracker, path: str) -> None:
    others = partner_token(secrets_of(tracker).pages, "lab")
    async with browser() as client:
        await page(client, page_url(tracker, "lab"))
        await page(client, f"{tracker.url}/partner/lab{path}")
        for token in ("", "?token=", f"?token={others}", f"?token={others.upper()}", "?token=%FF%ED%A0%80"):
            async with client.get(f"{tracker.url}/partner/shop{path}{token}") as answer:
                assert answer.status == 404, token
                assert "SHOP" not in await answer.text()
        async with client.get(f"{tracker.url}/partner/nobody{path}?token={others}") as answer:
            assert answer.status == 404
        [cookie] = [one for one in client.cookie_jar if one.key == "partner-lab"]
    renamed = browser(Cookie=f"partner-shop={cookie.value}")
    async with renamed as client, client.get(f"{tracker.url}/partner/shop{path}") as answer:
        assert answer.status == 404, "the cookie of one partner opens no other page"


async def test_the_log_shows_each_verdict_with_its_fix_and_no_secret(tracker: RunningTracker) -> None:
    secret = tracker.postback_url("ali").rpartition("/")[2]
    await send(tracker, "ali", order_id=CANARY, status="approved", amount="ten", token="hidden-value")
    await send(tracker, "ali", order_id="SEEN-IN-LOG", status="approved", amount="10", note=secret)
    async with browser() as client:
        await page(client, page_url(tracker, "ali"))
        async with client.get(f"{tracker.url}/partner/ali/log?lang=ru") as answer:
            sent = await answer.text()
            assert answer.headers["Refresh"] == "10"
        async with client.get(f"{tracker.url}/partner/ali/log?stopped=1") as answer:
            assert "Refresh" not in answer.headers
    log = html.unescape(sent)
    assert FIXES["ru"][MessageCode.AMOUNT_BAD] in log
    assert FIXES["ru"][Reason.UNKNOWN_CLICK] in log
    assert "SEEN-IN-LOG" in log
    assert "token=***" in log
    assert "<script" not in sent
    assert not [hidden for hidden in ("hidden-value", secret) if hidden in log]


TRIED = "order_id=A-1&click_id={click_id}&status=approved&amount=1000.00"


@pytest.mark.parametrize(
    ("pasted", "previous"),
    [
        (TRIED, ""),
        (f"/pb/lab/SECRET?{TRIED}", ""),
        ("/pb/lab/not-the-secret?order_id=A-1", ""),
        (TRIED.replace("1000.00", "1200.00"), f"{TRIED}\r\n{TRIED}"),
        ("order_id=A-1&amount=ten", ""),
        (f"order_id={CANARY}&click_id={{click_id}}", ""),
    ],
)
async def test_a_pasted_request_is_tried_as_the_command_tries_it(
    tracker: RunningTracker, typed: Typed, pasted: str, previous: str
) -> None:
    pasted = pasted.replace("SECRET", tracker.postback_url("lab").rpartition("/")[2])
    before = [part for line in previous.splitlines() for part in ("--previous", line)]
    command = json.loads(typed("try-postback", "lab", pasted, *before, "--json"))
    async with browser() as client:
        await page(client, page_url(tracker, "lab"))
        async with client.post(
            f"{tracker.url}/partner/lab/try?lang=en", data={"request": pasted, "previous": previous}
        ) as answer:
            sent = await answer.text()
    assert (answer.status, "<script" in sent) == (200, False)
    found = re.search(r'<pre id="object"[^>]*>(.*?)</pre>', sent, re.DOTALL)
    assert found is not None
    tried = json.loads(html.unescape(found[1]))
    assert {**tried, "click_id": ""} == {**command, "click_id": ""}, "the imagined clicks differ in time"
    for code in tried["reasons"]:
        assert FIXES["en"][code] in html.unescape(sent)


async def tried(tracker: RunningTracker, pasted: str) -> str:
    async with browser() as client:
        await page(client, page_url(tracker, "lab"))
        async with client.post(f"{tracker.url}/partner/lab/try", data={"request": pasted}) as answer:
            assert answer.status == 200
            return html.unescape(await answer.text())


async def test_what_is_no_form_is_told_so_and_is_no_fault_of_ours(tracker: RunningTracker) -> None:
    body, kind = b"--a\r\n[]--a--\r\n", {"Content-Type": "multipart/form-data; boundary=a"}
    async with browser() as client:
        await page(client, page_url(tracker, "lab"))
        async with client.post(f"{tracker.url}/partner/lab/try", data=body, headers=kind) as answer:
            assert answer.status == 400


async def test_a_pasted_request_may_be_a_whole_one(tracker: RunningTracker) -> None:
    path = tracker.postback_url("lab").removeprefix(tracker.url)
    body = f"\r\n\r\n{TRIED}"
    said = await tried(tracker, f"POST {path} HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded{body}")
    assert '"cashback": 50' in said


async def test_a_click_id_that_was_really_sent_stands_for_the_imagined_click(tracker: RunningTracker) -> None:
    async with browser() as client:
        overview = await page(client, page_url(tracker, "lab"))
        click_id = await click_of_nobody(client, tracker, overview)
    assert '"cashback": 50' in await tried(tracker, TRIED.replace("{click_id}", click_id))


@pytest.mark.parametrize("pasted", ["http://[", "GET http://[ HTTP/1.1\r\n\r\n", "//", "\x00", "{", "🙂" * 5000])
async def test_whatever_is_pasted_is_answered(tracker: RunningTracker, pasted: str) -> None:
    assert '"http_status":' in await tried(tracker, pasted)


@pytest.mark.parametrize("pasted", ["@/etc/hostname", " @ @/etc/hostname", "@" * 9, ""])
async def test_a_pasted_text_names_no_file_of_ours(tracker: RunningTracker, pasted: str) -> None:
    said = await tried(tracker, pasted)
    assert "cannot be read" not in said
    assert "unparseable" not in said

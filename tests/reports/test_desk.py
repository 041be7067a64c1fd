"""The staff's desk on a running tracker: who gets in, what is listed, and acts that nobody else can make staff do."""

import html
import re
import time
from datetime import UTC, datetime, timedelta
from itertools import count

import aiohttp
import pytest

from tests.journeys.test_pages import browser
from tests.journeys.test_staff_work import available, click_out, report
from tests.reports.conftest import Typed
from tests.running import RunningTracker, secrets_of
from tracker.redirect.tokens import OpenedTokens
from tracker.reports.desk.endpoint import ORDER_QUEUES, WAITING

CANARY = "A-<script>alert('1')</script>&\"%2F/../?#"
numbers = count(1)


async def sign_in(client: aiohttp.ClientSession, tracker: RunningTracker) -> str:
    async with client.get(f"{tracker.url}/desk?token={secrets_of(tracker).desk}") as answer:
        assert answer.status == 200
    return await page(client, f"{tracker.url}/desk?lang=en")


async def page(client: aiohttp.ClientSession, url: str, status: int = 200) -> str:
    async with client.get(url) as answer:
        assert answer.status == status, url
        return await answer.text()


async def open_order(client: aiohttp.ClientSession, tracker: RunningTracker, order_id: str) -> str:
    async with client.get(f"{tracker.url}/desk/order", params={"partner": "lab", "order": order_id}) as answer:
        assert answer.status == 200
        return await answer.text()


def form_of(shown: str, **typed: str) -> dict[str, str]:
    """The first form of the page, with what staff typed."""
    hidden = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', shown)
    return {name: html.unescape(value) for name, value in hidden} | {"reason": "a receipt", "staff": "anna"} | typed


async def act(
    client: aiohttp.ClientSession, tracker: RunningTracker, form: dict[str, str], **headers: str
) -> tuple[int, str]:
    headers = {"Origin": tracker.url} | {name.replace("_", "-"): value for name, value in headers.items()}
    async with client.post(f"{tracker.url}/desk/order", data=form, headers=headers) as answer:
        return answer.status, html.unescape(await answer.text())


async def late_order(tracker: RunningTracker) -> tuple[str, str]:
    """Its shopper and its id."""
    number = next(numbers)
    click_id = await click_out(tracker, f"desk-{number}")
    late = f"{datetime.now(UTC) + timedelta(days=91):%Y-%m-%dT%H:%M:%SZ}"
    await report(tracker, click_id=click_id, order_id=f"DESK-LATE-{number}", event_time=late)
    return f"desk-{number}", f"DESK-LATE-{number}"


async def test_the_address_that_is_printed_opens_the_desk_from_wherever_it_is_followed(
    tracker: RunningTracker, typed: Typed
) -> None:
    address = typed("desk-url").strip()
    token = secrets_of(tracker).desk
    assert address == f"{tracker.url}/desk?token={token}"
    async with browser() as client, client.get(address) as answer:
        leads_on = await answer.text()
        assert re.fullmatch(
            r"desk=[\w-]+\.[\w-]+; Max-Age=43200; Path=/; HttpOnly; SameSite=Strict", answer.headers["Set-Cookie"]
        )
        assert answer.headers["Cache-Control"] == "no-store"
        assert 'content="0;url=/desk"' in leads_on, "a page of ours leads on: a strict cookie follows no redirect"
        shown = await page(client, f"{tracker.url}/desk")
    assert token not in leads_on + shown + tracker.log.read_text()


@pytest.mark.parametrize("path", ["/desk", "/desk/late", "/desk/waiting", "/desk/nothing", "/desk/find?order=A-1"])
async def test_without_the_token_there_is_no_desk(tracker: RunningTracker, path: str) -> None:
    secrets = secrets_of(tracker)
    async with browser() as client:
        for token in ("", "guess", secrets.reports, secrets.desk.upper(), "%FF"):
            await (await client.get(f"{tracker.url}/desk?token={token}")).release()
            await page(client, tracker.url + path, 404)
        async with client.get(f"{tracker.url}/reports?token={secrets.reports}") as answer:
            [cookie] = [one for one in client.cookie_jar if one.key == "analyst"]
            await answer.release()
    async with browser(Cookie=f"desk={cookie.value}") as client:
        await page(client, tracker.url + path, 404)


async def test_a_late_order_is_credited_once_and_the_act_is_listed_with_its_reason_and_name(
    tracker: RunningTracker,
) -> None:
    shopper, order_id = await late_order(tracker)
    async with browser() as client:
        assert "Late" in await sign_in(client, tracker)
        assert order_id in await page(client, f"{tracker.url}/desk/late")
        shown = await open_order(client, tracker, order_id)
        assert "confirmed too late" in shown
        status, done = await act(client, tracker, form_of(shown, reason="a <b>receipt</b>"))
        assert (status, await available(tracker, shopper)) == (200, 50_00)
        assert "The late confirmation is credited." in done
        assert "a <b>receipt</b> " in done
        assert "anna" in done
        assert order_id not in await page(client, f"{tracker.url}/desk/late")

        status, again = await act(client, tracker, form_of(shown, reason="once more"))
        assert (status, await available(tracker, shopper)) == (409, 50_00)
        assert f"The order {order_id} was not confirmed late." in again


async def test_a_held_order_is_released(tracker: RunningTracker) -> None:
    click_id = await click_out(tracker, "desk-held")
    early = f"{datetime.now(UTC) - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    await report(tracker, click_id=click_id, order_id="DESK-HELD", order_time=early)
    async with browser() as client:
        await sign_in(client, tracker)
        assert "Held by us: ordered before the click" in await page(client, f"{tracker.url}/desk/held")
        status, done = await act(client, tracker, form_of(await open_order(client, tracker, "DESK-HELD")))
    assert (status, await available(tracker, "desk-held")) == (200, 50_00)
    assert "The hold is released." in done


async def test_an_unmatched_order_shows_what_came_and_is_given_to_a_click(tracker: RunningTracker) -> None:
    click_id = await click_out(tracker, "desk-lost")
    await report(tracker, order_id=CANARY, click_id="cut-off", promo_code="SPRING")
    async with browser() as client:
        await sign_in(client, tracker)
        sent = await page(client, f"{tracker.url}/desk/unmatched")
        assert "<script" not in sent
        for said in ("Partner sent: cut-off", "Promo code: SPRING", CANARY):
            assert said in html.unescape(sent), said
        async with client.get(f"{tracker.url}/desk/find", params={"order": f" {CANARY} "}) as answer:
            found = await answer.text()
        link = re.search(r'<h3><a href="([^"]*)"', found)
        assert link is not None
        shown = await page(client, tracker.url + html.unescape(link[1]))
        assert "<script" not in shown

        status, wrong = await act(client, tracker, form_of(shown, click_id="c" + "0" * 29, reason="a call"))
        assert status == 409
        assert "is not a click id that we signed for lab" in wrong
        assert 'value="a call"' in wrong, "nobody types it again"
        status, done = await act(client, tracker, form_of(shown, click_id=click_id))
        assert (status, await available(tracker, "desk-lost")) == (200, 50_00)
        assert "The order is given to the click." in done


async def test_a_form_that_is_not_from_our_own_page_changes_nothing(tracker: RunningTracker) -> None:
    shopper, order_id = await late_order(tracker)
    earlier = OpenedTokens(secrets_of(tracker).desk).make(time.time() - 60)
    async with browser() as client, browser(Cookie=f"desk={earlier}") as another:
        await sign_in(client, tracker)
        form = form_of(await open_order(client, tracker, order_id))
        for refused in (
            await act(client, tracker, form, Origin="https://evil.example"),
            await act(client, tracker, form, Origin="null"),
            await act(client, tracker, form, Origin=""),
            await act(client, tracker, form, Sec_Fetch_Site="cross-site"),
            await act(client, tracker, form, Sec_Fetch_Site="same-site"),
            await act(client, tracker, form | {"form": ""}),
            await act(client, tracker, form | {"form": "ключ"}),
            await act(another, tracker, form),  # of another's session
        ):
            assert refused[0] == 403
        assert (await act(client, tracker, form | {"act": "pay"}))[0] == 400
        assert (await act(client, tracker, form | {"order": "A\0"}))[0] == 400
        assert (await act(client, tracker, form | {"order": "NO-SUCH"}))[0] == 404
        assert (await act(client, tracker, form | {"reason": " "}))[0] == 409
    async with browser() as client:
        assert (await act(client, tracker, form))[0] == 404
    assert await available(tracker, shopper) == 0


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("path", ["", *(f"/{queue}" for queue in (*ORDER_QUEUES, WAITING)), "/find?order=A"])
async def test_every_page_is_whole_in_both_languages_and_needs_no_script(
    tracker: RunningTracker, path: str, language: str
) -> None:
    async with browser() as client:
        await sign_in(client, tracker)
        async with client.get(f"{tracker.url}/desk{path}{'&' if '?' in path else '?'}lang={language}") as answer:
            shown = await answer.text()
    assert (answer.status, answer.headers["Content-Language"]) == (200, language)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "<script" not in shown
    assert not any(secret in shown for secret in secrets_of(tracker).postback.values())


@pytest.mark.parametrize(
    "path",
    ["late?at=never&p=lab&o=A", "late?at=2026-01-01", "late?at=2026-01-01T00:00:00Z&p=%00&o=%FF", "find?order=%00",
     "find?order=%ED%A0%80", "waiting?at=2026-01-01T00:00:00Z&id=1", "waiting?at=2026-01-01T00:00:00Z&id=" + "x" * 36,
     "unmatched?at=9999-12-31T23:59:59-23:59&p=a&o=b"],
)  # fmt: skip
async def test_an_address_that_no_page_of_ours_has_is_no_fault(tracker: RunningTracker, path: str) -> None:
    async with browser() as client:
        await sign_in(client, tracker)
        await page(client, f"{tracker.url}/desk/{path}")
        for order in ("", "?partner=lab", "?partner=lab&order=%00", "?partner=%ED%A0%80&order=A", "?order=A"):
            await page(client, f"{tracker.url}/desk/order{order}", 404)

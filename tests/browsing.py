"""The checks page as a browser without a page sees it: its token out, the evidence of its script back."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import aiohttp

TAB = "a" * 16
# A browser about which there is nothing to say.
CLEAN: Mapping[str, Any] = {
    "blocker": {
        "script": "ok", "fetch": "ok", "script_control": "ok", "fetch_control": "ok", "dom": "shown", "ms": 60,
    },
    "storage": "ok",
    "cookie_ms": 1,
    "private": {"method": "timing", "verdict": "normal", "ms": 800},
}  # fmt: skip
BLOCKER_ON: Mapping[str, Any] = {
    "blocker": {
        "script": "blocked", "fetch": "blocked", "script_control": "ok", "fetch_control": "ok", "dom": "hidden",
        "ms": 60,
    }
}  # fmt: skip
PRIVATE: Mapping[str, Any] = {"private": {"method": "opfs", "verdict": "private", "ms": 1}}
MAYBE_PRIVATE: Mapping[str, Any] = {"private": {"method": "timing", "verdict": "private", "ms": 500}}


def is_checks_page(html: str) -> bool:
    return 'id="checks"' in html


def check_of(html: str) -> tuple[str, str]:
    """Where the page's script sends what it saw, and the token that it sends along."""
    address, token = (re.search(rf'data-{name}="([^"]*)"', html) for name in ("check", "token"))
    assert address is not None, html
    assert token is not None, html
    return unescape(address[1]), token[1]


def said(token: str, *, act: str = "check", tab: str = TAB, **evidence: Any) -> dict[str, Any]:
    """The body that the page's script posts."""
    return {"page": token, "act": act, "tab": tab, "copied": False, **CLEAN, **evidence}


class Followed:
    """How a click-out ended, after the checks page if there was one."""

    def __init__(self, status: int, location: str, text: str, *, asked: bool) -> None:
        self.status = status
        self.location = location
        self.text = text
        self.asked = asked  # the checks page was shown


async def click_out(client: aiohttp.ClientSession, url: str, *, tab: str = TAB, **more: Any) -> Followed:
    """As a clean browser does it: through the checks page where it is asked, as far as the shop's address. The client
    needs a cookie jar that keeps cookies of an IP address (`unsafe=True`)."""
    async with client.get(url, allow_redirects=False, **more) as answer:
        html = await answer.text()
        if answer.status != 200 or not is_checks_page(html):
            return Followed(answer.status, answer.headers.get("Location", ""), html, asked=False)
        address, token = check_of(html)
        check = answer.url.join(type(answer.url)(address, encoded=True))
    more.pop("params", None)
    async with client.post(check, json=said(token, tab=tab), **more) as answer:
        found = await answer.json()
    return Followed(302 if "go" in found else 200, found.get("go", ""), found.get("html", ""), asked=True)


def new_browser(**more: Any) -> aiohttp.ClientSession:
    """A browser of its own, without any cookie."""
    return aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True), **more)

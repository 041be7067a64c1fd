"""One browser: it follows a link, plays the checks page as that page's script does, and keeps its cookies."""

import re
from collections.abc import Mapping
from html import unescape
from http.cookies import SimpleCookie
from typing import Any, NamedTuple

import aiohttp
from yarl import URL

from tracker.simulate.clicks import PlannedClick
from tracker.simulate.looks import LOOKS, Evidence, Look, evidence_of

NO_ANSWER = 0  # instead of an HTTP status

_NAVIGATION = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
_HEADERS = {
    "prefetch": _NAVIGATION | {"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch"},
    "frame": {"Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"},
    "program": {},
}
_BY_SCRIPT = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty", "Sec-Fetch-Site": "same-origin"}
_SAID = re.compile(r' data-(check|token)="([^"]*)"')
_WITHOUT_SCRIPT = re.compile(r'href="(/go/[^"]*\bwithout=1\b[^"]*)"')


class _Page(NamedTuple):
    """The checks page that a tab shows."""

    check: str  # where its script asks
    token: str
    without_script: str  # where its link for browsers without script leads


class _Got(NamedTuple):
    status: int
    location: str
    text: str


class Browser:
    def __init__(self, client: aiohttp.ClientSession, url: str, name: int) -> None:
        """`name` tells its tabs from those of other browsers."""
        self._client = client
        self._url = url
        self._name = name
        self._tabs = 1
        self._cookies: dict[str, str] = {}
        self._page = _Page("", "", "")

    async def click_out(self, click: PlannedClick, parameters: Mapping[str, str]) -> tuple[list[str], str]:
        """How it was answered in turn, and where it led at last. A page before leaving is `told`, the checks page
        `checks`; its script is answered `stopped` or `sent`; all else is an HTTP status."""
        look = LOOKS[click.look]
        if click.after == "posted_again":
            step, location = await self._press(click, look, "check", look.saw)
            return [step], location
        if not look.same_tab:
            self._tabs += 1
        steps = []
        got = await self._follow(click, look, parameters)
        if got.status == 200 and not self._shows_checks(got):
            steps.append("told")
            got = await self._follow(click, look, {**parameters, "go": "1"})
        if got.status != 200 or not self._shows_checks(got):
            return [*steps, str(got.status)], got.location
        steps.append("checks")
        if not look.script:
            got = await self._ask("GET", self._page.without_script, _NAVIGATION, click, look)
            return [*steps, str(got.status)], got.location
        step, location = await self._press(click, look, "check", look.saw)
        steps.append(step)
        if step == "stopped" and look.act:
            step, location = await self._press(click, look, look.act, look.then or look.saw)
            steps.append(step)
        return steps, location

    async def _follow(self, click: PlannedClick, look: Look, parameters: Mapping[str, str]) -> _Got:
        query: list[tuple[str, str]] = [*parameters.items()]
        if click.kind == "ambiguous":
            query.append(("b", "another"))
        partner_id = "nobody" if click.kind == "no_partner" else click.partner_id
        method = "HEAD" if click.kind == "head" else "GET"
        address = URL(f"/go/{partner_id}").with_query(query)
        return await self._ask(method, str(address), _HEADERS.get(click.kind, _NAVIGATION), click, look)

    def _shows_checks(self, got: _Got) -> bool:
        said = dict(_SAID.findall(got.text))
        without = _WITHOUT_SCRIPT.search(got.text)
        if said.keys() != {"check", "token"} or without is None:
            return False
        self._page = _Page(unescape(said["check"]), said["token"], unescape(without[1]))
        return True

    async def _press(self, click: PlannedClick, look: Look, act: str, saw: Evidence) -> tuple[str, str]:
        tab = f"{self._name}x{self._tabs}".rjust(16, "0") if look.cookies else ""
        said = {"page": self._page.token, "act": act, "tab": tab, "copied": False, **evidence_of(click.agent), **saw}
        got = await self._ask("POST", self._page.check, _BY_SCRIPT, click, look, json=said)
        if got.status != 200:
            return f"check {got.status}", ""
        return ("sent" if got.location else "stopped"), got.location

    async def _ask(
        self, method: str, address: str, headers: Mapping[str, str], click: PlannedClick, look: Look, **more: Any
    ) -> _Got:
        sent = {**headers, "User-Agent": click.agent} if click.agent else dict(headers)
        if self._cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        url = URL(self._url + address, encoded=True)
        try:
            async with self._client.request(method, url, headers=sent, allow_redirects=False, **more) as answer:
                for line in answer.headers.getall("Set-Cookie", ()) if look.cookies else ():
                    self._cookies.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
                if method == "POST" and answer.status == 200:
                    return _Got(200, (await answer.json()).get("go", ""), "")
                return _Got(answer.status, answer.headers.get("Location", ""), await answer.text())
        except (aiohttp.ClientError, TimeoutError, ValueError) as fault:
            return _Got(NO_ANSWER, str(fault), "")

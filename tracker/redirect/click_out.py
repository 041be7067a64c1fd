"""A request to be sent on to a partner, read once into a frozen value: every later line may trust it."""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
from aiohttp import web

from tracker.core.click import Surface
from tracker.fraud.signals import Signals, read_signals, text

_LONGEST_BANNER = 64
_LONGEST_TOKEN = 512
_LONGEST_REFERER = 2_000
_LONGEST_HOST = 253
_OURS = "same-origin"


class ClickOut(msgspec.Struct, frozen=True, gc=False):
    partner_id: str
    signals: Signals
    link_token: str  # of a signed shopper link; empty: none
    deep_link: str  # empty: the partner's own link is enough
    banner: str
    surface: Surface
    told: bool  # the shopper has read what the page says and goes on
    switch: bool  # and wants to be the link's shopper from now on
    referer_host: str
    page_token: str = ""  # of the checks page that the shopper leaves
    without: bool = False  # without being checked, and so without cashback
    from_us: bool | None = None  # the page before is ours; None: the browser does not say


def read_click_out(request: web.Request, partner_id: str) -> ClickOut | None:
    """As `click_out_of`."""
    return click_out_of(request.method, request.rel_url.raw_query_string, request.headers, partner_id)


def click_out_of(method: str, raw_query: str, headers: Mapping[str, str], partner_id: str) -> ClickOut | None:
    """None: a parameter stands twice, so nobody can know which was meant (`url=good&url=evil`)."""
    pairs = _pairs(raw_query)
    query = dict(pairs)
    if len(query) < len(pairs):
        return None
    site = headers.get("Sec-Fetch-Site", "")
    return ClickOut(
        partner_id=partner_id,
        signals=read_signals(method, headers),
        link_token=query.get("s", "")[:_LONGEST_TOKEN],
        deep_link=query.get("url", ""),
        banner=text(query.get("b", ""), _LONGEST_BANNER),
        surface=Surface.APP if query.get("surface") == Surface.APP else Surface.SITE,
        told=query.get("go") == "1",
        # Only a link on our own page can switch: anybody can send an address around.
        switch=query.get("switch") == "1" and site == _OURS,
        referer_host=_host(_origin(headers.get("Referer", "")[:_LONGEST_REFERER])),
        page_token=query.get("page", "")[:_LONGEST_TOKEN],
        without=query.get("without") == "1",
        from_us=site == _OURS if site else None,
    )


def address_of(asked: ClickOut, **changes: str) -> str:
    """The same click-out again, with changes; what is empty is left out."""
    said = {
        "s": asked.link_token,
        "url": asked.deep_link,
        "b": asked.banner,
        "surface": "" if asked.surface is Surface.SITE else str(asked.surface),
        "go": "1" if asked.told else "",
    }
    query = urlencode({name: value for name, value in (said | changes).items() if value})
    return f"/go/{asked.partner_id}{'?' if query else ''}{query}"


def _pairs(raw_query: str) -> list[tuple[str, str]]:
    if "%" in raw_query or "+" in raw_query:
        return parse_qsl(raw_query, keep_blank_values=True)
    return [(name, value) for name, _, value in [pair.partition("=") for pair in raw_query.split("&") if pair]]


def _origin(referer: str) -> str:
    """The page's address may hold anything, a session or a search: what is behind its host is not even remembered."""
    return "/".join(referer.split("/", 3)[:3]).partition("?")[0].partition("#")[0]


@lru_cache(maxsize=1024)
def _host(origin: str) -> str:
    try:
        return text(urlsplit(origin).hostname or "", _LONGEST_HOST)
    except ValueError:
        return ""

"""The click-out, put together: the same in a web worker and in its tests."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiohttp import web

from tracker.core.partner import Programme
from tracker.redirect.ask_browser import AskBrowser
from tracker.redirect.check_browser import CheckBrowser
from tracker.redirect.checks.baits import Baits
from tracker.redirect.checks.page import ChecksPages
from tracker.redirect.click_id import SignedClickIds
from tracker.redirect.cookies import Cookies
from tracker.redirect.endpoint import ClickOutEndpoint
from tracker.redirect.pages import ToldPages
from tracker.redirect.record_click import RecordClick
from tracker.redirect.recorder import Clicks, Recorder
from tracker.redirect.tokens import Tokens
from tracker.telemetry import Telemetry
from tracker.web.hashing import KeyedHash


@dataclass(frozen=True, slots=True)
class ClickOutParts:
    """What a click-out is built of. `now` is Unix time, `random` gives that many bytes."""

    clicks: Clicks
    click_ids: SignedClickIds
    tokens: Tokens
    cookies: Cookies
    baits: Baits
    hashes: KeyedHash
    telemetry: Telemetry
    now: Callable[[], float]
    random: Callable[[int], bytes]
    address: Callable[[web.Request], str]
    request_id: Callable[[web.Request], str]


def click_out(
    programme: Callable[[], Programme], parts: ClickOutParts, *, public_url: str, timed: Iterable[range]
) -> ClickOutEndpoint:
    """`timed` are the Chromium versions whose private mode may be guessed by timing."""
    recorder = Recorder(
        clicks=parts.clicks,
        click_ids=parts.click_ids,
        cookies=parts.cookies,
        hashes=parts.hashes,
        telemetry=parts.telemetry,
        random=parts.random,
    )
    record_click = RecordClick(
        partners=lambda: programme().partners,
        policies=lambda: dict(programme().checks),
        recorder=recorder,
        ask_browser=AskBrowser(parts.tokens, parts.cookies, new_name=recorder.new_name, timed_chromium=timed),
        tokens=parts.tokens,
        cookies=parts.cookies,
        telemetry=parts.telemetry,
        now=parts.now,
    )
    check_browser = CheckBrowser(
        partners=lambda: programme().partners,
        policies=lambda: dict(programme().checks),
        recorder=recorder,
        tokens=parts.tokens,
        cookies=parts.cookies,
        telemetry=parts.telemetry,
        now=parts.now,
        script=parts.baits.version,
    )
    return ClickOutEndpoint(
        record_click,
        check_browser,
        ToldPages(programme(), public_url),
        ChecksPages(programme(), parts.baits),
        address=parts.address,
        request_id=parts.request_id,
    )

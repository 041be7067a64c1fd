"""Shoppers to be sent at a tracker: each has a browser, a pass, an agent string and an address of their own.

One request a line, as bench/wrk.lua reads it: from behind the path on, with a tab for each end of a line.
"""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bench.partners import partner_ids
from tests.running import RunningTracker, secrets_of
from tracker.core.click import Check
from tracker.redirect.tokens import PassClaim, Tokens

SHOPPERS = 100_000
AGENTS = 1_500
SHOPS = 40  # a session lasts for hours: each click of a shopper goes to another shop

_CLEAN = [(str(check), "ok", "high") for check in Check if check is not Check.SECOND_TAB]
_SYSTEMS = ("Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10_15_7", "X11; Linux x86_64")
_AGENT = "Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{major}.0.{build}.{patch} Safari/537.36"
_HEADERS = (
    "Host: go.example",
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Encoding: gzip, deflate, br, zstd",
    "Accept-Language: ru-RU,ru;q=0.9,en-US;q=0.8,en;q=0.7",
    "Referer: https://programme.example/",
    "Sec-Fetch-Dest: document",
    "Sec-Fetch-Mode: navigate",
    "Sec-Fetch-Site: cross-site",
    "Sec-Fetch-User: ?1",
    "Upgrade-Insecure-Requests: 1",
)

PATHS = tuple(f"/go/{shop}?b=home-top" for shop in partner_ids(SHOPS))


class Shoppers:
    """Their requests, signed as that tracker signs; a pass is good for 15 minutes."""

    def __init__(self, tracker: RunningTracker, folder: Path) -> None:
        secrets = secrets_of(tracker)
        self._tokens = Tokens(secrets.link, secrets.cookie)
        self._folder = folder
        self._began = int(time.time())
        # Requests so far, by the address they went to: none is sent there again before every shopper was at every shop.
        self.sent: Counter[str] = Counter()

    def sign(self) -> None:
        """Anew: `passed` of a browser that passed, `stranger` of nobody known, `unchecked` of one to be asked."""
        now = time.time()
        with (
            self.file("passed").open("w") as passed,
            self.file("stranger").open("w") as stranger,
            self.file("unchecked").open("w") as unchecked,
        ):
            for number in range(SHOPPERS):
                browser = f"{number:020x}"
                shopper = f"__Host-shopper={self._tokens.make_shopper_cookie(f'shopper-{number}', now)}"
                known = f"__Host-browser={self._tokens.make_browser_cookie(browser, now)}"
                claim = PassClaim(browser, int(now), self._began, _CLEAN)
                pass_ = f"__Host-pass={self._tokens.make_pass_cookie(claim)}"
                common = _request_of(number)
                passed.write(f"{common}\tCookie: {shopper}; {known}; {pass_}\t\t\n")
                stranger.write(f"{common}\tCookie: {known}\t\t\n")
                unchecked.write(f"{common}\tCookie: {shopper}; {known}\t\t\n")

    def file(self, kind: str) -> Path:
        return self._folder / f"{kind}.requests"


def _request_of(number: int) -> str:
    return "\t".join(
        ["HTTP/1.1", *_HEADERS, f"User-Agent: {_AGENTS[number % AGENTS]}", f"X-Forwarded-For: {_address(number)}"]
    )


def _address(number: int) -> str:
    """Two of three come by IPv4."""
    if number % 3:
        return f"{80 + (number >> 16)}.{number >> 8 & 255}.{number & 255}.{1 + number % 250}"
    return f"2a02:6b8:{number >> 8:x}:{number & 255:x}::1"


def _agent_strings() -> Iterator[str]:
    for major in range(120, 145):
        for patch in range(40, 60):
            for system in _SYSTEMS:
                yield _AGENT.format(system=system, major=major, build=6000 + 37 * (major - 120), patch=patch)


_AGENTS = tuple(_agent_strings())

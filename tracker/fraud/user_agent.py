"""Who an agent string says it is: a known bot or a person's browser, on what device.

`user-agents` knows devices and takes curl, python-requests and HeadlessChrome for people; `crawler-user-agents` knows
bots. Both cost about a millisecond together, so each string is read once.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import user_agents
from crawleruseragents import is_crawler

from tracker.core.click import Device

REMEMBERED = 20_000  # agent strings; some 10 MB
_LONGEST_NAME = 64

# Every browser of the last 25 years begins so. What does not is a program or an app's own HTTP client, also where the
# list misses it: `GuzzleHttp/7`, `Dalvik/2.1.0 (Linux; U; Android 11; SM-A515F Build/RP1A.200720.012)`.
_BROWSER = re.compile(r"(?:Mozilla|Opera|UCWEB)\S+ \S", re.IGNORECASE)
# What the list takes for bots and is people: `Build/AP3A.240617.008` is the firmware of OPPO, OnePlus and realme phones
# with Android 15, `MetaIAB Facebook` the browser inside Facebook's app.
_PEOPLE = re.compile(r"Build/[\w.-]+|MetaIAB Facebook")


class Agent(NamedTuple):
    is_bot: bool
    device: Device
    browser_family: str
    browser_version: str
    os_family: str


@lru_cache(maxsize=REMEMBERED)
def read_agent(user_agent: str) -> Agent:
    """`user_agent` as `Signals` holds it; empty is a bot."""
    parsed = user_agents.parse(user_agent)
    return Agent(
        is_bot=_is_bot(user_agent),
        device=_device(parsed),
        browser_family=parsed.browser.family[:_LONGEST_NAME],
        browser_version=parsed.browser.version_string[:_LONGEST_NAME],
        os_family=parsed.os.family[:_LONGEST_NAME],
    )


def _is_bot(user_agent: str) -> bool:
    """Two passes, as IAB/MRC ask: it must look like a browser, and not be in the list of bots."""
    return _BROWSER.match(user_agent) is None or is_crawler(_PEOPLE.sub("", user_agent))


def _device(parsed: user_agents.parsers.UserAgent) -> Device:
    # A tablet comes first: `user-agents` also calls some tablets mobile.
    if parsed.is_tablet:
        return Device.TABLET
    if parsed.is_mobile:
        return Device.PHONE
    return Device.DESKTOP if parsed.is_pc else Device.OTHER

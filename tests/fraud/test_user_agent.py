"""Bots are told from people by their agent: no bot earns, and no person is taken for one."""

import re
from pathlib import Path

import pytest
from crawleruseragents import CRAWLER_USER_AGENTS_DATA
from hypothesis import given
from hypothesis import strategies as st

from tracker.core.click import Device
from tracker.fraud.user_agent import Agent, read_agent

BROWSERS = [
    line.split(" ", 1)
    for line in (Path(__file__).parent / "browsers.txt").read_text().splitlines()
    if line and not line.startswith("#")
]
SAMPLES = [sample for entry in CRAWLER_USER_AGENTS_DATA for sample in entry["instances"]]
# Samples of the list that are people's browsers inside Instagram and Facebook.
PEOPLE_IN_THE_LIST = re.compile(r"Android 15; CPH2557 Build/AP3A.240617.008; wv.* Instagram |MetaIAB Facebook$")


def test_there_are_two_hundred_browsers_and_two_thousand_bots() -> None:
    assert len({agent for _, agent in BROWSERS}) == 200
    assert len(SAMPLES) >= 2_000


@pytest.mark.parametrize(("device", "agent"), BROWSERS, ids=[agent for _, agent in BROWSERS])
def test_a_person_s_browser_is_no_bot_and_its_device_is_known(device: str, agent: str) -> None:
    read = read_agent(agent)
    assert not read.is_bot
    if device != "-":
        assert read.device is Device(device)


def test_every_sample_of_the_list_is_a_bot() -> None:
    people = [sample for sample in SAMPLES if not read_agent(sample).is_bot]
    assert people == [sample for sample in SAMPLES if PEOPLE_IN_THE_LIST.search(sample)]
    assert len(people) == 2


@pytest.mark.parametrize(
    "agent",
    [
        "",
        "-",
        "Mozilla/5.0",
        "Mozilla/5.0 ",
        "x",
        # Programs and their libraries
        "curl/8.14.1",
        "Wget/1.25.0",
        "python-requests/2.32.5",
        "Python-urllib/3.13",
        "python-urllib3/2.5.0",
        "python-httpx/0.28.1",
        "Python/3.13 aiohttp/3.14.5",
        "Go-http-client/2.0",
        "Java/21.0.8",
        "Apache-HttpClient/4.5.14 (Java/17.0.16)",
        "okhttp/5.1.0",
        "axios/1.12.2",
        "node",
        "node-fetch/1.0 (+https://github.com/bitinn/node-fetch)",
        "undici",
        "PostmanRuntime/7.46.1",
        "insomnia/11.5.0",
        "libwww-perl/6.79",
        "Ruby",
        "GuzzleHttp/7",
        # Apps that ask by themselves, where a browser inside an app says Mozilla/5.0 first
        "Dalvik/2.1.0 (Linux; U; Android 11; SM-A515F Build/RP1A.200720.012)",
        "Dalvik/2.1.0 (Linux; U; Android 15; CPH2551 Build/AP3A.240617.008)",
        "ShopApp/1.0 CFNetwork/1568.200.51 Darwin/24.6.0",
        # Link previews
        "TelegramBot (like TwitterBot)",
        "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)",
        "WhatsApp/2.23.20.0",
        "facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)",
        # Crawlers
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) (compatible; Googlebot/2.1; +http://google.com/bot.html)",
        "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
        "Mozilla/5.0 (compatible; YandexMetrika/2.0; +http://yandex.com/bots)",
        "Mozilla/5.0 (compatible; Linux x86_64; Mail.RU_Bot/2.0; +http://go.mail.ru/help/robots)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)",
        # Browsers without a person
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1",
    ],
)
def test_what_is_no_person_s_browser_is_a_bot(agent: str) -> None:
    assert read_agent(agent).is_bot


def test_an_agent_is_kept_for_reports_as_families_and_versions() -> None:
    assert read_agent(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/118.0.5993.771 YaBrowser/23.11.2.771 Yowser/2.5 Safari/537.36"
    ) == Agent(
        is_bot=False,
        device=Device.DESKTOP,
        browser_family="Yandex Browser",
        browser_version="23.11.2",
        os_family="Windows",
    )


def test_an_agent_is_read_once() -> None:
    """Reading one costs as much as the rest of a click-out."""
    agent = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0 (read once)"
    before = read_agent.cache_info()
    assert read_agent(agent) is read_agent(agent)
    after = read_agent.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (1, 1)
    assert after.maxsize == 20_000


@given(st.text(max_size=512))
def test_any_text_is_read_and_cut_to_length(agent: str) -> None:
    read = read_agent(agent)
    assert max(map(len, read[2:])) <= 64

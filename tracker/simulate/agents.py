"""Whose clicks they are: agent strings of people's browsers and of programs."""

from random import Random

_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
_ENGINE = "AppleWebKit/537.36 (KHTML, like Gecko)"
_APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5"

DESKTOPS = (
    f"{_WINDOWS} {_ENGINE} Chrome/141.0.0.0 Safari/537.36",
    f"{_WINDOWS} {_ENGINE} Chrome/140.0.0.0 YaBrowser/25.10.0.0 Safari/537.36",
    f"{_WINDOWS} {_ENGINE} Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_APPLE} Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
)
PHONES = (
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) {_APPLE} Mobile/15E148 Safari/604.1",
    f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {_ENGINE} Chrome/141.0.0.0 Mobile Safari/537.36",
    f"Mozilla/5.0 (Linux; arm_64; Android 14; SM-S921B) {_ENGINE} YaBrowser/25.10.0.0 Mobile Safari/537.36",
)
PROGRAMS = (
    "curl/8.9.1",
    "TelegramBot (like TwitterBot)",
    "python-requests/2.32.3",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; vkShare; +http://vk.com/dev/Share)",
    "okhttp/4.12.0",
    "",
)


def stranger(random: Random) -> str:
    """A desktop browser of a version that no one else has: without a cookie, an agent is all that tells browsers of one
    address apart."""
    version = f"{random.randrange(120, 142)}.0.{random.randrange(10_000)}.{random.randrange(1_000)}"
    return DESKTOPS[0].replace("141.0.0.0", version)

r"""Where a click-out may lead (reliability.md 4.1, CWE-601; law 7): the partner's own addresses and nowhere else.

Browsers, urllib and yarl disagree about odd addresses: tabs are dropped, `。` becomes a dot, `\` becomes a slash. So
an address is not repaired here: what is not plainly an https address of a listed host is refused, and what passes is
sent on byte for byte.
"""

import re
from functools import lru_cache
from urllib.parse import quote, urlsplit

from yarl import URL

from tracker.core.partner import Partner

LONGEST_DEEP_LINK = 2_000  # bytes

_PLAIN = re.compile(r"https://[\x21-\x7e]+")
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9-]+)+")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")  # browsers read https://127.1/ and https://0x7f.1/ as addresses
_ENCODED_CONTROL = re.compile(r"%(?:25)*(?:[01][0-9a-f]|7f)", re.IGNORECASE)  # %0d%0a, %00, also encoded again


def is_deep_link(raw: str, hosts: frozenset[str]) -> bool:
    """Whether the address leads to one of these hosts, whoever parses it."""
    if len(raw) > LONGEST_DEEP_LINK or not _PLAIN.fullmatch(raw) or "\\" in raw or _ENCODED_CONTROL.search(raw):
        return False
    before_path = raw[len("https://") :].split("/", 1)[0]
    if "@" in before_path:  # also https://shop.example?@evil.example
        return False
    host = _agreed_host(raw)
    return host is not None and _is_name(host) and host in hosts


def _agreed_host(raw: str) -> str | None:
    """The host, if both parsers see the same one, at the usual port."""
    try:
        split, url = urlsplit(raw), URL(raw, encoded=True)
        host, port = split.hostname, split.port
        agreed = host == (url.raw_host or "").lower() and port == url.explicit_port
    except ValueError:
        return None
    return host if agreed and port in (None, 443) else None


def _is_name(host: str) -> bool:
    return _HOST.fullmatch(host) is not None and not _NUMERIC_LABEL.fullmatch(host.rpartition(".")[2])


def address_with_id(partner: Partner, click_id: str, deep_link: str | None) -> str:
    """The partner's link with the click id in it."""
    link = partner.link.replace("{click_id}", click_id)
    if "{url}" not in link:
        return link
    return link.replace("{url}", _quoted(deep_link or partner.home))


@lru_cache(maxsize=1024)  # of up to 2,000 bytes; most go to the partner's front page
def _quoted(address: str) -> str:
    return quote(address, safe="")


def plain_address(partner: Partner, deep_link: str | None) -> str:
    """The same place without a click id: for bots, previews, and whoever goes without cashback."""
    return deep_link or partner.home

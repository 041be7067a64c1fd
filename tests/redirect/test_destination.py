"""A click-out leads to the partner's own addresses and nowhere else (reliability.md 4.1, law 7).

`ada_url` wraps Ada, the WHATWG parser of Node.js: it says where a browser would go. Our code does not know it.
"""

from dataclasses import replace
from urllib.parse import unquote

import ada_url
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.postback.setting import partner
from tracker.core.partner import Partner
from tracker.redirect.destination import LONGEST_DEEP_LINK, address_with_id, is_deep_link, plain_address

HOSTS = frozenset({"shop.example", "www.shop.example"})
CLICK_ID = "sd5avj00180000c1sjykmyet5bz23t"

REFUSED = {
    # Another scheme, or none
    "empty": "",
    "relative": "/catalog",
    "host only": "shop.example",
    "protocol-relative": "//shop.example/",
    "protocol-relative, another host": "//evil.example/",
    "three slashes": "///evil.example/",
    "http": "http://shop.example/",
    "http with port 443": "http://shop.example:443/",
    "javascript": "javascript:alert(1)",
    "javascript with our host in a comment": "javascript://shop.example/%0aalert(1)",
    "data": "data:text/html,<script>alert(1)</script>",
    "intent": "intent://shop.example/#Intent;scheme=https;package=evil;end",
    "ftp": "ftp://shop.example/",
    "blob": "blob:https://shop.example/1",
    "view-source": "view-source:https://shop.example/",
    "upper-case scheme": "HTTPS://shop.example/",
    "no slashes": "https:evil.example",
    "no slashes, our host": "https:shop.example",
    "one slash": "https:/evil.example/",
    "three slashes after the scheme": "https:///evil.example/",
    "four slashes after the scheme": "https:////evil.example/",
    "backslashes for slashes": "https:\\\\evil.example",
    "slash and backslash": "https:/\\evil.example/",
    # Another host
    "another host": "https://evil.example/",
    "our host as a label": "https://shop.example.evil.example/",
    "our host as an ending": "https://evil-shop.example/",
    "our host as a word": "https://xshop.example/",
    "a subdomain that is not listed": "https://api.shop.example/",
    "our host in the path": "https://evil.example/shop.example",
    "our host in the query": "https://evil.example?shop.example",
    "our host in the fragment": "https://evil.example#shop.example",
    "no host": "https://",
    "no host, a path": "https:///",
    "empty label": "https://shop..example/",
    "leading dot": "https://.shop.example/",
    "trailing dot": "https://shop.example./",
    "hyphen first": "https://-shop.example/",
    "underscore": "https://shop_.example/",
    "semicolon": "https://shop.example;evil.example/",
    "comma": "https://shop.example,evil.example/",
    "star": "https://*.shop.example/",
    "ampersand": "https://shop.example&evil.example/",
    "punycode of a look-alike": "https://xn--hop-g3c.example/",
    # Userinfo
    "userinfo": "https://shop.example@evil.example/",
    "userinfo, our host": "https://evil.example@shop.example/",
    "userinfo with a password": "https://shop.example:secret@evil.example/",
    "port and userinfo": "https://shop.example:443@evil.example/",
    "empty userinfo": "https://@shop.example/",
    "two userinfos": "https://a@shop.example@evil.example/",
    "encoded at sign": "https://shop.example%40evil.example/",
    "fragment and userinfo": "https://shop.example#@evil.example/",
    "fragment and userinfo, the other way": "https://evil.example#@shop.example/",
    "query and userinfo": "https://shop.example?@evil.example/",
    "query and userinfo, the other way": "https://evil.example?@shop.example/",
    "semicolon and userinfo": "https://shop.example;@evil.example/",
    "backslash and userinfo": "https://evil.example\\@shop.example/",
    "backslash and userinfo, the other way": "https://shop.example\\@evil.example/",
    "backslash in the host": "https://evil.example\\.shop.example/",
    "backslash in the path": "https://shop.example/\\evil.example",
    # Ports
    "port 80": "https://shop.example:80/",
    "port 8443": "https://shop.example:8443/",
    "port 0": "https://shop.example:0/",
    "port 99999": "https://shop.example:99999/",
    "port 65979, which is 443 in 16 bits": "https://shop.example:65979/",
    "port that is no number": "https://shop.example:https/",
    "port with a sign": "https://shop.example:+443/",
    "two ports": "https://shop.example:443:443/",
    "port with a dot": "https://shop.example:443.evil.example/",
    # Addresses
    "IPv4": "https://203.0.113.9/",
    "loopback": "https://127.0.0.1/",
    "numeric IPv4": "https://2130706433/",
    "hexadecimal IPv4": "https://0x7f000001/",
    "hexadecimal parts": "https://0x7f.1/",
    "octal IPv4": "https://0177.0.0.1/",
    "short IPv4": "https://127.1/",
    "full-width digits": "https://１２７.０.０.１/",
    "metadata service": "https://169.254.169.254/",
    "IPv6": "https://[2001:db8::1]/",
    "IPv6 loopback": "https://[::1]/",
    "IPv4-mapped": "https://[::ffff:127.0.0.1]/",
    "IPv6 with a zone": "https://[fe80::1%25eth0]/",
    "our host in brackets": "https://[shop.example]/",
    "an open bracket": "https://[shop.example/",
    # Characters that parsers drop, repair or disagree about
    "tab in the host": "https://shop.example\t.evil.example/",
    "tab in the scheme": "java\tscript:alert(1)",
    "tab in the path": "https://shop.example/\tx",
    "newline in the host": "https://shop.example\n.evil.example/",
    "newline at the end": "https://shop.example/\n",
    "carriage return": "https://shop.example/\rx",
    "raw CRLF": "https://shop.example/\r\nSet-Cookie: shopper=evil",
    "encoded CRLF": "https://shop.example/%0d%0aSet-Cookie:%20shopper=evil",
    "encoded CRLF, upper case": "https://shop.example/%0D%0ALocation:%20https://evil.example/",
    "encoded CRLF in the host": "https://shop.example%0d%0a.evil.example/",
    "CRLF encoded twice": "https://shop.example/%250d%250aSet-Cookie:x",
    "CRLF encoded three times": "https://shop.example/%25250d%25250aSet-Cookie:x",
    "encoded NUL": "https://shop.example/%00",
    "encoded NUL in the host": "https://shop.example%00.evil.example/",
    "encoded escape": "https://shop.example/%1b[31m",
    "encoded delete": "https://shop.example/%7f",
    "raw NUL": "https://shop.example/\x00",
    "delete": "https://shop.example/\x7f",
    "leading space": " https://shop.example/",
    "leading tab": "\thttps://shop.example/",
    "leading control character": "\x01https://shop.example/",
    "trailing space": "https://shop.example/ ",
    "space in the host": "https://shop.example .evil.example/",
    "space in the path": "https://shop.example/a b",
    "byte order mark": "\ufeffhttps://shop.example/",
    "ideographic full stop": "https://shop。example/",
    "ideographic full stop and another host": "https://shop.example。evil.example/",
    "half-width full stop": "https://shop｡example/",
    "full-width full stop": "https://shop．example/",
    "full-width letters": "https://ｓｈｏｐ.example/",
    "full-width slash": "https://evil.example／.shop.example/",
    "full-width at sign": "https://shop.example＠evil.example/",
    "full-width question mark": "https://evil.example？.shop.example/",
    "fraction slash": "https://evil.example⁄.shop.example/",
    "division slash": "https://evil.example∕.shop.example/",
    "account of": "https://evil.example℀.shop.example/",
    "Cyrillic letter": "https://ѕhop.example/",
    "Kelvin sign": "https://sh\u212ap.example/",
    "long s": "https://\u017fhop.example/",
    "dotless i": "https://shop.examp\u0131e/",
    "sharp s": "https://shop.example\u00df/",
    "soft hyphen": "https://sh\u00adop.example/",
    "zero width space": "https://shop.example\u200b.evil.example/",
    "zero width joiner": "https://sh\u200dop.example/",
    "right-to-left override": "https://shop.example/\u202egro.live",
    "letter of more than one byte in the path": "https://shop.example/каталог",
    "lone surrogate": "https://shop.example/\ud800",
    "encoded dot in the host": "https://shop.example%2eevil.example/",
    "encoded dot in our host": "https://shop%2eexample/",
    "encoded letter of our host": "https://%73hop.example/",
    "encoded slash in the host": "https://evil.example%2f.shop.example/",
    "encoded backslash in the host": "https://evil.example%5c.shop.example/",
    "encoded number sign in the host": "https://evil.example%23.shop.example/",
    "encoded ideographic full stop": "https://shop.example%E3%80%82evil.example/",
    "a per cent sign in the host": "https://shop.example%/",
    "encoded once": "https%3A%2F%2Fshop.example%2F",
    "encoded twice": "https%253A%252F%252Fevil.example%252F",
    "encoded three times": "https%25253A%25252F%25252Fevil.example%25252F",
    "dot encoded twice": "https://shop.example%252eevil.example/",
    "dot encoded three times": "https://shop.example%25252eevil.example/",
    # Length
    "a byte too long": "https://shop.example/".ljust(LONGEST_DEEP_LINK + 1, "a"),
    "8 KB": "https://shop.example/" + "a" * 8192,
    "a long host": "https://" + "a" * 1000 + ".shop.example/",
}

GOOD = [
    "https://shop.example",
    "https://shop.example/",
    "https://www.shop.example/catalog/item-1/?color=red&size=42#reviews",
    "https://shop.example:443/",
    "https://shop.example:/",
    "https://Shop.EXAMPLE/Path",
    "https://shop.example?utm_source=cashback",
    "https://shop.example#top",
    # What a tidy library would rewrite: a signed link of the shop would break.
    "https://shop.example/a%2Fb/../c",
    "https://shop.example/%27'%7e~%41",
    "https://shop.example/%d0%ba%D0%B0?q=%d1%82+%20x",
    "https://shop.example//double//slash/",
    "https://shop.example/?to=https%3A%2F%2Fshop.example%2F%3Fa%3Db%2525",
    "https://shop.example/?to=https://evil.example/",
    "https://shop.example/@user?mail=a@b.example#@",
    "https://shop.example/;v=1,2;w?a[]=1&a[]=2|3",
    "https://shop.example/!$&'()*+,;=:@-._~",
    'https://shop.example/?q="<>^`{|}',
    "https://shop.example/{click_id}/{url}",
    "https://shop.example/100%",
    "https://shop.example/".ljust(LONGEST_DEEP_LINK, "a"),
]


def lab(*, link: str) -> Partner:
    return replace(partner(), link=link)


@pytest.mark.parametrize("address", REFUSED.values(), ids=REFUSED)
def test_an_address_that_may_lead_elsewhere_is_refused(address: str) -> None:
    assert not is_deep_link(address, HOSTS)


@pytest.mark.parametrize("address", GOOD)
def test_a_good_address_passes_and_is_handed_on_byte_for_byte(address: str) -> None:
    assert is_deep_link(address, HOSTS)
    to_lab = lab(link="https://network.example/go?sub={click_id}&ulp={url}")
    assert plain_address(to_lab, address) == address
    before, after = address_with_id(to_lab, CLICK_ID, address).split("&ulp=")
    assert before == f"https://network.example/go?sub={CLICK_ID}"
    assert unquote(after) == address
    assert set(after) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%")


@pytest.mark.parametrize("host", ["xn--80ak6aa92e.example", "shop-2.example", "a.b.c.shop.example", "4shop.example"])
def test_a_host_of_the_list_passes_whatever_it_is_called(host: str) -> None:
    assert is_deep_link(f"https://{host}/", frozenset({host}))


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "shop.1", "shop.0x1", "localhost", "[::1]", ""])
def test_an_address_by_number_is_refused_even_if_it_is_listed(host: str) -> None:
    assert not is_deep_link(f"https://{host}/", frozenset({host, host.strip("[]")}))


# Pieces that addresses are made of, so that random ones are often almost right.
PIECES = st.sampled_from(
    [
        "https://", "https:", "HTTPS://", "http://", "//", "/", "\\", "@", ":", "443", ":443", "?", "#", "&", ";", ".",
        "shop.example", "www.shop.example", "SHOP.example", "evil.example", "[", "]", "::1", "%", "%2e", "%2f", "%40",
        "%00", "%0d%0a", "\t", "\n", "\r", "\0", " ", "。", "．", "／", "＠", "⁄", "ß", "ѕ", "\u00ad",
        "\u212a", "\u200b", "xn--", "0x7f", "127", "1", "a", "-", "_",
    ]
)  # fmt: skip
AROUND = st.lists(PIECES, max_size=6).map("".join)
ALMOST = st.builds("{}https://{}shop.example{}".format, st.just("") | AROUND, AROUND, AROUND)


@given(st.text() | AROUND | ALMOST)
@settings(max_examples=2_000)
def test_what_passes_leads_a_browser_to_a_listed_host(address: str) -> None:
    if is_deep_link(address, HOSTS):
        seen = ada_url.URL(address)
        assert seen.hostname in HOSTS
        assert (seen.protocol, seen.port, seen.username, seen.password) == ("https:", "", "", "")
        assert address.isascii()
        assert address.isprintable()


@given(ALMOST)
@settings(max_examples=1_000)
def test_what_the_partner_s_link_says_does_not_change_with_the_deep_link(address: str) -> None:
    if not is_deep_link(address, HOSTS):
        return
    to_lab = lab(link="https://network.example/go?sub={click_id}&ulp={url}&last=1")
    sent_on = ada_url.URL(address_with_id(to_lab, CLICK_ID, address))
    asked = ada_url.URLSearchParams(sent_on.search)
    assert (sent_on.hostname, sent_on.pathname, sent_on.hash) == ("network.example", "/go", "")
    assert list(asked.items()) == [("sub", CLICK_ID), ("ulp", address), ("last", "1")]


def test_without_a_deep_link_the_partner_s_home_is_meant() -> None:
    to_lab = lab(link="https://network.example/{url}?sub={click_id}")
    assert plain_address(to_lab, None) == to_lab.home
    assert address_with_id(to_lab, CLICK_ID, None) == (
        f"https://network.example/https%3A%2F%2Flab.example%2F?sub={CLICK_ID}"
    )


def test_a_partner_s_link_that_takes_no_deep_link_stays_as_it_is() -> None:
    to_lab = lab(link="https://network.example/?sub={click_id}")
    for deep_link in (None, "https://lab.example/item"):
        assert address_with_id(to_lab, CLICK_ID, deep_link) == f"https://network.example/?sub={CLICK_ID}"

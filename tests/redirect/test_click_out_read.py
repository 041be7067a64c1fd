"""What is read of a click-out's query, referer and cookies, whatever they hold."""

from urllib.parse import urlencode, urlsplit

from aiohttp.test_utils import make_mocked_request
from hypothesis import given
from hypothesis import strategies as st

from tracker.redirect.click_out import ClickOut, read_click_out
from tracker.web.cookies import sent_cookies

PLAIN = st.text("abcXYZ019_.-~", max_size=8)
NAMES = st.sampled_from(["s", "url", "b", "surface", "go", "switch", "page", "without", "x"])
QUERIES = st.text("sbgo=&+%20;1~/?", max_size=30) | st.lists(
    st.tuples(NAMES, PLAIN | st.text("a %&=+é", max_size=5)), max_size=4
).map(urlencode)


def read(path: str, **headers: str) -> ClickOut | None:
    return read_click_out(make_mocked_request("GET", path, headers), "lab")


@given(QUERIES)
def test_a_parameter_that_stands_twice_is_refused_and_others_are_read(query: str) -> None:
    request = make_mocked_request("GET", f"/go/lab?{query}")
    asked = read_click_out(request, "lab")

    if len(request.query) > len(set(request.query)):
        assert asked is None
    else:
        assert asked is not None
        assert (asked.deep_link, asked.told) == (request.query.get("url", ""), request.query.get("go") == "1")
        assert asked.link_token == request.query.get("s", "")[:512]


@given(st.from_regex(r"https?://[a-z0-9.-]{1,20}(:[0-9]{1,4})?(/[a-z]{0,9})?(\?a=b)?", fullmatch=True) | st.text())
def test_only_the_host_of_the_page_before_is_read(referer: str) -> None:
    asked = read("/go/lab", Referer=referer)
    assert asked is not None
    try:
        host = urlsplit(referer).hostname or ""
    except ValueError:
        host = ""
    if host.isascii() and host.isprintable():
        assert asked.referer_host == host


@given(st.dictionaries(st.text("abc_-", min_size=1, max_size=6), st.text("abcXYZ019_.-", max_size=20), max_size=5))
def test_cookies_are_read_as_they_were_sent(cookies: dict[str, str]) -> None:
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    assert {name: value for name, value in sent_cookies(header).items() if name} == cookies

"""What ad blockers think of our own addresses: every bait is blocked, and nothing else of ours is.

The lists are those of Debian's package, which `tests/packages.sh` installs.
"""

import pytest

from tests.redirect.filter_lists import LISTS, FilterLists, Request, installed_lines
from tracker.redirect.checks.baits import CONTROL_FETCH, CONTROL_SCRIPT, PAGE_SCRIPT, PRIVATE_MODE, Baits
from tracker.settings import read_settings

HOST = "go.example.org"
SETTINGS = read_settings({})
BAITS = Baits(SETTINGS.bait_script, SETTINGS.bait_fetch)
NUMBER = "?n=8a5b6c7d8a5b6c7d0"
QUERY = (
    "?s=eyJzIjoic2hvcHBlci00MiIsInAiOiIqIn0.Zk1x.c2lnbmF0dXJl&url=https%3A%2F%2Fwww.shop.example%2Fcatalogue%2Fitem"
    "&b=main-page-1&surface=app"
)


@pytest.fixture(scope="module")
def lists() -> FilterLists:
    if not LISTS.exists():
        pytest.skip("there is no webext-ublock-origin-firefox here")
    return FilterLists(installed_lines(), HOST)


def blocking(lists: FilterLists, path: str, kind: str, *, third_party: bool = False) -> str | None:
    return lists.blocking(Request(f"https://{HOST}{path}", kind, third_party))


def test_the_lists_are_read(lists: FilterLists) -> None:
    assert len(lists) > 5_000


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/click?track=1", "fetch"), ("/event/track?a=1", "fetch"), ("/api/track?guid=1", "fetch"),
        ("/beacon.gif?a=1", "image"), ("/pixel.gif?a=1", "image"), ("/affiliate-tracker.js", "script"),
        ("/ads-front.min.js", "script"), ("/ad_728.js", "script"), ("/prebid-load.js", "script"),
        ("/admanager.js", "script"), ("/prebid.js", "script"),
        ("/x_468x60_y.json", "fetch"), ("/728x90_z.json", "fetch"), ("/ad?count=1", "fetch"), ("/pixel?tag=1", "fetch"),
        ("/ad728.png", "image"), ("/ad_img/a.png", "image"),
    ],
)  # fmt: skip
def test_our_reading_of_the_lists_blocks_what_a_real_blocker_was_seen_to_block(
    lists: FilterLists, path: str, kind: str
) -> None:
    assert blocking(lists, path, kind)


@pytest.mark.parametrize("path", ["/ads.js", "/advertisement.js", "/adsbygoogle.js", "/show_ads.js", "/checks.js"])
def test_and_lets_through_what_it_was_seen_to_let_through(lists: FilterLists, path: str) -> None:
    assert blocking(lists, path, "script") is None


@pytest.mark.parametrize("third_party", [False, True])
def test_every_bait_is_blocked_on_our_own_site_and_on_a_shop_s(lists: FilterLists, third_party: bool) -> None:
    assert blocking(lists, BAITS.script + NUMBER, "script", third_party=third_party)
    assert blocking(lists, BAITS.fetch + NUMBER, "fetch", third_party=third_party)


def test_the_element_of_the_page_s_script_is_hidden(lists: FilterLists) -> None:  # noqa: ARG001 - skips without lists
    assert "##.ads-banner" in set(installed_lines())


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (CONTROL_SCRIPT + NUMBER, "script"),
        (CONTROL_FETCH + NUMBER, "fetch"),
        (BAITS.address(PAGE_SCRIPT), "script"),
        (BAITS.address(PRIVATE_MODE), "script"),
        (f"/go/lamoda/check{QUERY}", "fetch"),
        ("/go/lamoda/check", "fetch"),
    ],
)
def test_nothing_that_the_checks_page_needs_is_blocked(lists: FilterLists, path: str, kind: str) -> None:
    assert blocking(lists, path, kind) is None


@pytest.mark.parametrize("kind", ["script", "fetch", "image", "document"])
@pytest.mark.parametrize(
    "path",
    [
        f"/go/lamoda{QUERY}", f"/go/lamoda{QUERY}&page=eyJiIjoiYSJ9.Zk1x.c2ln&without=1", "/tag.js", "/tag", "/", "/my",
        "/my/lamoda/A-1", "/partners/lamoda", "/reports", "/reports/refusals", "/my/sign-out",
        "/partner/lamoda", "/partner/lamoda/log", "/partner/lamoda/try", "/desk", "/desk/late", "/desk/order?order=A-1",
    ],
)  # fmt: skip
def test_no_address_of_ours_is_blocked_however_it_is_asked_for(lists: FilterLists, path: str, kind: str) -> None:
    assert [blocking(lists, path, kind, third_party=party) for party in (False, True)] == [None, None]


def test_a_beacon_to_us_would_be_blocked_whatever_its_address(lists: FilterLists) -> None:
    """So the tag reports by fetch."""
    assert blocking(lists, "/tag", "ping", third_party=True)
    assert blocking(lists, "/tag", "ping") is None


@pytest.mark.parametrize(
    ("rule", "path", "kind", "third_party", "blocks"),
    [
        ("/ads/*$script", "/ads/a.js", "script", False, True),
        ("/ads/*$script", "/ads/a.js", "fetch", False, False),
        ("/ads/*$~script", "/ads/a.js", "fetch", False, True),
        ("/ads/$third-party", "/ads/", "fetch", False, False),
        ("/ads/$~third-party", "/ads/", "fetch", False, True),
        ("/ads/$domain=shop.example", "/ads/", "fetch", True, False),
        ("/ads/$domain=~shop.example", "/ads/", "fetch", True, True),
        ("||example.org^", "/", "script", False, True),
        ("||le.org^", "/", "script", False, False),
        ("||other.example^", "/", "script", False, False),
        ("/ads^", "/ads?x", "fetch", False, True),
        ("/ads^", "/adsx", "fetch", False, False),
        ("|https://go.", "/", "fetch", False, True),
        (".gif|", "/a.gif", "image", False, True),
        (".gif|", "/a.gif?", "image", False, False),
        ("/^https.*[0-9]{3}x[0-9]{2}$/", "/468x60", "image", False, True),
        ("/ads/", "/ads/", "document", False, False),
        ("/ads/$all", "/ads/", "document", False, True),
        ("/ADS/", "/Ads/", "fetch", False, True),
        ("@@/ads/", "/ads/", "fetch", False, False),
        ("! /ads/", "/ads/", "fetch", False, False),
        ("##.ads", "/##.ads", "fetch", False, False),
        ("/ads/$removeparam=x", "/ads/", "fetch", False, False),
    ],
)
def test_a_rule_is_read_as_blockers_read_it(rule: str, path: str, kind: str, third_party: bool, blocks: bool) -> None:
    assert bool(blocking(FilterLists([rule], HOST), path, kind, third_party=third_party)) is blocks


def test_an_exception_wins() -> None:
    assert blocking(FilterLists(["/ads/", "@@/ads/$script"], HOST), "/ads/a", "script") is None
    assert blocking(FilterLists(["/ads/", "@@/ads/$script"], HOST), "/ads/a", "fetch") == "/ads/"

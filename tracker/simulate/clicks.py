"""The click-outs of one run, and how each must be answered and recorded (design, section 5; reliability.md 2.2)."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from random import Random
from typing import NamedTuple

from tracker.simulate.agents import DESKTOPS, PHONES, PROGRAMS, stranger
from tracker.simulate.looks import LOOKS
from tracker.simulate.shop import Shop

CLICKS_A_SHOPPER = 5

# How a click is made, and how many in a thousand are.
_KINDS = {
    "signed_in": 670,  # by a signed link
    "cookie": 50,  # by a link, and later to another partner by the cookies that it left
    "passed": 20,  # by a link, and later to another partner by another one
    "blocker": 12,  # an ad blocker, and the shopper goes on without cashback
    "script_blocked": 4,
    "blocker_off": 12,  # it is switched off
    "no_cookies": 8,
    "private": 6,
    "private_blocker": 3,
    "maybe_private": 10,
    "unsure": 10,  # what the page asks for does not load
    "no_script": 5,
    "second_tab": 8,  # a second tab to the same partner, which is given up
    "started_over": 10,
    "second_anyway": 5,  # it goes on, and earns nothing
    "posted_twice": 7,  # one page asks twice
    "stranger": 25,  # nobody is signed in
    "forged": 8,  # a link with one character changed
    "expired": 5,  # a link of the day before yesterday
    "foreign": 7,  # a link for another partner
    "switched": 10,  # the link of another shopper than the one who is signed in
    "double": 25,  # an impatient second click at once
    "repeat": 5,  # and one some seconds later
    "program": 25,
    "prefetch": 10,
    "head": 5,
    "frame": 8,  # loaded as an image, not by going there
    "no_partner": 2,
    "bad_link": 3,  # leads elsewhere than to the partner
    "ambiguous": 2,  # the same parameter twice
}
NEEDS_NO_SHOPPER = frozenset({"stranger", "forged", "expired", "foreign"})
_PHONE_SHARE = 0.18


class PlannedClick(NamedTuple):
    number: int
    kind: str
    partner_id: str
    shopper: str  # whom its link or cookie names; empty: nobody
    agent: str
    phone: bool
    surface: str
    deep_link: str
    token: str  # link · any · forged · expired · foreign · other · none: the cookie must do
    after: str = ""  # the click before it in the same browser: at_once · posted_again · soon · later
    told: bool = False  # it says at once that the shopper has read the page
    look: str = "clean"  # what the checks page sees: one of LOOKS


class ExpectedClick(NamedTuple):
    """`stopped` and `row` are what is recorded, of the shopper who is stopped and of the click; None: nothing is."""

    steps: str  # how it is answered, in turn
    goes: bool  # with a click id, at last
    row: Mapping[str, object] | None
    stopped: Mapping[str, object] | None = None


def plan_visits(
    random: Random, shops: Sequence[Shop], number_of_clicks: int, run: str
) -> Iterator[tuple[PlannedClick, ...]]:
    """What browsers do, one visit after the other: a visit is what one browser does in turn. The shoppers' ids begin
    with the run's name."""
    planner = _Planner(random, shops, max(number_of_clicks // CLICKS_A_SHOPPER, 3), run)
    while planner.planned < number_of_clicks:
        yield planner.visit()


class _Planner:
    def __init__(self, random: Random, shops: Sequence[Shop], shoppers: int, run: str) -> None:
        self.planned = 0
        self._random = random
        self._shops = shops
        self._run = run
        self._popularity = list(accumulate(1 / (place + 1) ** 0.7 for place in range(len(shops))))
        self._activity = list(accumulate(1 / (place + 1) ** 0.6 for place in range(shoppers)))
        self._seen: set[tuple[str, str, str]] = set()

    def visit(self) -> tuple[PlannedClick, ...]:
        [kind] = self._random.choices(list(_KINDS), list(_KINDS.values()))
        first = self._click(kind)
        if kind == "double":
            return first, self._next(first, token="any", after="at_once")  # noqa: S106 - a kind of link
        if kind == "posted_twice":
            return first, self._next(first, after="posted_again")
        if kind == "repeat":
            return first, self._next(first, token="link", after="soon")  # noqa: S106
        if kind in LOOKS and not LOOKS[kind].same_tab:
            return first, self._next(first, token=self._random.choice(["none", "link"]), after="later", look=kind)
        if kind in ("cookie", "switched", "passed"):
            token = {"cookie": "none", "switched": "other", "passed": "any"}[kind]
            elsewhere = [shop.id for shop in self._shops if self._is_new(first.shopper, first.agent, shop.id)]
            if elsewhere:
                partner_id = self._random.choice(elsewhere)
                self._seen.add((first.shopper, first.agent, partner_id))
                return first, self._next(first, partner_id=partner_id, token=token, after="later", deep_link="")
        return (first,)

    def _click(self, kind: str) -> PlannedClick:
        agent, phone = self._agent(kind)
        shopper, partner_id = self._who_and_where(kind, agent)
        self.planned += 1
        home = next(shop.home for shop in self._shops if shop.id == partner_id)
        return PlannedClick(
            number=self.planned,
            kind=kind,
            partner_id=partner_id,
            shopper=shopper,
            agent=agent,
            phone=phone,
            surface="app" if phone and self._random.random() < 0.4 else "site",
            deep_link=f"{home}p/{self.planned}?a=b&c=%20" if self._random.random() < 0.3 else "",
            token={"stranger": "none", "program": self._random.choice(["none", "link"])}.get(kind)
            or (kind if kind in NEEDS_NO_SHOPPER else self._random.choice(["link", "link", "any"])),
            told=self._random.random() < 0.1,
            look=kind if kind in LOOKS and LOOKS[kind].same_tab else "clean",
        )

    def _next(self, before: PlannedClick, **changes: str) -> PlannedClick:
        self.planned += 1
        return before._replace(number=self.planned, **changes)  # type: ignore[arg-type]

    def _agent(self, kind: str) -> tuple[str, bool]:
        if kind == "program":
            return self._random.choice(PROGRAMS), False
        if kind in NEEDS_NO_SHOPPER:
            return stranger(self._random), False
        if kind.startswith("private"):  # where it is certain
            return self._random.choice([agent for agent in DESKTOPS if "Firefox/" in agent]), False
        phone = self._random.random() < _PHONE_SHARE
        return self._random.choice(PHONES if phone else DESKTOPS), phone

    def _who_and_where(self, kind: str, agent: str) -> tuple[str, str]:
        """Nobody goes twice to one partner with one browser, apart from doubles and repeats: else chance would decide
        which clicks are some."""
        while True:
            [shop] = self._random.choices(self._shops, cum_weights=self._popularity)
            [place] = self._random.choices(range(len(self._activity)), cum_weights=self._activity)
            if kind in NEEDS_NO_SHOPPER:
                return "", shop.id
            for shopper in (f"{self._run}-shopper-{place}", f"{self._run}-shopper-{place}-{len(self._seen)}"):
                if self._is_new(shopper, agent, shop.id):
                    self._seen.add((shopper, agent, shop.id))
                    return shopper, shop.id

    def _is_new(self, shopper: str, agent: str, partner_id: str) -> bool:
        return (shopper, agent, partner_id) not in self._seen


def expected_click(click: PlannedClick, shop: Shop) -> ExpectedClick:
    """A second click at once is no click of its own: it has the first one's answer and no row."""
    if click.kind == "no_partner":
        return ExpectedClick("404", goes=False, row=None)
    if click.kind in ("bad_link", "ambiguous"):
        return ExpectedClick("400", goes=False, row=None)
    if click.kind == "head":
        return ExpectedClick("302", goes=False, row=None)
    if click.kind in ("program", "prefetch", "frame"):
        return _not_a_person(click)
    look = LOOKS[click.look]
    no_shopper = () if click.shopper else ("no_shopper",)
    row, stopped = None, None
    if look.goes and click.after not in ("at_once", "posted_again"):
        # Whoever starts over is here again within some seconds, too.
        traffic = ["repeat"] if click.after == "soon" or look.act == "over" else []
        row = _row(click, "go", traffic, (*look.loses, *no_shopper), look.goes_with, valid=not traffic)
    if look.found:
        stopped = _row(click, "stopped", [], look.refused, look.found)
    return ExpectedClick(" ".join(_steps(click, shop)), look.goes, row, stopped)


def _steps(click: PlannedClick, shop: Shop) -> Iterator[str]:
    look = LOOKS[click.look]
    if click.after == "posted_again":
        yield "sent"
        return
    notices = not click.shopper or click.token == "other" or (click.phone and "mobile_web" not in shop.origins)  # noqa: S105
    if notices and not click.told:
        yield "told"
    if not click.shopper or (click.after == "later" and look.same_tab):  # nothing to earn, or found clean just now
        yield "302"
        return
    yield "checks"
    if not look.script:
        yield "302"
        return
    if look.found:
        yield "stopped"
    if look.goes:
        yield "sent"


def _not_a_person(click: PlannedClick) -> ExpectedClick:
    """Recorded and marked; sent on without an id, or asked to come back."""
    traffic = {"program": "bot_ua", "prefetch": "prefetch", "frame": "not_navigation"}[click.kind]
    signed_in = click.shopper and click.token != "none"  # noqa: S105
    refusals = ("invalid_traffic",) if signed_in else ("invalid_traffic", "no_shopper")
    early = click.kind == "prefetch"
    row = _row(click, "again" if early else "plain", [traffic], refusals)
    return ExpectedClick("503" if early else "302", goes=False, row=row)


def _row(
    click: PlannedClick,
    outcome: str,
    traffic: Sequence[str],
    refusals: Sequence[str],
    found: Sequence[str] = (),
    *,
    valid: bool = False,
) -> dict[str, object]:
    return {
        "outcome": outcome,
        "valid": int(valid),
        "traffic": list(traffic),
        "refusals": list(refusals),
        "checks_found": list(found),
    } | _as_sent(click)


def _as_sent(click: PlannedClick) -> dict[str, object]:
    device = {"program": "other"}.get(click.kind, "phone" if click.phone else "desktop")
    return {"partner_id": click.partner_id, "device": device, "surface": click.surface, "deep_link": click.deep_link}

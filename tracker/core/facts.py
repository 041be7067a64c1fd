"""Facts: what is written down once and shipped to ClickHouse. A fact's id decides whether it is the same fact again.

Times are Unix microseconds (UTC); sums are decimals as text; codes are the words of `tracker.core.reasons`.
"""

from decimal import Decimal

import msgspec


class ClickFact(msgspec.Struct, frozen=True, array_like=True):
    """One click-out, also those that may never earn (bots, prefetch). Its id is `click_id`."""

    click_id: str
    partner_id: str
    clicked_at_us: int
    outcome: str  # go: sent on with an id · plain: without one · again: asked to come back · stopped: told why not
    shopper_id: str  # empty: nobody was signed in
    browser_id: str  # of the browser cookie; empty: none yet
    surface: str
    device: str
    banner: str
    deep_link: str
    terms_version: str
    rate: Decimal | None  # the best share shown at the click; None: a fixed sum or tariffs only
    traffic: list[str]  # ClickReason codes
    refusals: list[str]  # Reason codes known at the click
    checks: list[tuple[str, str, str, str, int]]  # check, finding, confidence, evidence, milliseconds
    browser_family: str
    browser_version: str
    os_family: str
    user_agent_hash: int  # keyed, 63 bits
    address_hash: int  # keyed by month, 63 bits
    address_net: str  # 203.0.113.0/24 or 2001:db8:1::/48, for reports
    referer_host: str
    request_id: str
    supersedes: list[str]  # clicks of the tab whose session this one ended by starting over
    script: str  # version of the page that asked the browser; empty: none asked


class TagFact(msgspec.Struct, frozen=True, array_like=True):
    """One report of the tag on a partner's page. Its id is `report_id`, which the tag makes: a report that it sends
    again is the same report."""

    report_id: str
    reported_at_us: int  # our receipt
    partner_id: str
    kind: str  # landing · confirmation
    click_id: str  # that the tab came with; empty: this tab holds none, or none that we signed
    cookie_click_id: str  # that the shop's own cookie holds, likewise
    order_id: str  # of a confirmation, as the shop names it; empty: it does not
    tab: str  # TabFinding
    checks: list[tuple[str, str, str, str, int]]  # as of a click: ad_blocker and cookies, seen on the shop's origin
    script: str  # version of the tag
    device: str
    browser_family: str
    browser_version: str
    os_family: str
    user_agent_hash: int
    address_hash: int
    request_id: str
    final: bool = False  # the last word about this page view; a quick report went before it


class PostbackFact(msgspec.Struct, frozen=True, array_like=True):
    """One received message and what became of it. Its id is `postback_id`; the newest `version` counts."""

    postback_id: str
    version: int
    received_at_us: int
    partner_id: str
    dialect: str
    method: str
    query: str  # with secrets masked
    order_id: str
    line_id: str
    click_id: str
    verdict: str  # decided, or the MessageCode
    reasons: list[str]
    http_status: int
    address_hash: int
    request_id: str


class LineFact(msgspec.Struct, frozen=True, array_like=True):
    """One basket line as one revision left it."""

    line_id: str
    status: str
    goods: Decimal | None
    currency: str
    tariff: str
    commission: Decimal | None
    rate: Decimal | None
    accrual: Decimal


class RevisionFact(msgspec.Struct, frozen=True, array_like=True):
    """One conversion as one revision left it. Its id is (`partner_id`, `order_id`, `revision`)."""

    partner_id: str
    order_id: str
    revision: int
    revised_at_us: int
    postback_id: str  # empty: staff changed it, or what the tag saw
    click_id: str
    clicked_at_us: int  # 0 while unmatched
    shopper_id: str
    terms_version: str
    surface: str
    device: str
    status: str
    hold: bool
    settled: bool
    origin: str
    base: Decimal
    rate: Decimal | None
    accrual: Decimal
    cashback: int  # whole rubles
    cashback_change: int  # against the revision before
    commission: Decimal | None
    currency: str
    promo_code: str
    reasons: list[str]
    flags: list[str]
    ordered_at_us: int  # 0: the partner did not say
    first_seen_at_us: int
    confirmed_at_us: int  # first approval; 0: not yet
    confirm_by_us: int  # end of the window; 0 while unmatched
    lines: list[LineFact]
    exchange_rate: Decimal | None = None  # rubles for one unit of `currency`; None: in rubles, or no rate yet
    exchange_day: str = ""  # ISO date of the day whose rate counts; empty: all is in rubles


class ReconciliationFact(msgspec.Struct, frozen=True, array_like=True):
    """One order on which a partner's statement and our books differed. Its id is (`reconciliation_id`, `order_id`)."""

    reconciliation_id: str
    reconciled_at_us: int
    partner_id: str
    file_name: str
    order_id: str
    kinds: list[str]  # Kind codes of core/reconciliation.py
    causes: list[str]  # Cause codes
    codes: list[str]  # our own reason codes and verdicts behind the cause
    their_status: str  # empty: not said, or not in the statement
    our_status: str  # empty: not in our books
    their_goods: Decimal | None  # in `currency`
    our_goods: Decimal | None  # in rubles
    currency: str
    difference: Decimal | None  # rubles, theirs less ours
    cashback_change: int | None  # what taking the statement's word would change
    click_id: str
    ordered_at_us: int  # 0: neither side says

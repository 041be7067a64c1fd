"""What the tag sends, read once into a frozen value, and the fact that it becomes. Anybody can send such a thing."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID, uuid5

import msgspec

from tracker.core.click import Check, CheckResult, Confidence, Finding, TabFinding
from tracker.core.facts import TagFact
from tracker.fraud.browser import Blocker, Evidence, judge_browser
from tracker.fraud.user_agent import Agent

LONGEST_BODY = 4096
LONGEST_ORDER_ID = 255  # as a postback may name it

_REPORT_IDS = UUID("5c0f9f5e-7d0b-4a39-9d4c-2f7b1f6f0a11")


class Kind(StrEnum):
    LANDING = "landing"
    CONFIRMATION = "confirmation"


class Report(msgspec.Struct, frozen=True):
    """Fields of another version of the tag are ignored: a shop may keep an old one inline for years."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]{16,32}\Z")]
    partner: Annotated[str, msgspec.Meta(max_length=64)]
    kind: Kind
    tab: TabFinding
    v: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9.-]{0,16}\Z")] = ""
    click: Annotated[str, msgspec.Meta(max_length=64)] = ""
    cookie: Annotated[str, msgspec.Meta(max_length=64)] = ""
    order: Annotated[str, msgspec.Meta(max_length=LONGEST_ORDER_ID)] = ""
    blocker: Blocker | None = None  # None: the shop serves no bait files
    storage: Literal["ok", "blocked", ""] = ""
    final: bool = False


class Sent(msgspec.Struct, frozen=True):
    """Who sent a report and when, as the web edge knows it."""

    at_us: int
    agent: Agent
    user_agent_hash: int
    address_hash: int
    request_id: str


def read_report(body: bytes) -> Report | None:
    """None: no tag of ours sends such a thing."""
    if len(body) > LONGEST_BODY:
        return None
    try:
        report = msgspec.json.decode(body, type=Report)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    order_id = report.order.strip()  # as postbacks are read, so that both name the same order
    if not order_id.isprintable():
        return None
    return msgspec.structs.replace(report, order=order_id)


def tag_fact(report: Report, *, click_id: str, cookie_click_id: str, sent: Sent) -> TagFact:
    """`click_id` and `cookie_click_id` are those of the report that we signed for its partner, else empty."""
    return TagFact(
        # Two partners' tags may choose the same id; neither may hide the other's report.
        report_id=uuid5(_REPORT_IDS, f"{report.partner} {report.id}").hex,
        reported_at_us=sent.at_us,
        partner_id=report.partner,
        kind=str(report.kind),
        click_id=click_id,
        cookie_click_id=cookie_click_id,
        order_id=report.order,
        tab=str(report.tab),
        checks=[
            (str(one.check), str(one.finding), str(one.confidence), one.evidence, one.milliseconds)
            for one in (_blocker(report), _cookies(report))
        ],
        script=report.v,
        device=str(sent.agent.device),
        browser_family=sent.agent.browser_family,
        browser_version=sent.agent.browser_version,
        os_family=sent.agent.os_family,
        user_agent_hash=sent.user_agent_hash,
        address_hash=sent.address_hash,
        request_id=sent.request_id,
        final=report.final,
    )


def _blocker(report: Report) -> CheckResult:
    if report.blocker is None:
        return CheckResult(Check.AD_BLOCKER, evidence="untested")
    return judge_browser(Evidence(blocker=report.blocker), cookie_came_back=True)[0]


def _cookies(report: Report) -> CheckResult:
    """The shop's own, written and read back by the tag: exact in every browser that was measured."""
    finding = {"ok": Finding.OK, "blocked": Finding.FOUND}.get(report.storage, Finding.UNKNOWN)
    confidence = Confidence.LOW if finding is Finding.UNKNOWN else Confidence.HIGH
    return CheckResult(Check.COOKIES, finding, confidence, f"script:{report.storage or 'untested'}")

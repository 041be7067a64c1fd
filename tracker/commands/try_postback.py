"""`tracker try-postback`: one pasted request through the real pure pipeline, on an imagined click, with no store.

It is how a partner is onboarded, and how the examples of the rules are tested (design, section 10).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from tracker.core.click import Check, CheckResult, Click, Confidence, Device, Finding, Surface, TabFinding
from tracker.core.confirmation import Confirmation
from tracker.core.decision import Decision
from tracker.core.once_per_shopper import Rewards
from tracker.core.order import Message, Order
from tracker.core.partner import Partner, Programme
from tracker.core.reasons import MessageCode, Reason
from tracker.core.report import Report
from tracker.core.take import take
from tracker.errors import ConfigurationError
from tracker.fraud.screen import screen_checks
from tracker.postback.authenticate import find_partner
from tracker.postback.read import read
from tracker.postback.refusal import Refusal
from tracker.postback.reply import reply
from tracker.postback.request import RawRequest
from tracker.redirect.click_id import SignedClickIds

_SHOPPER, _OTHER_SHOPPER = "shopper-1", "shopper-2"
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried, as the command line says it."""

    partner_id: str
    request: str
    previous: tuple[str, ...]
    clicked_at: datetime
    now: datetime
    surface: Surface = Surface.SITE
    device: Device = Device.DESKTOP
    checks: tuple[CheckResult, ...] = ()
    superseded_at: datetime | None = None
    confirmations: tuple[tuple[TabFinding, timedelta], ...] = ()  # what the tag saw, and how long after the click


def parse_confirmation(text: str) -> tuple[TabFinding, timedelta]:
    """Read TAB[:SECONDS_AFTER_CLICK], a minute if it is left out; raises ValueError."""
    tab, _, seconds = text.partition(":")
    return TabFinding(tab), timedelta(seconds=int(seconds or 60))


def parse_check(text: str) -> CheckResult:
    """Read NAME=found|ok|unknown[:low|medium|high]; raises ValueError."""
    name, _, rest = text.partition("=")
    finding, _, confidence = rest.partition(":")
    return CheckResult(Check(name), Finding(finding), Confidence(confidence or "high"))


def try_postback(trial: Trial, programme: Programme) -> dict[str, object]:
    """The object that the command prints. Raises ConfigurationError for a partner that is not there."""
    partner = programme.partners.get(trial.partner_id)
    if partner is None:
        known = ", ".join(sorted(programme.partners))
        raise ConfigurationError([f"no partner {trial.partner_id!r}; known are {known}"])
    return _Bench(trial, partner, programme).run()


class _Bench:
    """An imagined click, a second one of another shopper, and the orders that the requests name."""

    def __init__(self, trial: Trial, partner: Partner, programme: Programme) -> None:
        self.trial = trial
        self.partner = partner
        self.terms = {partner.terms.version: partner.terms}
        self.ids = SignedClickIds(["00" * 32])
        self.click = Click(
            click_id=self._click_id(0),
            partner_id=partner.id,
            clicked_at=trial.clicked_at,
            terms_version=partner.terms.version,
            shopper_id=_SHOPPER,
            surface=trial.surface,
            device=trial.device,
            checks=trial.checks,
            refusals=screen_checks(trial.checks, dict(programme.checks)),
            superseded_at=trial.superseded_at,
        )
        self.other_click = replace(self.click, click_id=self._click_id(1), shopper_id=_OTHER_SHOPPER)
        self.orders: dict[str, Order] = {}

    def _click_id(self, number: int) -> str:
        return self.ids.make(self.partner.id, number, int(self.trial.clicked_at.timestamp()), number)

    def run(self) -> dict[str, object]:
        for number, text in enumerate(self.trial.previous):
            received_at = self.trial.clicked_at + timedelta(seconds=number + 1)
            self._receive(text, received_at)
        return self._receive(self.trial.request, self.trial.now)

    def _receive(self, text: str, received_at: datetime) -> dict[str, object]:
        filled = text.replace("{click_id}", self.click.click_id).replace("{other_click_id}", self.other_click.click_id)
        address, request = _request(filled)
        if not self._authentic(address):
            return self._refused(Refusal(MessageCode.WRONG_SECRET, "The address names no partner and secret we know."))
        report = read(self.partner, request)
        if isinstance(report, Refusal):
            return self._refused(report)
        return self._decided(report, received_at)

    def _authentic(self, address: str) -> bool:
        """A bare query string counts as authenticated; an address must carry a secret, if any is known here."""
        parts = [part for part in urlsplit(address).path.split("/") if part]
        if not parts:
            return True
        _, partner_id, secret = (*parts, "", "", "")[:3]
        if not self.partner.postback.secrets:  # none is known here: only the partner can be wrong
            return partner_id == self.partner.id
        return find_partner({self.partner.id: self.partner}, partner_id, secret) is not None

    def _decided(self, report: Report, received_at: datetime) -> dict[str, object]:
        fresh = Order(self.partner.id, report.order_id, confirmations=tuple(self._confirmations()))
        order = self.orders.get(report.order_id, fresh)
        message = self._message(report, received_at)
        others = (one for order_id, one in self.orders.items() if order_id != report.order_id)
        rewarded = Rewards(others, self.terms).elsewhere(replace(order, messages=(*order.messages, message)))
        taken = take(order, message, self.terms, rewarded_elsewhere=rewarded)
        self.orders[report.order_id] = taken.order
        return _printed(self.partner, taken.code, taken.decision, order_id=report.order_id)

    def _confirmations(self) -> Iterator[Confirmation]:
        for number, (tab, after) in enumerate(self.trial.confirmations):
            yield Confirmation(
                report_id=str(number),
                seen_at=self.trial.clicked_at + after,
                click_id=self.click.click_id,
                cookie_click_id=self.click.click_id,
                tab=tab,
                blocker=CheckResult(Check.AD_BLOCKER),
                final=True,
            )

    def _message(self, report: Report, received_at: datetime) -> Message:
        if report.click_id is None:
            return Message(report, received_at, problem=Reason.UNKNOWN_CLICK)
        click_id = self.ids.read(report.click_id, self.partner.id)
        if click_id is None:
            return Message(report, received_at, problem=Reason.BAD_SIGNATURE)
        known = {click.click_id: click for click in (self.click, self.other_click)}
        click = known.get(click_id)
        return Message(report, received_at, click=click, problem=None if click else Reason.UNKNOWN_CLICK)

    def _refused(self, refusal: Refusal) -> dict[str, object]:
        answer = reply(self.partner.postback.dialect, refusal.code, received_id="trial", sentence=refusal.sentence)
        return {
            "order_id": None,
            "click_id": None,
            "status": None,
            "hold": False,
            "settled": False,
            "base": "0",
            "rate": None,
            "accrual": "0",
            "cashback": 0,
            "reasons": [str(refusal.code)],
            "flags": [],
            "http_status": answer.status,
            "reply": answer.body.decode(),
        }


def _printed(partner: Partner, code: MessageCode | None, decision: Decision, *, order_id: str) -> dict[str, object]:
    answer = reply(partner.postback.dialect, code, received_id="trial", decision=decision)
    reasons = [*map(str, decision.reasons), *([str(code)] if code else [])]
    return {
        "order_id": order_id,
        "click_id": decision.click.click_id if decision.click else None,
        "status": str(decision.status),
        "hold": decision.hold,
        "settled": decision.settled,
        "base": str(decision.base),
        "rate": None if decision.rate is None else f"{(decision.rate * 100).normalize():f}%",
        "accrual": str(decision.accrual),
        "cashback": decision.cashback,
        "reasons": list(dict.fromkeys(reasons)),
        "flags": [str(flag) for flag in decision.flags],
        "http_status": answer.status,
        "reply": answer.body.decode(),
    }


def _request(text: str) -> tuple[str, RawRequest]:
    """An address, a query string, or `@file` with a raw HTTP request -> the address it was sent to, and the request."""
    if text.startswith("@"):
        try:
            return _raw_request(Path(text[1:]).read_bytes())
        except OSError as error:
            raise ConfigurationError([f"{text[1:]}: cannot be read: {error.strerror}"]) from None
    if text.startswith(("http://", "https://", "/")):
        return text, RawRequest("GET", urlsplit(text).query, "", b"")
    return "", RawRequest("GET", text.removeprefix("?"), "", b"")


def _raw_request(raw: bytes) -> tuple[str, RawRequest]:
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode("utf-8", "replace").split("\n")
    method, _, rest = first.partition(" ")
    address = rest.rsplit(" HTTP/", 1)[0].strip()
    headers: Mapping[str, str] = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    content_type = headers.get("content-type", _FORM if body.strip() else "")
    return address, RawRequest(method.upper() or "GET", urlsplit(address).query, content_type, body.rstrip(b"\n"))


def words(printed: Mapping[str, object]) -> Sequence[str]:
    """The same for people."""
    return [f"{name:12} {value}" for name, value in printed.items()]

"""One pasted request through the real pure pipeline, on an imagined click, with no store (design, section 10).

It is how a partner is onboarded, and how the examples of the rules are tested.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Protocol

from tracker.core.click import Check, CheckResult, Click, Device, Surface, TabFinding
from tracker.core.confirmation import Confirmation
from tracker.core.decision import Decision
from tracker.core.once_per_shopper import Rewards
from tracker.core.order import Message, Order
from tracker.core.order_rates import needed_rates
from tracker.core.partner import Partner, Programme
from tracker.core.proof import lacks_secrets
from tracker.core.rates import ExchangeRate
from tracker.core.reasons import MessageCode, Reason
from tracker.core.report import Report
from tracker.core.take import take
from tracker.errors import ConfigurationError
from tracker.fraud.screen import screen_checks
from tracker.ports import ClickIds
from tracker.postback.authenticate import find_partner
from tracker.postback.dialects import DIALECTS
from tracker.postback.read import read
from tracker.postback.refusal import Refusal
from tracker.postback.reply import Reply, reply, voice
from tracker.postback.request import RawRequest
from tracker.postback.senders import Call, is_proved, shaped

# The `notes` of a trial: what its decision does not show.
SIGNATURE_NOT_CHECKED = "signature_not_checked"
UNKNOWN_STATUS = "unknown_status:"  # and the word

_SHOPPER, _OTHER_SHOPPER = "shopper-1", "shopper-2"
_FORM = "application/x-www-form-urlencoded"
_OURS = "/pb/"
_HOST = re.compile(r"\Ahttps?://[^/?#]*")
_RAW = re.compile(r"[A-Z]+ \S+ HTTP/[0-9.]+\r?\n")


class TrialIds(ClickIds, Protocol):
    """Signs the imagined clicks' ids."""

    def make(self, partner_id: str, shard: int, second: int, random: int) -> str: ...


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried, as the command line or a page says it."""

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
    rates: tuple[tuple[str, Decimal], ...] = ()  # rubles for one unit of a currency, on any day


def try_postback(trial: Trial, programme: Programme, ids: TrialIds) -> dict[str, object]:
    """The object that the command prints. Raises ConfigurationError for a partner that is not there."""
    partner = programme.partners.get(trial.partner_id)
    if partner is None:
        known = ", ".join(sorted(programme.partners))
        raise ConfigurationError([f"no partner {trial.partner_id!r}; known are {known}"])
    return _Bench(trial, partner, programme, ids).run()


class _Bench:
    """An imagined click, a second one of another shopper, and the orders that the requests name."""

    def __init__(self, trial: Trial, partner: Partner, programme: Programme, ids: TrialIds) -> None:
        self.trial = trial
        self.partner = partner
        self.terms = {partner.terms.version: partner.terms}
        self.ids = ids
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
        address, call = _call(text, self._filled)
        found = shaped(self.partner, call)
        if not self._authentic(address):
            refusal = Refusal(MessageCode.WRONG_SECRET, "The address names no partner and secret we know.")
            return self._refused(refusal, found.request)
        auth = self.partner.postback.auth
        unproved = (SIGNATURE_NOT_CHECKED,) if auth is not None and (not address or lacks_secrets(auth)) else ()
        if auth is not None and not unproved and not is_proved(self.partner, found.presented, received_at):
            return self._refused(Refusal(MessageCode.WRONG_AUTH, ""), found.request)
        report = read(self.partner, found.request)
        if isinstance(report, Refusal):
            return self._refused(report, found.request) | {"notes": [*unproved]}
        notes = [*unproved, *_notes(report)]
        return self._decided(report, received_at, found.request) | {"notes": notes}

    def _filled(self, text: str) -> str:
        """With the imagined clicks in their places."""
        return text.replace("{click_id}", self.click.click_id).replace("{other_click_id}", self.other_click.click_id)

    def _authentic(self, address: str) -> bool:
        """A bare query string counts as authenticated, and so does a network's own path, where `auth` is asked for; our
        address must carry a secret, if any is known here."""
        if not address.startswith(_OURS):
            return not address or DIALECTS[self.partner.postback.dialect].at(address) is not None
        partner_id, secret = (*address.removeprefix(_OURS).split("/"), "", "")[:2]
        if not self.partner.postback.secrets:  # none is known here: only the partner can be wrong
            return partner_id == self.partner.id
        return find_partner({self.partner.id: self.partner}, partner_id, secret) is not None

    def _decided(self, report: Report, received_at: datetime, request: RawRequest) -> dict[str, object]:
        fresh = Order(self.partner.id, report.order_id, confirmations=tuple(self._confirmations()))
        order = self.orders.get(report.order_id, fresh)
        message = self._message(report, received_at)
        order = self._with_rates(order, message)
        others = (one for order_id, one in self.orders.items() if order_id != report.order_id)
        rewarded = Rewards(others, self.terms).elsewhere(replace(order, messages=(*order.messages, message)))
        taken = take(order, message, self.terms, rewarded_elsewhere=rewarded)
        self.orders[report.order_id] = taken.order
        answer = reply(voice(self.partner, request.shape), taken.code, received_id="trial", decision=taken.decision)
        return _printed(answer, taken.code, taken.decision, order_id=report.order_id)

    def _with_rates(self, order: Order, message: Message) -> Order:
        known = dict(self.trial.rates)
        needed = needed_rates(replace(order, messages=(*order.messages, message)), self.terms)
        rates = (ExchangeRate(one, day, 1, known[one], "trial") for one, day in sorted(needed) if one in known)
        return replace(order, rates=tuple(rates))

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

    def _refused(self, refusal: Refusal, request: RawRequest) -> dict[str, object]:
        spoken = voice(self.partner, request.shape)
        answer = reply(spoken, refusal.code, received_id="trial", sentence=refusal.sentence)
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
            "reply": _text(answer),
            "notes": [],
        }


def _notes(report: Report) -> Iterator[str]:
    if report.status is None and report.status_as_sent:
        yield UNKNOWN_STATUS + report.status_as_sent


def _printed(answer: Reply, code: MessageCode | None, decision: Decision, *, order_id: str) -> dict[str, object]:
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
        "reply": _text(answer),
    }


def _text(answer: Reply) -> str:
    return f"({answer.content_type})" if answer.content_type.startswith("image/") else answer.body.decode()


def _call(text: str, filled: Callable[[str], str]) -> tuple[str, Call]:
    """An address, a query string, a raw HTTP request, or `@file` with one -> the path it was sent to, and the call."""
    if _RAW.match(text):
        return _raw_call(filled(text).encode("utf-8", "replace"))
    if text.startswith("@"):
        try:
            raw = Path(text[1:]).read_bytes().decode("latin-1")  # which leaves every byte as it is
        except OSError as error:
            raise ConfigurationError([f"{text[1:]}: cannot be read: {error.strerror}"]) from None
        return _raw_call(filled(raw).encode("latin-1"))
    text = filled(text)
    if text.startswith(("http://", "https://", "/")):
        return _addressed(text, RawRequest("GET", _split(text)[1]), {})
    return "", Call(RawRequest("GET", text.removeprefix("?")))


def _addressed(address: str, request: RawRequest, headers: Mapping[str, str]) -> tuple[str, Call]:
    path, _ = _split(address)
    parts = path.split("/", 4)
    behind = f"/{parts[4]}" if path.startswith(_OURS) and len(parts) > 4 else path
    return path, Call(request, behind, headers)


def _split(address: str) -> tuple[str, str]:
    """Its path and its query. What is pasted need be no address: `urlsplit` raises for some."""
    path, _, query = _HOST.sub("", address).partition("#")[0].partition("?")
    return path, query


def _raw_call(raw: bytes) -> tuple[str, Call]:
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    first, *lines = head.decode("utf-8", "replace").split("\n")
    method, _, rest = first.partition(" ")
    address = rest.rsplit(" HTTP/", 1)[0].strip()
    headers: Mapping[str, str] = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    content_type = headers.get("content-type", _FORM if body.strip() else "")
    request = RawRequest(method.upper() or "GET", _split(address)[1], content_type, body.rstrip(b"\n"))
    return _addressed(address, request, headers)

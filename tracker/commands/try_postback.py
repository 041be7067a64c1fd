"""`tracker try-postback`: what the command line says as a trial, and the result for people."""

import argparse
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tracker import app
from tracker.commands import operate
from tracker.commands.moments import moment
from tracker.core.click import Check, CheckResult, Confidence, Device, Finding, Surface, TabFinding
from tracker.core.money import parse_sum
from tracker.errors import ConfigurationError
from tracker.postback.trial import SIGNATURE_NOT_CHECKED, UNKNOWN_STATUS, Trial
from tracker.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("partner")
    parser.add_argument("request", help="an address, a query string, or @FILE with a raw HTTP request")
    parser.add_argument("--clicked-at", type=moment, help="when the imagined click was made; default: an hour ago")
    parser.add_argument("--now", type=moment, help="when the request arrives; default: now")
    parser.add_argument("--surface", type=Surface, choices=list(Surface), default=Surface.SITE)
    parser.add_argument("--device", type=Device, choices=[Device.DESKTOP, Device.PHONE], default=Device.DESKTOP)
    parser.add_argument("--check", action="append", default=[], metavar="NAME=found|ok|unknown[:low|medium|high]")
    parser.add_argument("--superseded-at", type=moment, help="when another tab started over")
    parser.add_argument(
        "--confirmation",
        action="append",
        default=[],
        metavar="TAB[:SECONDS_AFTER_CLICK]",
        help="what the tag saw of the order, such as other_tab_copied:3600; repeatable",
    )
    parser.add_argument(
        "--rate", action="append", default=[], metavar="CURRENCY=RUBLES", help="for one unit, on any day; repeatable"
    )
    parser.add_argument("--previous", action="append", default=[], help="a request received before; repeatable")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace, settings: Settings) -> None:
    now = options.now or datetime.now(UTC)
    try:
        checks = tuple(_check(text) for text in options.check)
    except ValueError as error:
        raise ConfigurationError([f"--check {error}; write NAME=found|ok|unknown[:low|medium|high]"]) from None
    try:
        confirmations = tuple(_confirmation(text) for text in options.confirmation)
    except ValueError as error:
        raise ConfigurationError([f"--confirmation {error}; write TAB[:SECONDS_AFTER_CLICK]"]) from None
    try:
        rates = tuple(_rate(text) for text in options.rate)
    except ValueError as error:
        raise ConfigurationError([f"--rate {error}; write CURRENCY=RUBLES, such as USD=64.50"]) from None
    trial = Trial(
        partner_id=options.partner,
        request=options.request,
        previous=tuple(options.previous),
        clicked_at=options.clicked_at or now - timedelta(hours=1),
        now=now,
        surface=options.surface,
        device=options.device,
        checks=checks,
        superseded_at=options.superseded_at,
        confirmations=confirmations,
        rates=rates,
    )
    printed = app.try_postback(trial, operate.programme_without_data(settings))
    print(json.dumps(printed, ensure_ascii=False) if options.json else "\n".join(_words(printed)))


def _rate(text: str) -> tuple[str, Decimal]:
    """Read CURRENCY=RUBLES; raises ValueError."""
    currency, _, rubles = text.partition("=")
    found = parse_sum(rubles)
    if not re.fullmatch("[A-Z]{3}", currency) or not found:
        raise ValueError(f"{text!r} is no rate")
    return currency, found


def _confirmation(text: str) -> tuple[TabFinding, timedelta]:
    """Read TAB[:SECONDS_AFTER_CLICK], a minute if it is left out; raises ValueError."""
    tab, _, seconds = text.partition(":")
    return TabFinding(tab), timedelta(seconds=int(seconds or 60))


def _check(text: str) -> CheckResult:
    """Read NAME=found|ok|unknown[:low|medium|high]; raises ValueError."""
    name, _, rest = text.partition("=")
    finding, _, confidence = rest.partition(":")
    return CheckResult(Check(name), Finding(finding), Confidence(confidence or "high"))


def _words(printed: Mapping[str, object]) -> Sequence[str]:
    """The same for people."""
    shown = [f"{name:12} {value}" for name, value in printed.items() if name != "notes"]
    notes = printed.get("notes")
    return [*shown, *(f"{'note':12} {_sentence(str(note))}" for note in (notes if isinstance(notes, list) else ()))]


def _sentence(note: str) -> str:
    if note == SIGNATURE_NOT_CHECKED:
        return "signature not checked: give the whole request, with its address and headers, where `auth` is known"
    word = note.removeprefix(UNKNOWN_STATUS)
    return f"nobody told us what the status {word!r} means, so it changes nothing; say it in statuses: of partners.yaml"

"""`tracker keys`: make what is missing, list what there is without telling it, rotate one purpose."""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from tracker import app, keys
from tracker.commands.control import NotRunningError, ask_running
from tracker.commands.moments import duration
from tracker.core.signing_keys import DAY_SECONDS
from tracker.keys import VERIFY_SECONDS
from tracker.keys.rotation import AT_ONCE, ListedKey, listed, rotate
from tracker.redirect.click_id import letter_of
from tracker.settings import Settings

_DELAY_SECONDS = 600  # until every process has read the file, and every machine has it
_ELSEWHERE = "Copy secrets.json to your other machines, and run `tracker restart` or start `tracker web` anew there."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(action="list", json=False)
    actions = parser.add_subparsers(metavar="ACTION")
    make = actions.add_parser("make", help="make what is missing, as the first start of `tracker serve` does")
    make.set_defaults(action="make")
    show = actions.add_parser("list", help="purpose, age, and since and until when each signs and verifies; no key")
    show.set_defaults(action="list")
    show.add_argument("--json", action="store_true", help="for programs")
    for one in (make, show):
        _add_places(one)
    turn = actions.add_parser("rotate", help="write a new key that signs in a while; the old one verifies on")
    turn.set_defaults(action="rotate")
    _add_places(turn)
    turn.add_argument("purpose", choices=[*VERIFY_SECONDS, *AT_ONCE])
    turn.add_argument(
        "--in", dest="delay", type=duration, default=_DELAY_SECONDS, metavar="DURATION",
        help="when the new key begins to sign: by then every process must have read it; default: 10m",
    )  # fmt: skip


def _add_places(parser: argparse.ArgumentParser) -> None:
    """Options may stand behind the action too."""
    parser.add_argument("--data", default=argparse.SUPPRESS, help="(TRACKER_DATA)")
    parser.add_argument("--partners", default=argparse.SUPPRESS, help="(TRACKER_PARTNERS)")


def run(options: argparse.Namespace, settings: Settings) -> None:
    now = int(time.time())
    if options.action == "make":
        app.make_keys(settings)
        print(f"The keys are in {settings.data / 'secrets.json'}.")
    elif options.action == "rotate":
        made = rotate(settings.data, options.purpose, delay=options.delay, now=now, letter_of=letter_of)
        print(f"Made: {_told(made, now)}" if made else f"Made: a new {options.purpose} key. Give its address out anew.")
        _take_up(settings)
    else:
        _list(list(listed(keys.load(settings.data), now, letter_of)), now, as_json=options.json)


def _take_up(settings: Settings) -> None:
    """Running processes know the old file. Raises TrackerError when they could not be started anew."""
    try:
        ask_running(settings, "restart")
    except NotRunningError:
        print("No tracker runs here: the next start takes it up.")
    print(_ELSEWHERE)


def _list(found: list[ListedKey], now: int, *, as_json: bool) -> None:
    for one in found:
        print(json.dumps(asdict(one)) if as_json else _told(one, now))


def _told(one: ListedKey, now: int) -> str:
    return "  ".join(_parts(one, now))


def _parts(one: ListedKey, now: int) -> Iterator[str]:
    yield f"{one.purpose:12} {one.letter or '-'}"
    yield f"made {(now - one.made_at) // DAY_SECONDS} days ago" if one.made_at else "as old as the installation"
    if one.purpose not in VERIFY_SECONDS:
        return
    if one.signs_now:
        yield "signs" + (f" since {_moment(one.signs_from)}" if one.signs_from else "")
    elif one.signs_from > now:
        yield f"verifies, signs from {_moment(one.signs_from)}"
    if one.signs_until is not None:
        yield f"signs until {_moment(one.signs_until)}" if one.signs_now else f"signed until {_moment(one.signs_until)}"
    if one.verifies_until is not None:
        yield f"verifies until {_moment(one.verifies_until)}"


def _moment(second: int) -> str:
    return f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}Z"

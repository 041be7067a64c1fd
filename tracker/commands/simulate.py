"""`tracker simulate`: realistic traffic against the running tracker of this data folder, and whether it was right."""

import argparse
import asyncio
import json
import time
from urllib.parse import urlsplit

from tracker import app
from tracker.errors import TrackerError
from tracker.settings import Settings
from tracker.simulate.compare import Check, table
from tracker.simulate.run import simulate as run
from tracker.simulate.shop import read_shops
from tracker.simulate.traces import Plan

_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


def simulate(options: argparse.Namespace, settings: Settings) -> int:
    """0: everything is as it must be · 1: something differs."""
    if options.clicks < 1:
        raise TrackerError("Give one click or more: --clicks 1000.")
    if app.running(settings).demo:
        raise TrackerError(
            "This tracker runs the demo, whose links lead to demo shops: start `tracker serve` without --demo, with a "
            "--data folder of its own, and simulate on that."
        )
    service = app.simulated_service(settings)
    address = urlsplit(service.url)
    if address.scheme != "http" or address.hostname not in _THIS_MACHINE:
        raise TrackerError(f"{service.url} is not this machine's: simulated traffic goes to a loopback address only.")
    name = f"s{options.seed}" + (f"-{int(time.time()):x}" if options.partial else "")
    plan = Plan(options.clicks, options.seed, name, alone=not options.partial)
    checks = asyncio.run(run(plan, read_shops(settings.partners), service))
    print(_as_json(checks) if options.json else "\n".join(table(checks)))
    return 0 if all(check.passed for check in checks) else 1


def _as_json(checks: list[Check]) -> str:
    return json.dumps([check._asdict() | {"passed": check.passed} for check in checks], ensure_ascii=False)

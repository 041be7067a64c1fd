"""Every command of `tracker`: what it is for, where it is, and the arguments of those that are small."""

import argparse
from collections.abc import Callable, Mapping
from typing import NamedTuple

from tracker.commands import arguments as of


class Command(NamedTuple):
    help: str
    module: str  # below tracker.commands
    function: str
    add_arguments: Callable[[argparse.ArgumentParser], None] | None = None  # None: those that the module declares


COMMANDS: Mapping[str, Command] = {
    "serve": Command("start everything: the stores, the web workers, the warehouse", "serve", "serve", of.process),
    "web": Command("one web worker, on stores that are already running", "processes", "web", of.process),
    "drain": Command(
        "the warehouse process: ships every fact to ClickHouse, serves analysts", "processes", "drain", of.process
    ),
    "demo": Command("the demo shops and the demo sign-in", "processes", "demo", of.process),
    "restart": Command("new processes for old ones, without a refused connection", "running", "restart", of.nothing),
    "reload": Command("put partners.yaml in force: validate, show what changes, swap", "running", "reload", of.reload),
    "migrate": Command("bring the schemas of PostgreSQL and ClickHouse up to date", "operate", "migrate", of.nothing),
    "check-partners": Command(
        "report every problem of partners.yaml, with line and fix", "operate", "check", of.check_partners
    ),
    "link": Command("print a signed click-out address", "operate", "link", of.link),
    "postback-url": Command("print the address to give to a partner", "operate", "postback_url", of.postback_url),
    "reports-url": Command(
        "print the address at which analysts read the reports", "operate", "reports_url", of.nothing
    ),
    "partner-url": Command("print the address of a partner's own page", "operate", "partner_url", of.partner),
    "desk-url": Command("print the address of the staff's desk", "operate", "desk_url", of.nothing),
    "query": Command("run ClickHouse SQL; works beside a running server", "operate", "query", of.query),
    "simulate": Command(
        "send traffic to a running tracker, and judge what it made of it", "simulate", "simulate", of.simulate
    ),
    "late": Command(
        "conversions confirmed after the window, or not confirmed in it", "staff", "late", of.queue("override")
    ),
    "unmatched": Command(
        "conversions without a click that we know", "staff", "unmatched", of.queue("claim", "click_id")
    ),
    "held": Command("conversions that wait for staff", "staff", "held", of.queue("release")),
    "replay": Command(
        "decide what failed, was deferred, or waited for a click or a rate", "staff", "replay", of.nothing
    ),
    "rates": Command("exchange rates of the days of orders: list, import", "rates", "rates", of.rates),
    "notifications": Command(
        "what the programme is told: list, replay, test, secret", "notifications", "notifications"
    ),
    "backup": Command("copy everything of a running tracker into a new folder", "backup", "back_up"),
    "restore": Command("make a data folder from a backup; then start `tracker serve` on it", "backup", "restore"),
    "erase": Command(
        "replace a shopper by an anonymous stand-in in every store; sums stay as they are", "erase", "run"
    ),
    "keys": Command("the installation's keys: make, list, rotate", "keys", "run"),
    "rebuild": Command(
        "make ClickHouse's money tables anew from PostgreSQL, and prove with hashes that they are the same",
        "rebuild",
        "rebuild",
    ),
    "reconcile": Command("compare a partner's statement with our books, and take its word", "reconcile", "reconcile"),
    "try-postback": Command("what we would do with one request, without storing anything", "try_postback", "run"),
}

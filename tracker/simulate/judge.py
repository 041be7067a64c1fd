"""Every answer and every table of the tracker against what this run must lead to."""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence

from tracker.simulate.compare import Check, Row, compare
from tracker.simulate.expected import (
    Standing,
    accounts,
    conversion_row,
    expect_clicks,
    line_rows,
    postback_rows,
    shopper_of,
    stand,
)
from tracker.simulate.found import Ask, read_clicks, read_conversions, read_lines, read_postbacks
from tracker.simulate.questions import ANSWERS, CountedClick, Facts, as_found, must_be, read_questions
from tracker.simulate.shop import Shop
from tracker.simulate.traces import Plan, Service, Traces
from tracker.simulate.traffic import banner

SHIPPED_SECONDS = 120
_ASK_AGAIN_SECONDS = 0.5


async def judge(plan: Plan, shops: Mapping[str, Shop], service: Service, traces: Traces) -> list[Check]:
    """Totals, ledger and analysts' questions only where the tracker had nothing before."""
    must, was = expect_clicks(traces.clicks, traces.answers, shops, plan.name)
    standings = stand(traces.sendings, traces.made)
    await _until_shipped(plan, service, len(must.rows))
    clicks = await read_clicks(service.ask, plan.name)
    checks = [
        compare("answers to click-outs", must.answers, was.answers),
        compare("clicks", must.rows, _with_names(plan, clicks, traces)),
        _hashes(plan, clicks, traces),
        _replies(traces),
        compare(
            "postbacks",
            postback_rows(traces.sendings, traces.strays, traces.made),
            await read_postbacks(service.ask, plan.name),
        ),
        compare(
            "conversions",
            {key: conversion_row(standing) for key, standing in standings.items()},
            await read_conversions(service.ask, plan.name),
        ),
        compare("lines", line_rows(standings.values()), await read_lines(service.ask, plan.name)),
    ]
    if plan.alone:
        checks += await _audit(service, standings.values())
        checks += await _questions(service.ask, Facts(_counted(must.rows, clicks), list(standings.values())))
    return checks


async def _until_shipped(plan: Plan, service: Service, clicks: int) -> None:
    """Until ClickHouse has everything, or is so late that what lacks must be called lost."""
    deadline = time.monotonic() + SHIPPED_SECONDS
    counting = f"SELECT count() AS clicks FROM clicks WHERE startsWith(banner, '{plan.name}-')"  # noqa: S608
    while time.monotonic() < deadline:
        waiting = (await service.audit()).not_shipped
        [found] = await service.ask(counting)
        if not waiting and int(found["clicks"]) >= clicks:
            return
        await asyncio.sleep(_ASK_AGAIN_SECONDS)


def _with_names(plan: Plan, rows: Mapping[str, Row], traces: Traces) -> Mapping[str, Row]:
    """Rows with what cannot be compared as it is: a moment and a keyed hash."""
    named = {name: dict(row) for name, row in rows.items()}
    clicks = {banner(plan.name, click.number): click for click in traces.clicks}
    whose = {"0": ""}
    for row in named.values():
        if (click := clicks.get(row["banner"])) is None:
            continue
        answer = traces.answers[click.number]
        in_time = int(answer.sent_at) <= int(row["second"]) <= answer.answered_at
        row["in its time"] = "yes" if in_time else f"{row['second']}, asked at {answer.sent_at:.3f}"
        row["shopper"] = whose.setdefault(row["shopper_hash"], shopper_of(click))
    return named


def _hashes(plan: Plan, rows: Mapping[str, Row], traces: Traces) -> Check:
    """One hash a shopper, one shopper a hash."""
    hashes: dict[str, set[str]] = {}
    for click in traces.clicks:
        if (row := rows.get(banner(plan.name, click.number))) is not None:
            hashes.setdefault(shopper_of(click), set()).add(row["shopper_hash"])
    different = len(set().union(*hashes.values()))
    several = tuple(f"{whose or 'nobody'}: {len(found)} hashes" for whose, found in hashes.items() if len(found) > 1)
    shared = () if different >= len(hashes) else ("shoppers share hashes",)
    return Check("shoppers and their hashes", len(hashes), different, (*several, *shared))


def _replies(traces: Traces) -> Check:
    """Each message was answered with its status; Admitad's, where taken, with its one word."""
    differences = [
        f"{message.name}: should be answered {must_be}, was {replied.status} {replied.text[:80]!r}"
        for message, must_be, replied in traces.replies
        if replied.status != must_be or (replied.status == 200 and not _is_word(replied.text))
    ]
    right = len(traces.replies) - len(differences)
    return Check("answers to postbacks", len(traces.replies), right, tuple(differences))


def _is_word(text: str) -> bool:
    return text == "OK" or text.startswith("{")


async def _audit(service: Service, standings: Iterable[Standing]) -> list[Check]:
    audited = await service.audit()
    found = {account: {"kopecks": str(kopecks)} for account, kopecks in audited.balances.items()}
    sums = {
        "revisions whose entries do not balance": audited.unbalanced,
        "sum of all accounts": sum(audited.balances.values()),
        "facts not shipped": audited.not_shipped,
    }
    zero = {name: {"is": "0"} for name in sums}
    return [
        compare("ledger accounts", accounts(standings), found),
        compare("ledger sums", zero, {name: {"is": str(number)} for name, number in sums.items()}),
    ]


async def _questions(ask: Ask, facts: Facts) -> list[Check]:
    """Every question that the analysts' page answers."""
    checks = []
    for name, sql in read_questions().items():
        answer, keys = ANSWERS[name]
        checks.append(compare(f"question {name}", must_be(answer(facts)), as_found(await ask(sql), keys)))
    return checks


def _counted(must: Mapping[str, Row], found: Mapping[str, Row]) -> Sequence[CountedClick]:
    """At the seconds that were recorded: those were judged before. Whoever was stopped did not click yet."""
    return [
        CountedClick(row["partner_id"], int(found[name]["second"]), valid=row["valid"] == "1")
        for name, row in must.items()
        if name in found and row["outcome"] != "stopped"
    ]

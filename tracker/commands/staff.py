"""`tracker late`, `unmatched`, `held`: what staff list and do; `tracker replay`."""

import argparse
import asyncio
import dataclasses
import json

from tracker import app
from tracker.core.decision import Decision
from tracker.errors import TrackerError
from tracker.ports import ListedOrder
from tracker.postback.staff import NotDone, Staff
from tracker.settings import Settings


def late(options: argparse.Namespace, settings: Settings) -> None:
    asyncio.run(_work("late", options, settings))


def unmatched(options: argparse.Namespace, settings: Settings) -> None:
    asyncio.run(_work("unmatched", options, settings))


def held(options: argparse.Namespace, settings: Settings) -> None:
    asyncio.run(_work("held", options, settings))


async def _work(queue: str, options: argparse.Namespace, settings: Settings) -> None:
    """Lists one queue, or acts on one order of it."""
    async with app.open_staff(settings) as staff:
        if options.action == "list":
            _print(await _listed(queue, staff), as_json=options.json)
            return
        done = await _acted(options, staff)
    if isinstance(done, NotDone):
        raise TrackerError(done.sentence)
    reasons = ", ".join(done.reasons) or "none"
    print(f"{options.partner} {options.order}: {done.status}, cashback {done.cashback}, reasons {reasons}")


async def _listed(queue: str, staff: Staff) -> list[ListedOrder]:
    lists = {"late": staff.late, "unmatched": staff.unmatched, "held": staff.held}
    return list(await lists[queue]())


async def _acted(options: argparse.Namespace, staff: Staff) -> Decision | NotDone:
    order, why = (options.partner, options.order), {"reason": options.reason, "staff": options.staff}
    if options.action == "override":
        return await staff.credit_late(*order, **why)
    if options.action == "release":
        return await staff.release(*order, **why)
    return await staff.claim(*order, options.click_id, **why)


def _print(orders: list[ListedOrder], *, as_json: bool) -> None:
    if as_json:
        for one in orders:
            print(json.dumps(dataclasses.asdict(one), default=str, ensure_ascii=False))
        return
    for one in orders:
        why = ", ".join((*one.reasons, *one.held_by_us)) or "not confirmed in time"
        held = ", on hold" if one.hold else ""
        confirm_by = f"  by {one.confirm_by:%Y-%m-%d %H:%M}Z" if one.confirm_by else ""
        print(f"{one.partner_id:16} {one.order_id:24} {one.status}{held}  {one.cashback} rubles  {why}{confirm_by}")
    if not orders:
        print("Nothing to do.")


def replay(options: argparse.Namespace, settings: Settings) -> None:  # noqa: ARG001 - every command has this shape
    """Decide what failed or was deferred, and what waited for a click or an exchange rate."""
    done, came = asyncio.run(app.replay_once(settings))
    print(f"{done.seen} taken up; still waiting: {done.deferred} deferred, {done.failed} failed.")
    if came.looked_for or came.rated:
        print(f"{came.found} of {came.looked_for} missing clicks found; {came.rated} orders got their exchange rate.")

"""Decides anew what waited for something that has come since: a click that was not found when a message named it, an
exchange rate that was not imported when an order needed it (docs/rules.md, L-12, C-11)."""

import logging
from collections.abc import Awaitable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import TypeVar

from tracker.core.conversion import judge
from tracker.core.fold import owner
from tracker.core.order import Message, Order
from tracker.core.reasons import Flag, MessageCode
from tracker.errors import StoreUnavailableError
from tracker.ports import Awaited, Change, FoundClick, KnownOrder
from tracker.postback.books import AwaitingBooks
from tracker.postback.ingest import TRIES, OrderBusyError
from tracker.postback.kept import postback_fact
from tracker.postback.named import NamedClicks
from tracker.postback.settle import Occasion, Settled, Step, Terms, settle

CLICKS_A_ROUND = 200
GIVEN_UP_AFTER = timedelta(days=7)
SOONEST = timedelta(minutes=1)

_log = logging.getLogger(__name__)
_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class Came:
    """How many messages' clicks were looked for and how many found; how many orders got their exchange rate."""

    looked_for: int = 0
    found: int = 0
    rated: int = 0


class _Look(Enum):
    FOUND = auto()
    MISSED = auto()
    NOT_NOW = auto()


class CameLater:
    def __init__(self, books: AwaitingBooks, named: NamedClicks) -> None:
        self._books = books
        self._named = named

    async def decide(self, now: datetime, *, all_at_once: bool = False) -> Came:
        """One round: whose turn it is, or `all_at_once`. Raises StoreUnavailableError when the ledger is away; what was
        decided until then stays decided."""
        due = now + GIVEN_UP_AFTER if all_at_once else now
        looked_for = found = 0
        for awaited in await self._books.awaited(due, now - GIVEN_UP_AFTER, limit=CLICKS_A_ROUND):
            looked_for += 1
            there = await _unless_it_fails(awaited.partner_id, awaited.order_id, self._look(awaited, now))
            if there is _Look.NOT_NOW:
                break  # no click can be looked up: the others keep their turn
            if there is not _Look.FOUND:
                # The longer a click is missed, the more seldom it is looked for.
                await self._books.look_again(awaited, now + max(SOONEST, now - awaited.received_at))
            found += there is _Look.FOUND
        return Came(looked_for, found, await self._rate(now))

    async def _look(self, awaited: Awaited, now: datetime) -> _Look:
        for _ in range(TRIES):
            known = await self._books.load(awaited.partner_id, awaited.order_id)
            message = next(one for one in known.order.messages if one.received_at == awaited.received_at)
            if message.click is not None:
                return _Look.MISSED  # somebody else has found it
            try:
                named = await self._named.find(known.order, message.report)
            except StoreUnavailableError:
                return _Look.NOT_NOW
            if named.click is None:
                return _Look.MISSED
            found = replace(message, click=named.click, problem=None)
            if await self._write_found(awaited, known, found, now):
                return _Look.FOUND
        raise OrderBusyError

    async def _write_found(self, awaited: Awaited, known: KnownOrder, message: Message, now: datetime) -> bool:
        """False: the order has moved on meanwhile."""
        raw, click = awaited.request.raw, message.click
        if click is None:
            raise AssertionError  # it was found

        def act(before: Order, terms: Terms, elsewhere: bool) -> Step:
            messages = (message if one.received_at == message.received_at else one for one in before.messages)
            order = replace(before, messages=tuple(messages))
            decision = judge(order, terms, rewarded_elsewhere=elsewhere)
            stood = judge(before, terms, rewarded_elsewhere=known.rewarded_elsewhere)
            code = None if owner(order) == click else MessageCode.ORDER_TAKEN
            found = FoundClick(message.received_at, click)
            return Step(order, decision, code, revised=decision != stood, found=found)

        settled = await settle(self._books, known, act, click, Occasion(now, raw.postback_id))
        code, decision = settled.step.code, settled.step.decision
        fact = postback_fact(
            raw,
            code,
            reasons=() if code else decision.reasons,
            http_status=awaited.request.http_status,
            report=message.report,
            version=awaited.request.version + 1,
        )
        return await self._books.write(Change(fact=fact, orders=settled.orders, siblings=settled.siblings))

    async def _rate(self, now: datetime) -> int:
        rated, after = 0, ("", "")
        while page := await self._books.rates_came(after):
            for partner_id, order_id in page:
                done = await _unless_it_fails(partner_id, order_id, self._rate_one(partner_id, order_id, now))
                rated += bool(done)
            after = page[-1]
        return rated

    async def _rate_one(self, partner_id: str, order_id: str, now: datetime) -> bool:
        for _ in range(TRIES):
            known = await self._books.load(partner_id, order_id)
            settled = await settle(self._books, known, _with_its_rates, None, Occasion(now))
            if not settled.step.revised:
                return False  # another currency of it has none yet
            if await self._books.write(_change(settled)):
                return True
        raise OrderBusyError


async def _unless_it_fails(partner_id: str, order_id: str, work: Awaitable[_Done]) -> _Done | None:
    """None: our own failure, logged."""
    try:
        return await work
    except StoreUnavailableError:
        raise
    except Exception:  # noqa: BLE001 - the others must not wait for this one
        _log.exception("The order %s of %s failed to be decided anew", order_id, partner_id)
        return None


def _change(settled: Settled) -> Change:
    return Change(orders=settled.orders, siblings=settled.siblings)


def _with_its_rates(order: Order, terms: Terms, elsewhere: bool) -> Step:
    decision = judge(order, terms, rewarded_elsewhere=elsewhere)
    return Step(order, decision, revised=Flag.RATE_MISSING not in decision.flags)

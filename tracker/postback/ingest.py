"""The flow of one report: find its order and its click, decide, write. Nothing is locked while it thinks: the ledger
refuses a change whose order has moved on, and the flow decides anew (docs/adr/0009)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.core.decision import Decision
from tracker.core.order import Message, Order
from tracker.core.reasons import MessageCode
from tracker.core.report import Report
from tracker.core.take import take
from tracker.errors import StoreUnavailableError
from tracker.ports import Change, ClickFinder, ClickIds, KnownOrder, RawPostback, Waiting
from tracker.postback.books import Books
from tracker.postback.kept import postback_fact
from tracker.postback.named import Named, NamedClicks
from tracker.postback.settle import Occasion, Step, Terms, settle
from tracker.postback.turns import Turns

# Each stale write means that another one succeeded, so this many in a row do not happen by chance.
TRIES = 100

_TELLS_THE_DECISION = (None, MessageCode.UNKNOWN_CLICK, MessageCode.BAD_SIGNATURE)


class OrderBusyError(Exception):
    def __init__(self) -> None:
        super().__init__(f"The order changed under {TRIES} tries to decide a message about it.")


@dataclass(frozen=True, slots=True)
class Ingested:
    """`code` None: decided. `decision` is told to the sender only when the message made it."""

    code: MessageCode | None
    decision: Decision | None = None


class Ingest:
    def __init__(self, books: Books, click_ids: ClickIds, clicks: ClickFinder) -> None:
        self._books = books
        self._named = NamedClicks(click_ids, clicks)
        self._turns = Turns()

    async def take(self, raw: RawPostback, report: Report) -> Ingested:
        """Decide a new message and write all of it in one transaction.

        Raises StoreUnavailableError when the ledger does not answer.
        """
        async with self._turns.of(raw.partner_id, report.order_id):
            for _ in range(TRIES):
                ingested = await self._try(raw, report, version=1)
                if ingested is not None:
                    return ingested
        raise OrderBusyError

    async def retake(self, waiting: Waiting, report: Report) -> Ingested | None:
        """Decide a message that is kept already, with its original receipt time. None: somebody else has done so.

        `deferred`: its click still cannot be looked up, and it stays as it was.
        """
        raw = waiting.raw
        async with self._turns.of(raw.partner_id, report.order_id):
            for _ in range(TRIES):
                ingested = await self._try(raw, report, version=waiting.version + 1)
                if ingested is not None:
                    return ingested
                now = await self._books.find_waiting(raw.postback_id)
                if now is None or now.version != waiting.version:
                    return None
        raise OrderBusyError

    async def _try(self, raw: RawPostback, report: Report, *, version: int) -> Ingested | None:
        """None: the order has moved on meanwhile, and nothing was written."""
        known = await self._books.load(raw.partner_id, report.order_id)
        try:
            named = await self._named.find(known.order, report)
        except StoreUnavailableError:
            return await self._defer(raw, report, version)
        return await self._decide(raw, report, known, named, version)

    async def _decide(
        self, raw: RawPostback, report: Report, known: KnownOrder, named: Named, version: int
    ) -> Ingested | None:
        received_at = _receipt(known, raw.received_at, newest=version == 1)
        message = Message(report, received_at, named.click, named.problem)

        def act(order: Order, terms: Terms, elsewhere: bool) -> Step:
            taken = take(order, message, terms, rewarded_elsewhere=elsewhere)
            added = message if message in taken.order.messages else None
            return Step(taken.order, taken.decision, taken.code, taken.revised, message=added)

        settled = await settle(self._books, known, act, named.click, Occasion(raw.received_at, raw.postback_id))
        code = settled.step.code
        decision = settled.step.decision if code in _TELLS_THE_DECISION else None
        reasons = decision.reasons if decision else ()
        written = await self._books.write(
            Change(
                fact=postback_fact(raw, code, reasons=reasons, report=report, version=version),
                raw=raw if version == 1 else None,
                orders=settled.orders,
                siblings=settled.siblings,
            )
        )
        return Ingested(code, decision) if written else None

    async def _defer(self, raw: RawPostback, report: Report, version: int) -> Ingested:
        if version == 1:
            fact = postback_fact(raw, MessageCode.DEFERRED, report=report)
            await self._books.write(Change(fact=fact, raw=raw))
        return Ingested(MessageCode.DEFERRED)


def _receipt(known: KnownOrder, received_at: datetime, *, newest: bool) -> datetime:
    """Unique within the order; a new request is also later than all before it, whatever the clock did."""
    taken = {message.received_at for message in known.order.messages}
    step = timedelta(microseconds=1)
    if newest and taken:
        received_at = max(received_at, max(taken) + step)
    while received_at in taken:
        received_at += step
    return received_at

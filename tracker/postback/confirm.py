"""The flow of one report of the tag: kept as evidence about its order, and the order decided anew (docs/adr/0010).

As with messages, nothing is locked while it thinks: the report, the revision that it calls for and the fact to ship are
written in one transaction, or not at all when the order has moved on.
"""

from dataclasses import replace

from tracker.core.click import Check, CheckResult, Confidence, Finding, TabFinding
from tracker.core.confirmation import Confirmation
from tracker.core.conversion import judge
from tracker.core.facts import TagFact
from tracker.core.order import Order
from tracker.core.unix_time import moment
from tracker.errors import StoreUnavailableError
from tracker.ports import Change, KnownOrder, OrderChange
from tracker.postback.books import Books
from tracker.postback.ingest import TRIES, OrderBusyError
from tracker.postback.settle import Occasion, Step, Terms, settle
from tracker.postback.turns import Turns

# A page is viewed a few times. More is somebody who fills our tables: anybody who has a click id can send a report, and
# must not crowd out those that name another click of the order.
MOST_OF_ONE_CLICK = 50


class TakeTagReport:
    def __init__(self, books: Books) -> None:
        self._books = books
        self._turns = Turns()

    async def take(self, fact: TagFact) -> None:
        """On disk when it returns. A report that comes again changes nothing.

        Raises StoreUnavailableError when the ledger does not answer, or when its order never rests.
        """
        if not _is_evidence(fact):
            await self._books.ship(fact)
            return
        async with self._turns.of(fact.partner_id, fact.order_id):
            for _ in range(TRIES):
                if await self._try(fact, _confirmation(fact)):
                    return
        raise StoreUnavailableError(str(OrderBusyError()))

    async def _try(self, fact: TagFact, seen: Confirmation) -> bool:
        """False: the order has moved on meanwhile, and nothing was written."""
        known = await self._books.load(fact.partner_id, fact.order_id)
        before = known.order.confirmations
        if any(one.report_id == seen.report_id for one in before):
            return True
        if sum(_names_the_same(one, seen) for one in before) >= MOST_OF_ONE_CLICK:
            await self._books.ship(fact)
            return True
        return await self._books.write(replace(await self._change(known, seen), tag=fact))

    async def _change(self, known: KnownOrder, seen: Confirmation) -> Change:
        if known.version == 0:  # kept until its order comes
            return Change(orders=(OrderChange(known, confirmation=seen),))

        def act(before: Order, terms: Terms, elsewhere: bool) -> Step:
            order = replace(before, confirmations=(*before.confirmations, seen))
            decision = judge(order, terms, rewarded_elsewhere=elsewhere)
            stood = judge(before, terms, rewarded_elsewhere=known.rewarded_elsewhere)
            return Step(order, decision, revised=decision != stood, confirmation=seen)

        settled = await settle(self._books, known, act, None, Occasion(seen.seen_at))
        return Change(orders=settled.orders, siblings=settled.siblings)


def _names_the_same(one: Confirmation, other: Confirmation) -> bool:
    return bool({one.click_id, one.cookie_click_id} & {other.click_id, other.cookie_click_id} - {""})


def _is_evidence(fact: TagFact) -> bool:
    """A report that names no click that we signed can never refuse: it is for analysts alone, as landings are."""
    return fact.kind == "confirmation" and bool(fact.order_id) and bool(fact.click_id or fact.cookie_click_id)


def _confirmation(fact: TagFact) -> Confirmation:
    return Confirmation(
        report_id=fact.report_id,
        seen_at=moment(fact.reported_at_us),
        click_id=fact.click_id,
        cookie_click_id=fact.cookie_click_id,
        tab=TabFinding(fact.tab),
        blocker=_blocker(fact),
        final=fact.final,
    )


def _blocker(fact: TagFact) -> CheckResult:
    for check, finding, confidence, evidence, milliseconds in fact.checks:
        if check == Check.AD_BLOCKER:
            return CheckResult(Check(check), Finding(finding), Confidence(confidence), evidence, milliseconds)
    return CheckResult(Check.AD_BLOCKER)

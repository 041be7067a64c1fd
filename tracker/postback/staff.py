"""What staff do about orders: credit what came late, release what we hold, give an unmatched order to a click. Each act
has a reason and a name, and is decided and written like a message."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from tracker.core.click import Click
from tracker.core.conversion import judge
from tracker.core.decision import Decision
from tracker.core.fold import owner
from tracker.core.order import Order, Override, OverrideKind
from tracker.core.reasons import Flag, Reason
from tracker.ports import Change, ClickFinder, ClickIds, KnownOrder, ListedOrder
from tracker.postback.books import StaffBooks
from tracker.postback.ingest import TRIES, OrderBusyError
from tracker.postback.settle import Occasion, Step, Terms, settle, with_rates


@dataclass(frozen=True, slots=True)
class NotDone:
    """Why nothing was changed."""

    sentence: str


# Says why an act makes no sense for the order as it stands; None if it does.
_Check = Callable[[Order, Decision], str | None]


class Staff:
    def __init__(
        self, books: StaffBooks, click_ids: ClickIds, clicks: ClickFinder, *, now: Callable[[], datetime]
    ) -> None:
        self._books = books
        self._click_ids = click_ids
        self._clicks = clicks
        self._now = now

    async def late(self) -> Sequence[ListedOrder]:
        """Confirmed after the window, and still pending at its end."""
        return await self._books.late(self._now())

    async def unmatched(self) -> Sequence[ListedOrder]:
        return await self._books.unmatched()

    async def held(self) -> Sequence[ListedOrder]:
        return await self._books.held()

    async def credit_late(self, partner_id: str, order_id: str, *, reason: str, staff: str) -> Decision | NotDone:
        """Credit a confirmation that came after the window."""
        override = Override(OverrideKind.CREDIT_LATE, reason, staff, self._now())
        return await self._do(partner_id, order_id, override, _is_late)

    async def release(self, partner_id: str, order_id: str, *, reason: str, staff: str) -> Decision | NotDone:
        """End our own hold; the partner's stays."""
        override = Override(OverrideKind.RELEASE, reason, staff, self._now())
        return await self._do(partner_id, order_id, override, _is_held_by_us)

    async def claim(
        self, partner_id: str, order_id: str, click_id: str, *, reason: str, staff: str
    ) -> Decision | NotDone:
        """Give an order to a click. Raises StoreUnavailableError when the click cannot be looked up now."""
        canonical = self._click_ids.read(click_id, partner_id)
        if canonical is None:
            return NotDone(f"{click_id} is not a click id that we signed for {partner_id}.")
        click = await self._clicks.find(canonical, partner_id)
        if click is None:
            return NotDone(f"No click {canonical} is recorded at {partner_id}.")
        override = Override(OverrideKind.CLAIM, reason, staff, self._now(), click)
        return await self._do(partner_id, order_id, override, _is_unmatched, click)

    async def _do(
        self, partner_id: str, order_id: str, override: Override, problem: _Check, click: Click | None = None
    ) -> Decision | NotDone:
        if not override.reason.strip() or not override.staff.strip():
            return NotDone("Give a reason and a name: both are logged.")
        for _ in range(TRIES):
            known = await self._books.load(partner_id, order_id)
            if known.version == 0:
                return NotDone(f"There is no order {order_id} at {partner_id}.")
            sentence = problem(known.order, await self._stands(known))
            if sentence is not None:
                return NotDone(sentence)
            decision = await self._write(known, override, click)
            if decision is not None:
                return decision
        raise OrderBusyError

    async def _stands(self, known: KnownOrder) -> Decision:
        click = owner(known.order)
        terms = await self._books.terms({click.terms_version} if click else ())
        rated = await with_rates(self._books, known, terms)
        return judge(rated.order, terms, rewarded_elsewhere=known.rewarded_elsewhere)

    async def _write(self, known: KnownOrder, override: Override, click: Click | None) -> Decision | None:
        """None: the order has moved on meanwhile."""

        def act(before: Order, terms: Terms, elsewhere: bool) -> Step:
            order = replace(before, overrides=(*before.overrides, override))
            return Step(order, judge(order, terms, rewarded_elsewhere=elsewhere), override=override)

        settled = await settle(self._books, known, act, click, Occasion(override.at))
        written = await self._books.write(Change(orders=settled.orders, siblings=settled.siblings))
        return settled.step.decision if written else None


def _is_late(order: Order, decision: Decision) -> str | None:
    if Reason.LATE in decision.reasons:
        return None
    return f"The order {order.order_id} was not confirmed late."


def _is_held_by_us(order: Order, decision: Decision) -> str | None:
    if decision.held_by_us == (Flag.RATE_MISSING,):
        rate = f"the rate of {decision.currency} of {decision.exchange_day}"
        return f"The order {order.order_id} waits for {rate}: `tracker rates import` releases it."
    if decision.held_by_us:
        return None
    whose = "its partner holds it" if decision.hold else "it is on no hold"
    return f"The order {order.order_id} is not held by us: {whose}."


def _is_unmatched(order: Order, decision: Decision) -> str | None:
    if decision.click is None:
        return None
    return f"The order {order.order_id} belongs to the click {decision.click.click_id} already."

"""Group commit: what arrives while a round trip is under way shares the next one, so that fsync costs no throughput."""

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from tracker.errors import StoreUnavailableError

CROWD = 4  # who travel together; where fewer do, nobody waits for more
A_MOMENT = 0.01  # seconds: what a trip of a database costs, and nobody notices

Item = TypeVar("Item")
Result = TypeVar("Result")


class GroupCommit(Generic[Item, Result]):
    """`trip` takes many items at once and answers in their order, each with its result or its exception.

    What the trip itself raises is everybody's, if it is StoreUnavailableError. Anything else may be the fault of one of
    them: then each goes alone. At most `lanes` trips are under way. Whoever waits for a place longer than `patience`
    seconds gets StoreUnavailableError: behind a store that hangs, the queue would grow faster than trips can fail. So
    does, on the way too, whoever waits for more than `answer_within` seconds in all.
    """

    def __init__(
        self,
        trip: Callable[[Sequence[Item]], Awaitable[Sequence[Result | Exception]]],
        *,
        largest: int,
        lanes: int = 1,
        patience: float = math.inf,
        pause: float = 0.0,
        answer_within: float = math.inf,
    ) -> None:
        """`pause`: where a trip costs the store as much as many items do, the next trip of a crowd waits so many
        seconds for more of them."""
        self._trip = trip
        self._largest = largest
        self._lanes = lanes
        self._patience = patience
        self._pause = pause
        self._is_crowded = False
        self._waiting: deque[tuple[float, Item, asyncio.Future[Result]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._answer_within = answer_within
        self._unanswered: deque[tuple[float, asyncio.Future[Result]]] = deque()  # the oldest first
        self._timer: asyncio.TimerHandle | None = None

    def submit(self, item: Item) -> "asyncio.Future[Result]":
        """Its result, to be awaited. Who is cancelled leaves the item aboard: others are on the same trip."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Result] = loop.create_future()
        now = loop.time()
        self._waiting.append((now + self._patience, item, answer))
        if self._answer_within < math.inf:
            self._unanswered.append((now + self._answer_within, answer))
            if self._timer is None:
                self._give_up_overdue()
        if len(self._tasks) < self._lanes:
            self._tasks.add(asyncio.create_task(self._go()))
        return answer

    async def _go(self) -> None:
        try:
            while self._waiting:
                if self._pause and self._is_crowded and len(self._waiting) < self._largest:
                    await asyncio.sleep(self._pause)
                aboard = self._board()
                self._is_crowded = len(aboard) >= CROWD
                if aboard:
                    await self._take(aboard)
        finally:
            # Here and not in a callback: until that ran, an item could arrive that nobody takes.
            self._tasks -= {asyncio.current_task()}

    def _board(self) -> list[tuple[Item, "asyncio.Future[Result]"]]:
        """Those who go on the next trip, in turn."""
        now = asyncio.get_running_loop().time()
        aboard: list[tuple[Item, asyncio.Future[Result]]] = []
        while self._waiting and len(aboard) < self._largest:
            until, item, answer = self._waiting.popleft()
            if now <= until:
                aboard.append((item, answer))
            elif not answer.done():
                answer.set_exception(StoreUnavailableError("The store answers too slowly: nothing was sent to it."))
        return aboard

    def _give_up_overdue(self) -> None:
        """One timer for all, for the oldest: to set and to cancel one for each costs more than to look here."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._unanswered and (self._unanswered[0][1].done() or self._unanswered[0][0] <= now):
            _, answer = self._unanswered.popleft()
            if not answer.done():
                answer.set_exception(StoreUnavailableError(f"The store gave no answer in {self._answer_within} s."))
        self._timer = loop.call_at(self._unanswered[0][0], self._give_up_overdue) if self._unanswered else None

    async def _take(self, aboard: Sequence[tuple[Item, "asyncio.Future[Result]"]]) -> None:
        try:
            results = await self._trip([item for item, _ in aboard])
            answered = list(zip(aboard, results, strict=True))
        except Exception as fault:  # noqa: BLE001 - handed to those who wait for it
            if len(aboard) > 1 and not isinstance(fault, StoreUnavailableError):
                for one in aboard:
                    await self._take([one])
                return
            answered = [(one, fault) for one in aboard]
        for (_, answer), result in answered:
            if answer.done():
                continue  # whoever asked was cancelled meanwhile
            if isinstance(result, Exception):
                answer.set_exception(result)
            else:
                answer.set_result(result)

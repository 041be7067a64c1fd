"""Group commit: calls that arrive while a round trip is under way share the next one, so that a fsync costs no
throughput."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from tracker.errors import StoreUnavailableError

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class SharedTrips(Generic[_Item, _Result]):
    """`trip` handles many items at once and answers in their order. At most `lanes` trips are under way."""

    def __init__(
        self, trip: Callable[[Sequence[_Item]], Awaitable[Sequence[_Result]]], *, most: int = 64, lanes: int = 2
    ) -> None:
        self._trip = trip
        self._most = most
        self._lanes = lanes
        self._waiting: deque[tuple[_Item, asyncio.Future[_Result]]] = deque()
        self._tasks: set[asyncio.Task[None]] = set()

    async def share(self, item: _Item) -> _Result:
        """A caller that goes away does not stop its item: others are on the same trip."""
        answer: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if len(self._tasks) < self._lanes:
            task = asyncio.create_task(self._go())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await answer

    async def _go(self) -> None:
        while self._waiting:
            aboard = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            await self._take(aboard)

    async def _take(self, aboard: Sequence[tuple[_Item, asyncio.Future[_Result]]]) -> None:
        try:
            results = await self._trip([item for item, _ in aboard])
        except Exception as fault:  # noqa: BLE001 - handed to those who wait for it
            if len(aboard) > 1 and not isinstance(fault, StoreUnavailableError):
                # One of them spoils the trip for all: each goes alone, so that only that one fails.
                for one in aboard:
                    await self._take([one])
                return
            for _, answer in aboard:
                if not answer.done():
                    answer.set_exception(fault)
            return
        for (_, answer), result in zip(aboard, results, strict=True):
            if not answer.done():
                answer.set_result(result)

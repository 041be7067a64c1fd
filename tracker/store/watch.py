"""How long a store takes, and how often it fails: one observation a round trip, however many share it."""

from collections.abc import Awaitable, Callable, Sequence
from time import perf_counter
from types import TracebackType
from typing import TypeVar

from tracker.core.click import Click
from tracker.errors import StoreUnavailableError
from tracker.store.find_click import YoungClicks
from tracker.telemetry import STORE_FAILURES, STORE_SECONDS, Histogram, Telemetry

Items = TypeVar("Items")
Result = TypeVar("Result")


class StoreWatch:
    """Of one store; `acts` is what can be asked of it."""

    def __init__(self, telemetry: Telemetry, store: str, acts: Sequence[str]) -> None:
        self._telemetry = telemetry
        self._store = store
        self._seconds = {act: telemetry.histogram(STORE_SECONDS, store, act) for act in acts}
        telemetry.count(STORE_FAILURES, store, by=0)

    def trip(self, act: str) -> "_Trip":
        """Around a round trip: a StoreUnavailableError that leaves the block is a failure of the store."""
        return _Trip(self, self._seconds[act])

    def failed(self) -> None:
        self._telemetry.count(STORE_FAILURES, self._store)

    def trips(
        self, act: str, go: Callable[[Items], Awaitable[Sequence[Result]]]
    ) -> Callable[[Items], Awaitable[Sequence[Result]]]:
        """`go`, watched. A store that takes the trip and refuses what is aboard has failed, too."""

        async def watched(items: Items) -> Sequence[Result]:
            with self.trip(act):
                results = await go(items)
            if any(isinstance(result, Exception) for result in results):
                self.failed()
            return results

        return watched


def watch_valkey(telemetry: Telemetry | None = None) -> StoreWatch:
    """Without telemetry nobody looks."""
    return StoreWatch(telemetry or Telemetry(), "valkey", ("record", "find"))


def watch_postgres(telemetry: Telemetry | None = None) -> StoreWatch:
    return StoreWatch(telemetry or Telemetry(), "postgres", ("read", "write"))


class _Trip:
    __slots__ = ("_begun", "_seconds", "_watch")

    def __init__(self, watch: StoreWatch, seconds: Histogram) -> None:
        self._watch = watch
        self._seconds = seconds

    def __enter__(self) -> None:
        self._begun = perf_counter()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._seconds.observe(perf_counter() - self._begun)
        if isinstance(error, StoreUnavailableError):
            self._watch.failed()


class WatchedClicks:
    """Satisfies `YoungClicks` by another one, and watches it."""

    def __init__(self, clicks: YoungClicks, watch: StoreWatch) -> None:
        self._clicks = clicks
        self._watch = watch

    async def find(self, click_id: str, partner_id: str) -> Click | None:
        with self._watch.trip("find"):
            return await self._clicks.find(click_id, partner_id)

    async def may_wait(self, click_id: str) -> bool:
        with self._watch.trip("find"):
            return await self._clicks.may_wait(click_id)

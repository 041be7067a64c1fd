"""The processes that `serve` keeps running: started, replaced one by one, told to read again, stopped."""

import asyncio
import logging
from collections.abc import Callable
from time import monotonic

from tracker.board import State
from tracker.commands.children import Child, web_places
from tracker.embedded.keep_alive import keep_alive
from tracker.errors import TrackerError

READY_SECONDS = 60.0
RELOAD_SECONDS = 30.0
_LOOK_SECONDS = 0.05

Say = Callable[[str], None]

log = logging.getLogger(__name__)


class Kept:
    """A child that is started again when it ends."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self._stopping = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Once or again: it is started once."""
        if self._watch is None:
            await self.child.start()
            self.watch()

    def watch(self) -> None:
        """From now on it is started again when it ends."""
        self._watch = asyncio.create_task(keep_alive(self.child, stopping=self._stopping, log=log))

    async def stop(self, *, hurried: bool = True) -> None:
        self._stopping.set()
        if self._watch is not None:
            await self._watch
        await self.child.stop(hurried=hurried)


class Fleet:
    """One drain, web workers, and perhaps the demo. `new_worker` takes the worker's number and its place."""

    def __init__(self, drain: Child, new_worker: Callable[[int, int], Child], workers: int, demo: Child | None) -> None:
        self._drain = Kept(drain)
        self._new_worker = new_worker
        self._second = [False] * workers  # whether it is in the second of its two places
        self._workers = [Kept(new_worker(number + 1, web_places(number + 1)[0])) for number in range(workers)]
        self._demo = None if demo is None else Kept(demo)
        self._leaving: set[Kept] = set()
        self._retiring: set[asyncio.Task[None]] = set()

    async def start_workers(self) -> None:
        for one in self._workers:
            await one.start()

    async def start(self) -> None:
        """All of them; the others when the workers are ready: shoppers wait for these."""
        await self.start_workers()
        await asyncio.gather(*(self._is_ready(one.child) for one in self._workers))
        for one in (self._drain, *([self._demo] if self._demo else [])):
            await one.start()

    async def stop(self) -> None:
        """First no new clicks and postbacks, then the drain ships what is left."""
        if self._demo is not None:
            await self._demo.stop()
        await asyncio.gather(*(one.stop() for one in (*self._workers, *self._leaving)), *self._retiring)
        await self._drain.stop()

    async def restart(self, say: Say) -> None:
        """A new process for each, of the code and the secrets that are there now. At any moment somebody accepts.

        Raises TrackerError when a new one does not get ready: the old ones that are left serve on.
        """
        await self._until_retired()  # those of a restart that failed have the places that are needed now
        for place in range(len(self._workers)):
            old = await self._replace_worker(place)
            self._retiring.add(asyncio.create_task(old.stop(hurried=False)))
            say(f"web worker {place + 1}: the new one accepts, the old one finishes what it has")
        await self._until_retired()
        self._drain = await _again(self._drain)
        if not await self._is_ready(self._drain.child):
            raise TrackerError("The drain does not get ready; facts wait for it. Look at the log.")
        say("drain: the new one ships")
        if self._demo is not None:
            self._demo = await _again(self._demo)

    async def reload(self, digest: str) -> None:
        """Every process works by the configuration with this hash when it returns: one that does not take it in time
        is started again, and reads it then. Raises TrackerError when that does not help either."""
        children = [self._drain.child, *(one.child for one in self._workers)]
        for child in children:
            child.reload()
        if not await self._all_have(digest, RELOAD_SECONDS):
            for child in children:
                if child.place is None or child.place.configuration != digest:
                    log.error("%s does not take the new configuration: started again", child.name)
                    await child.stop()  # it is kept alive
            if not await self._all_have(digest, READY_SECONDS):
                raise TrackerError("Not every process works by the new configuration. Look at the log.")
        if self._demo is not None:
            self._demo = await _again(self._demo)

    async def _until_retired(self) -> None:
        if self._retiring:
            await asyncio.wait(self._retiring)
        self._retiring.clear()
        self._leaving.clear()

    async def _replace_worker(self, place: int) -> Kept:
        """Returns the old one, which is told to finish."""
        places = web_places(place + 1)
        second = not self._second[place]
        new = Kept(self._new_worker(place + 1, places[second]))
        self._leaving.add(new)  # whatever happens now, it is not forgotten
        await new.child.start()
        if not await self._is_ready(new.child):
            await new.child.stop()
            self._leaving.discard(new)
            raise TrackerError(
                f"A new web worker {place + 1} does not get ready; the old ones serve on. Look at the log."
            )
        new.watch()
        self._leaving.discard(new)
        old, self._workers[place], self._second[place] = self._workers[place], new, second
        self._leaving.add(old)
        return old

    async def _is_ready(self, child: Child) -> bool:
        def done() -> bool:
            return child.has_ended or (child.place is not None and child.place.state is State.READY)

        return await _until(done, READY_SECONDS) and not child.has_ended

    async def _all_have(self, digest: str, seconds: float) -> bool:
        def done() -> bool:
            places = (self._drain.child.place, *(one.child.place for one in self._workers))
            return all(one and one.state is State.READY and one.configuration == digest for one in places)

        return await _until(done, seconds)


async def _until(done: Callable[[], bool], seconds: float) -> bool:
    """Whether it came true in that time. What other processes write in memory can only be looked at."""
    end = monotonic() + seconds
    while not done():
        if monotonic() > end:
            return False
        await asyncio.sleep(_LOOK_SECONDS)
    return True


async def _again(kept: Kept) -> Kept:
    """Stopped, and started as a new process."""
    await kept.stop()
    new = Kept(kept.child)
    await new.start()
    return new

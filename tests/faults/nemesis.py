"""Kills processes of a running tracker at random moments, also while it starts and recovers, and starts `serve` again
as an operator's supervisor would."""

import asyncio
import logging
import random
from collections import Counter
from contextlib import suppress

import aiohttp
import psutil

from tests.running import RunningTracker

log = logging.getLogger(__name__)

ALL = "everything"
NOT_NOTICED = {"warehouse", "drain"}  # what is not waited for each time: nobody but analysts notices
BACK_SECONDS = 180  # on a busy machine; on a quiet one it takes two or three
ANSWER_SECONDS = 10
KILL_AGAIN = 1 / 3  # of the rounds, while the last victim is still coming back
WAIT_FOR_ALL = 1 / 8  # of the other rounds, for the warehouse too


class Nemesis:
    def __init__(self, tracker: RunningTracker, chance: random.Random) -> None:
        self._tracker = tracker
        self._chance = chance
        self.kills: Counter[str] = Counter()
        self.came_back = 0
        self.killed_again = 0  # kills while something was still coming back

    async def run(self, rounds: list[str]) -> None:
        """Each round names what dies in one instant: a process, several joined by `+`, or everything."""
        for victims in rounds:
            log.info("kill -9: %s", victims)
            await asyncio.sleep(self._chance.uniform(0, 0.5))
            await self._kill(victims)
            self.kills[victims] += 1
            if self._chance.random() < KILL_AGAIN:
                self.killed_again += 1
                continue
            await self.until_back(everything=self._chance.random() < WAIT_FOR_ALL)
        await self.until_back(everything=True)

    async def until_back(self, *, everything: bool) -> None:
        """Ready to serve; `everything`: analysts too."""
        async with (
            asyncio.timeout(BACK_SECONDS),
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(ANSWER_SECONDS)) as client,
        ):
            while not await self._is_ready(client, everything=everything):
                self._start_again_if_ended()
                await asyncio.sleep(0.05)
        self.came_back += 1

    async def _is_ready(self, client: aiohttp.ClientSession, *, everything: bool) -> bool:
        try:
            async with client.get(f"{self._tracker.url}/readyz") as answer:
                parts = await answer.json()
                return {state for part, state in parts.items() if everything or part not in NOT_NOTICED} == {"ok"}
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    def _start_again_if_ended(self) -> None:
        """A store that is killed under a starting `serve` ends it, with a sentence; a supervisor starts it again."""
        if self._tracker.has_ended():
            self._tracker.spawn()

    async def _kill(self, victims: str) -> None:
        doomed = []
        for part in victims.split("+"):
            doomed += await self._processes_of(part)
        self._chance.shuffle(doomed)
        for process in doomed:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        with_serve = self._tracker.pid in {process.pid for process in doomed}
        if with_serve:
            await self._tracker.kill()  # reaps it
            self._tracker.spawn()

    async def _processes_of(self, part: str) -> list[psutil.Process]:
        if part == "serve":
            self._start_again_if_ended()
            return [psutil.Process(self._tracker.pid)]
        if part == ALL:
            self._start_again_if_ended()
            return [psutil.Process(self._tracker.pid), *self._tracker.processes()]
        async with asyncio.timeout(BACK_SECONDS):
            while (victim := self._tracker.find(part)) is None:
                self._start_again_if_ended()
                await asyncio.sleep(0.02)
        return [victim]

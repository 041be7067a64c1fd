"""Sends notices to the programme: at least once, those of one purchase in their order, all others side by side."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tracker.core.notice import DueNotice, Settled, tell
from tracker.errors import StoreUnavailableError
from tracker.notify.again import GIVE_UP_AFTER, next_attempt
from tracker.notify.body import notice_body
from tracker.notify.post import Answer
from tracker.notify.queue import NoticeQueue, OpenQueue
from tracker.telemetry import (
    NOTICE_FAILURES,
    NOTICES_DELIVERED,
    NOTICES_GIVEN_UP,
    NOTICES_WAITING,
    OLDEST_NOTICE,
    Telemetry,
)

AT_ONCE = 16
LOOK_SECONDS = 0.5  # between two looks for new notices
OTHERS_SECONDS = 2.0  # between two tries to become the sender, or to reach the store
STOP_SECONDS = 5.0  # that answers are still waited for at the end
KEEP_HOUSE = timedelta(seconds=60)

log = logging.getLogger(__name__)


class Deliver(Protocol):
    async def __call__(self, message_id: str, body: bytes, at: datetime) -> Answer: ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """`chance` is a number from 0 to 1, anew at each call."""

    now: Callable[[], datetime]
    chance: Callable[[], float]
    partner_names: Mapping[str, str]


class Sender:
    def __init__(self, open_queue: OpenQueue, deliver: Deliver, around: Surroundings, telemetry: Telemetry) -> None:
        self._open_queue = open_queue
        self._deliver = deliver
        self._around = around
        self._telemetry = telemetry
        self._house_kept_at: datetime | None = None
        self._fails = False

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set. Waits for a store that is away, and while another process is the sender."""
        while not stopping.is_set():
            try:
                async with self._open_queue() as queue:
                    if await queue.take_turn():
                        await self._send(queue, stopping)
            except StoreUnavailableError as error:
                log.warning("Notifications wait: %s", error)
            except Exception:
                log.exception("Notifications wait: our own error")
            with suppress(TimeoutError):
                await asyncio.wait_for(stopping.wait(), OTHERS_SECONDS)

    async def _send(self, queue: NoticeQueue, stopping: asyncio.Event) -> None:
        in_hand: dict[asyncio.Task[None], str] = {}
        stop = asyncio.create_task(stopping.wait())
        try:
            while not stop.done():
                await self._keep_house(queue)
                if free := AT_ONCE - len(in_hand):
                    for due in await queue.due(self._around.now(), free, in_hand.values()):
                        in_hand[asyncio.create_task(self._attempt(queue, due))] = due.notice.notice_id
                await asyncio.wait({stop, *in_hand}, timeout=LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                for task in [one for one in in_hand if one.done()]:
                    del in_hand[task]
                    task.result()
        finally:
            stop.cancel()
            await _end(in_hand)

    async def _keep_house(self, queue: NoticeQueue) -> None:
        now = self._around.now()
        if self._house_kept_at is not None and now - self._house_kept_at < KEEP_HOUSE:
            return
        await queue.confirm()
        if old := await queue.give_up_old(now, GIVE_UP_AFTER):
            self._telemetry.count(NOTICES_GIVEN_UP, by=old)
            log.error("%s notifications waited over three days and were given up: tracker notifications --failed", old)
        waiting, oldest = await queue.waiting()
        self._telemetry.gauge(NOTICES_WAITING, waiting)
        self._telemetry.gauge(OLDEST_NOTICE, max(0, int((now - oldest).total_seconds())) if oldest else 0)
        self._house_kept_at = now

    async def _attempt(self, queue: NoticeQueue, due: DueNotice) -> None:
        notice = due.notice
        try:
            telling = tell(notice, due.revision)
        except ValueError as error:
            await self._give_up(queue, due, f"cannot be told: {error}")
            return
        body = notice_body(notice, telling, self._around.partner_names.get(notice.partner_id))
        answer = await self._deliver(notice.notice_id, body, self._around.now())
        if answer.is_taken:
            await self._taken(queue, due)
        else:
            await self._not_taken(queue, due, answer)

    async def _taken(self, queue: NoticeQueue, due: DueNotice) -> None:
        if self._fails:
            log.info("Notifications are taken again.")
        self._fails = False
        now = self._around.now()
        self._telemetry.count(NOTICES_DELIVERED)
        await queue.settle(due.notice.notice_id, Settled(delivered_at=now), now)

    async def _not_taken(self, queue: NoticeQueue, due: DueNotice, answer: Answer) -> None:
        if not self._fails:  # a receiver that is away is told of once, not for each notice
            log.warning("A notification was not taken, it is sent again: %s: %s", due.notice.notice_id, answer.problem)
        self._fails = True
        self._telemetry.count(NOTICE_FAILURES)
        now = self._around.now()
        again = next_attempt(
            answer, attempts=due.attempts, waiting_since=due.waiting_since, now=now, chance=self._around.chance()
        )
        if again is None:
            await self._give_up(queue, due, answer.problem)
        else:
            await queue.settle(due.notice.notice_id, Settled(retry_at=again, error=answer.problem), now)

    async def _give_up(self, queue: NoticeQueue, due: DueNotice, problem: str) -> None:
        notice = due.notice
        self._telemetry.count(NOTICES_GIVEN_UP)
        log.error("A notification was given up: %s: %s; tracker notifications --failed", notice.notice_id, problem)
        now = self._around.now()
        await queue.settle(notice.notice_id, Settled(given_up_at=now, error=problem), now)


async def _end(in_hand: Mapping[asyncio.Task[None], str]) -> None:
    """What is still under way is waited for a little. What then has no answer is sent again, under the same id."""
    if not in_hand:
        return
    _, late = await asyncio.wait(in_hand, timeout=STOP_SECONDS)
    for task in late:
        task.cancel()
    await asyncio.gather(*in_hand, return_exceptions=True)

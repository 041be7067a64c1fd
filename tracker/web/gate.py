"""A gate for each sender, so that one who sends much, or what is dear to decide, keeps nobody else waiting for long."""

import asyncio
import types
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field
from typing import Any, TypeVar

Result = TypeVar("Result")

HEAVY_SECONDS = 0.02  # of the processor for one message: what holds the event loop for longer is felt by others
_REST = 3  # after a heavy one its sender rests that many times as long: it has a quarter of a worker
_LONGEST_REST = 0.25  # seconds: who sends one after the other must never find the gate closed for longer than it waits
_FIRST = 2  # how many of a sender's messages are let in at once, before we know what they cost
_REMEMBERED = 1_024  # senders


@dataclass(frozen=True, slots=True)
class Width:
    at_once: int = 16  # messages of one sender in a worker
    waiting: int = 500  # of them that wait for their turn
    patience: float = 2.0  # seconds that one waits


class Gates:
    """By sender. Light messages widen the sender's gate one by one; a heavy one narrows it to one at a time."""

    def __init__(self, width: Width, *, clock: Callable[[], float], worked: Callable[[], float]) -> None:
        """`clock` is in seconds and does not go back; `worked` tells how long the processor has worked for this thread:
        a message is not dear because the machine is busy with something else."""
        self._width = width
        self._clock = clock
        self._worked = worked
        self._gates: OrderedDict[str, _Gate] = OrderedDict()

    async def through(self, sender: str, work: Coroutine[Any, Any, Result]) -> Result | None:
        """What the work answers; None: too much of this sender's is under way, and nothing of it was begun."""
        gate = self._of(sender)
        admitted = False
        try:
            admitted = await gate.enter()
        finally:
            if not admitted:
                work.close()
        if not admitted:
            return None
        try:
            return await _drive(work, gate.spent, self._worked)
        finally:
            gate.leave()

    def _of(self, sender: str) -> "_Gate":
        gate = self._gates.get(sender) or _Gate(self._width, self._clock)
        self._gates[sender] = gate
        self._gates.move_to_end(sender)
        while len(self._gates) > _REMEMBERED:
            self._gates.popitem(last=False)  # whoever is inside keeps it until it is through
        return gate


@dataclass(slots=True)
class _Gate:
    width: Width
    clock: Callable[[], float]
    open_for: int = _FIRST
    inside: int = 0
    rests_until: float = 0.0
    waiting: deque["asyncio.Future[None]"] = field(default_factory=deque)
    _timer: asyncio.TimerHandle | None = None

    async def enter(self) -> bool:
        if not self.waiting and self._has_room():
            self.inside += 1
            return True
        if len(self.waiting) >= self.width.waiting:
            return False
        turn = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        self._let_in()
        try:
            async with asyncio.timeout(self.width.patience):
                await turn
        except TimeoutError:
            return self._is_inside(turn)
        except asyncio.CancelledError:
            if self._is_inside(turn):
                self.leave()
            raise
        return True

    def _is_inside(self, turn: "asyncio.Future[None]") -> bool:
        """Its turn may have come in the moment in which it gave up."""
        if turn.done() and not turn.cancelled():
            return True
        if turn in self.waiting:
            self.waiting.remove(turn)
        return False

    def spent(self, seconds: float) -> None:
        """By one message, once it is through."""
        if seconds > HEAVY_SECONDS:
            self.open_for = 1
            self.rests_until = self.clock() + min(_REST * seconds, _LONGEST_REST)
        else:
            self.open_for = min(self.open_for + 1, self.width.at_once)

    def leave(self) -> None:
        self.inside -= 1
        self._let_in()

    def _has_room(self) -> bool:
        return self.inside < min(self.open_for, self.width.at_once) and self.clock() >= self.rests_until

    def _let_in(self) -> None:
        while self.waiting and self._has_room():
            turn = self.waiting.popleft()
            if not turn.done():
                self.inside += 1
                turn.set_result(None)
        rest = self.rests_until - self.clock()
        if self.waiting and rest > 0 and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(rest, self._rested)

    def _rested(self) -> None:
        self._timer = None
        self._let_in()


@types.coroutine
def _drive(
    work: Coroutine[Any, Any, Result], spent: Callable[[float], None], worked: Callable[[], float]
) -> Generator[Any, Any, Result]:
    """Awaits the work, and tells for how many seconds it held the event loop: each time from when it goes on until it
    waits for something."""
    seconds = 0.0
    step: Callable[[], Any] = lambda: work.send(None)  # noqa: E731
    try:
        while True:
            began = worked()
            try:
                awaited = step()
            except StopIteration as end:
                result: Result = end.value
                return result
            finally:
                seconds += worked() - began
            try:
                yield awaited
            except BaseException as error:  # noqa: BLE001 - whatever is thrown in is the work's to handle
                step = _thrower(work, error)
            else:
                step = lambda: work.send(None)  # noqa: E731
    finally:
        spent(seconds)


def _thrower(work: Coroutine[Any, Any, Any], error: BaseException) -> Callable[[], Any]:
    return lambda: work.throw(error)

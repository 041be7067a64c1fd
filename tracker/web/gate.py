"""A gate for each sender, so that one who sends much, or what is dear to decide, keeps nobody else waiting for long."""

import asyncio
import types
from collections import OrderedDict, deque
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field
from typing import Any, TypeVar

Result = TypeVar("Result")

HEAVY_SECONDS = 0.02  # of the processor for a message: what holds the event loop for longer is felt by others
JUDGED = 8  # a sender's newest messages; the dearest is left out: it may have met a pause of ours
_HELD_SECONDS = 0.1  # of the processor, by a sender's messages that are inside together: until then one more goes in
_REST = 3  # after each one a heavy sender rests that many times as long: it has a quarter of a worker
_LONGEST_REST = 0.25  # seconds: who sends one after the other must never find the gate closed for longer than it waits
_REMEMBERED = 1_024  # senders


@dataclass(frozen=True, slots=True)
class Width:
    at_once: int = 64  # messages of one sender in a worker
    waiting: int = 500  # of them that wait for their turn
    patience: float = 2.0  # seconds that one waits


class Gates:
    """By sender. A gate is wide open until its sender's messages prove heavy, one with another: then they go one at a
    time. Waiting for a store costs nobody anything, and narrows nothing."""

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
        message = _Message(gate)
        try:
            return await _drive(work, message.works, self._worked)
        finally:
            gate.spent(message.seconds)
            gate.leave(message.seconds)

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
    is_heavy: bool = False
    inside: int = 0
    held: float = 0.0  # seconds, by those inside
    rests_until: float = 0.0
    waiting: deque["asyncio.Future[None]"] = field(default_factory=deque)
    newest: deque[float] = field(default_factory=lambda: deque(maxlen=JUDGED))
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

    def works(self, seconds: float) -> None:
        self.held += seconds
        self._let_in()

    def spent(self, seconds: float) -> None:
        """By one message in all, once it is through."""
        self.newest.append(seconds)
        mean = (sum(self.newest) - max(self.newest)) / (JUDGED - 1)  # as if those that are yet to come cost nothing
        self.is_heavy = mean > HEAVY_SECONDS
        if self.is_heavy:
            self.rests_until = self.clock() + min(_REST * seconds, _LONGEST_REST)

    def leave(self, seconds: float = 0.0) -> None:
        self.inside -= 1
        self.held = self.held - seconds if self.inside else 0.0
        self._let_in()

    def _has_room(self) -> bool:
        open_for = 1 if self.is_heavy else self.width.at_once
        return self.inside < open_for and self._is_light_inside() and self.clock() >= self.rests_until

    def _is_light_inside(self) -> bool:
        return not self.inside or self.held < _HELD_SECONDS

    def _let_in(self) -> None:
        """One: what it costs is seen before the next."""
        while self.waiting and self._has_room():
            turn = self.waiting.popleft()
            if not turn.done():
                self.inside += 1
                turn.set_result(None)
                break
        rest = self.rests_until - self.clock()
        if self.waiting and rest > 0 and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(rest, self._rested)

    def _rested(self) -> None:
        self._timer = None
        self._let_in()


@dataclass(slots=True)
class _Message:
    gate: _Gate
    seconds: float = 0.0

    def works(self, seconds: float) -> None:
        self.seconds += seconds
        self.gate.works(seconds)


@types.coroutine
def _drive(
    work: Coroutine[Any, Any, Result], spent: Callable[[float], None], worked: Callable[[], float]
) -> Generator[Any, Any, Result]:
    """Awaits the work, and tells for how many seconds it held the event loop: each time that it has gone on, and waits
    for something."""
    step: Callable[[], Any] = lambda: work.send(None)  # noqa: E731
    while True:
        began = worked()
        try:
            awaited = step()
        except StopIteration as end:
            result: Result = end.value
            return result
        finally:
            spent(worked() - began)
        try:
            yield awaited
        except BaseException as error:  # noqa: BLE001 - whatever is thrown in is the work's to handle
            step = _thrower(work, error)
        else:
            step = lambda: work.send(None)  # noqa: E731


def _thrower(work: Coroutine[Any, Any, Any], error: BaseException) -> Callable[[], Any]:
    return lambda: work.throw(error)

"""Senders of whom nothing is known but their address: limits for them, before and until they prove something."""

from collections import OrderedDict
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from tracker.web.buckets import household
from tracker.web.gate import Gates
from tracker.web.limits import Exempt, Kind

Result = TypeVar("Result")

_REMEMBERED = 1_024  # addresses that have proved something


class Strangers:
    """Each address (IPv6: /64) has a gate, and a limit for what is refused. An address that has proved something is not
    turned away unheard: a network speaks for many partners from one, and one of them may be refused all day."""

    def __init__(self, gates: Gates, refused: Kind, exempt: Exempt, *, clock: Callable[[], float]) -> None:
        """`gates` are for addresses alone: a flood of them must not push partners out. `clock` is in seconds and does
        not go back."""
        self._gates = gates
        self._refused = refused
        self._exempt = exempt
        self._clock = clock
        self._proved: OrderedDict[str, None] = OrderedDict()

    async def through(self, address: str, work: Coroutine[Any, Any, Result]) -> Result | None:
        """What the work answers; None: too much of this address's is under way or was refused, and nothing of it was
        begun. It counts as refused until `has_proved`."""
        if household(address) not in self._proved and self.is_over(address):
            work.close()
            return None
        return await self._gates.through(household(address), work)

    def is_over(self, address: str) -> bool:
        """Whether one more that is refused is one too many in a minute."""
        whom = self._exempt.limited(address)
        return bool(whom and self._refused.buckets.take(whom, self._clock()))

    def has_proved(self, address: str) -> None:
        whom = household(address)
        self._proved[whom] = None
        self._proved.move_to_end(whom)
        while len(self._proved) > _REMEMBERED:
            self._proved.popitem(last=False)

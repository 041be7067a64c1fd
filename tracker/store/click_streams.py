"""The 16 streams of clicks as the drain sees them: what is in them, and what may go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, NamedTuple, TypeAlias

from redis.exceptions import RedisError

from tracker.errors import StoreUnavailableError
from tracker.store.clicks import STREAMS
from tracker.store.valkey_client import Valkey, send
from tracker.store.valkey_node import Command

Fields: TypeAlias = Sequence[bytes]  # a name, its value, and so on: as Valkey tells them


_XRANGE = b"XRANGE"  # not as text: the client would make a dictionary of each entry, which takes as long as the rest


class Entry(NamedTuple):
    id: bytes
    fields: Fields


class Span(NamedTuple):
    """What was read of one stream, from the first entry to the last."""

    first: bytes
    last: Entry


@dataclass(frozen=True, slots=True)
class Read:
    entries: Mapping[str, list[Entry]]  # by stream
    waiting: int  # entries of all these streams, those just read among them
    away: StoreUnavailableError | None  # why the other streams are missing


class ClickStreams:
    def __init__(self, valkey: Valkey) -> None:
        self._valkey = valkey
        self._script = files("tracker.store").joinpath("click_scripts/trim.lua").read_text()

    async def read(self, after: Mapping[str, bytes], *, count: int) -> Read:
        """The first `count` entries of each stream behind those ids. Raises StoreUnavailableError when no stream
        answers."""
        replies = await self._send(
            [(_XRANGE, stream, b"(" + after[stream] if stream in after else "-", "+", "COUNT", count)
             for stream in STREAMS] + [("XLEN", stream) for stream in STREAMS]
        )  # fmt: skip
        entries: dict[str, list[Entry]] = {}
        waiting, away = 0, None
        for stream, found, length in zip(STREAMS, replies, replies[len(STREAMS) :], strict=False):
            if isinstance(found, Exception):
                away = _away(found)
            else:
                entries[stream] = list(map(Entry._make, found))
                waiting += 0 if isinstance(length, Exception) else length
        if not entries and away:
            raise away
        return Read(entries, waiting, away)

    async def trim(self, spans: Mapping[str, Span]) -> None:
        """Exactly what was read. A stream that no longer begins with it, or no longer holds it, is another server's
        that took over without the latest entries: by its clock ids may repeat, so all stays and is read again. Raises
        StoreUnavailableError."""
        replies = await self._send(
            [
                ("EVAL", self._script, 1, stream, first, last.id, _next_id(last.id), *last.fields)
                for stream, (first, last) in spans.items()
            ]
        )
        for reply in replies:
            if isinstance(reply, Exception):
                raise _away(reply) from reply

    async def _send(self, commands: list[Command]) -> list[Any]:
        if not commands:
            return []
        try:
            return await send(self._valkey, commands)
        except (RedisError, OSError) as error:
            raise _away(error) from error


def named(fields: Fields) -> dict[bytes, bytes]:
    return dict(zip(fields[::2], fields[1::2], strict=True))


def _next_id(entry_id: bytes) -> bytes:
    milliseconds, number = entry_id.split(b"-")
    return b"%b-%d" % (milliseconds, int(number) + 1)


def _away(error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(f"Valkey did not hand over clicks: {str(error) or type(error).__name__}")

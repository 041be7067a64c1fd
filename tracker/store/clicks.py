"""Clicks in Valkey: recorded durably before the shopper is sent on, found again by their id while they are hot.

A click is one entry of a stream, to be shipped to ClickHouse, and a hot record; both are written by one script in one
slot. With `appendfsync always` the script's reply comes after the fsync, so one reply answers for both. Clicks that
come while a trip is under way share the next one; in a cluster those of one node, so that one that hangs delays no
other.
"""

import asyncio
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b, sha1
from importlib.resources import files
from itertools import islice
from typing import Any, TypeAlias, TypeVar, overload

import msgspec
from redis.exceptions import NoScriptError, RedisError

from tracker.core.click import Click
from tracker.core.click_id import parts
from tracker.core.facts import ClickFact
from tracker.core.reasons import ClickReason
from tracker.core.session import OpenElsewhere, Session, SessionAct
from tracker.core.unix_time import moment
from tracker.errors import StoreUnavailableError
from tracker.store.group_commit import GroupCommit
from tracker.store.hot_click import FULL_BUCKET, Place, expires_at, pack, place_of, slot_of, unpack
from tracker.store.valkey_client import TAGS, Valkey, send, server_of
from tracker.store.valkey_node import Command, Copies
from tracker.store.watch import StoreWatch, watch_valkey

STREAMS = tuple(f"clicks:{tag}" for tag in TAGS)
FACT_FIELD = b"f"
REPEAT_FIELD = b"r"  # beside the fact: only the script knows that it is a repeat

DOUBLE_CLICK_MS = 2_000
REPEAT_MS = 10_000
CLICKS_OF_A_TAB = 16  # remembered of one session; nobody needs as many in its hours

PATIENCE_SECONDS = 1.5  # that a shopper waits for a Valkey that is there and does not answer
_LARGEST_TRIP = 512
_LARGEST_LOOK = 64
_LOOK_LANES = 2
_CLOCKS_DIFFER_SECONDS = 300  # those of two web workers, or of one and Valkey

_Fact = TypeVar("_Fact", bound=ClickFact)


class Recorded(msgspec.Struct, frozen=True, gc=False):
    click_id: str  # for a double click that of the first one
    is_new: bool
    repeat: bool = False


Done: TypeAlias = Callable[[Recorded | OpenElsewhere | Exception], None]


class ClickStore:
    """Satisfies `tracker.ports.ClickFinder`."""

    def __init__(
        self,
        valkey: Valkey,
        *,
        hot_days: int,
        replicas: int = 0,
        answer_seconds: float = 2,
        patience_seconds: float = PATIENCE_SECONDS,
        now: Callable[[], float] = time.time,
        watch: StoreWatch | None = None,
    ) -> None:
        """`replicas` must have a click before it is recorded. `now` is Unix time."""
        self._valkey = valkey
        self._hot_days = hot_days
        self._answer_seconds = answer_seconds
        self._patience_seconds = patience_seconds
        self._now = now
        self._copies = Copies(replicas) if replicas else None
        self._script = files("tracker.store").joinpath("click_scripts/record.lua").read_text()
        self._digest = sha1(self._script.encode(), usedforsecurity=False).hexdigest()  # as EVALSHA names it
        self._server_of = server_of(valkey)
        self._record_trip = (watch or watch_valkey()).trips("record", self._send)
        self._commits: dict[Hashable, GroupCommit[Command, Any]] = {}  # by server
        self._looks: dict[Hashable, GroupCommit[Sequence[Command], list[Any]]] = {}

    async def record(
        self, fact: ClickFact, *, attributable: bool, visitor: bytes = b"", session: Session | None = None
    ) -> Recorded | OpenElsewhere:
        """Returns when the click is on disk. Raises StoreUnavailableError; record it again with the same id then.

        `visitor` says who clicked, the same for every click of one browser: it makes double clicks one click. Empty:
        nobody can tell, so every click is its own. With a `session` that only asks, one that is open in another tab is
        the answer, and nothing was recorded.
        """
        if not attributable:
            entry = msgspec.msgpack.encode(fact)
            slot = place_of(fact.click_id).slot
            await self._commit_of(slot).submit(("XADD", f"clicks:{slot}", "*", FACT_FIELD, entry))
            return Recorded(fact.click_id, is_new=True)
        while True:
            recorded = _read_reply(fact, await self._sent(fact, visitor, session))
            if isinstance(recorded, Recorded) or session is None or session.act is not SessionAct.OVER:
                return recorded
            fact = msgspec.structs.replace(fact, supersedes=list(recorded.click_ids))

    def begin(self, fact: ClickFact, visitor: bytes, session: Session | None, done: Done) -> None:
        """As `record`, of an attributable click with a session that only asks, or none; `done` is told later."""

        def replied(reply: "asyncio.Future[Any]") -> None:
            try:
                recorded = _read_reply(fact, reply.result())
            except Exception as error:  # noqa: BLE001 - whatever it is, somebody waits to hear of it
                done(error)
            else:
                done(recorded)

        self._sent(fact, visitor, session).add_done_callback(replied)

    def _sent(self, fact: ClickFact, visitor: bytes, session: Session | None) -> "asyncio.Future[Any]":
        """Valkey's reply, or StoreUnavailableError."""
        place = place_of(fact.click_id)
        return self._commit_of(place.slot).submit(self._record_command(fact, place, visitor, session))

    async def open_elsewhere(self, shard: int, session: Session) -> OpenElsewhere | None:
        """The session that is open in another tab than this one; `shard` is that of the shopper's clicks. Raises
        StoreUnavailableError."""
        [open_] = await self._ask(("GET", _session_key(slot_of(shard), session)))
        if open_ is None:
            return None
        opened_at_ms, tab, click_ids = open_.decode().split("|")
        if int(opened_at_ms) < session.restarted_at * 1000 or (tab and tab == session.tab):
            return None
        return OpenElsewhere(tuple(click_ids.split()), int(opened_at_ms) / 1000, tab)

    async def takes(self, slot: str) -> bool:
        """Whether clicks of that slot can be recorded now, on as many replicas as they must be, as far as a small write
        tells."""
        try:
            [reply] = await self._trip([("SET", f"t{slot}", "", "PX", 1)], self._copies)
        except StoreUnavailableError:
            return False
        return not isinstance(reply, Exception)

    async def find(self, click_id: str, partner_id: str) -> Click | None:
        """None: no such click, or no longer here. Raises StoreUnavailableError when that cannot be told now."""
        place = place_of(click_id)
        first, *others = (("HGET", bucket, place.field) for bucket in place.buckets)
        packed, superseded = await self._looks_of(place.slot).submit((first, ("GET", _superseded_key(click_id))))
        if packed is None:  # its hour and shard were full, or it is not there
            packed = next((value for value in await self._ask(*others) if value is not None), None)
        click = None if packed is None else unpack(click_id, packed)
        if click is None or click.partner_id != partner_id:
            return None
        return click if superseded is None else replace(click, superseded_at=moment(int(superseded)))

    async def may_wait(self, click_id: str) -> bool:
        """Whether a click that `find` did not find may be in its stream: its hot record has expired, and the oldest
        click of that stream is about as old or older. Raises StoreUnavailableError."""
        place, margin = place_of(click_id), _CLOCKS_DIFFER_SECONDS
        if self._now() < expires_at(place, self._hot_days) - margin:
            return False  # its hot record would still be there
        [oldest] = await self._ask(("XRANGE", f"clicks:{place.slot}", "-", "+", "COUNT", 1))
        try:
            return any(
                read_entry(fields).clicked_at_us // 1_000_000 <= parts(click_id).second + margin for _, fields in oldest
            )
        except (msgspec.MsgspecError, LookupError):
            return True  # as old as any, until the drain has put it aside

    def _commit_of(self, slot: str) -> GroupCommit[Command, Any]:
        server = self._server_of(slot)
        if server not in self._commits:
            self._commits[server] = GroupCommit(
                self._record_trip, largest=_LARGEST_TRIP, answer_within=self._patience_seconds
            )
        return self._commits[server]

    def _looks_of(self, slot: str) -> GroupCommit[Sequence[Command], list[Any]]:
        server = self._server_of(slot)
        if server not in self._looks:
            self._looks[server] = GroupCommit(
                self._look, largest=_LARGEST_LOOK, lanes=_LOOK_LANES, patience=self._answer_seconds
            )
        return self._looks[server]

    async def _look(self, questions: Sequence[Sequence[Command]]) -> list[list[Any] | Exception]:
        """Each of them may be several commands: their replies, or the first that failed."""
        replies = iter(await self._trip([command for question in questions for command in question]))
        answers = [list(islice(replies, len(question))) for question in questions]
        failed = (next((reply for reply in answer if isinstance(reply, Exception)), None) for answer in answers)
        return [_unavailable(fault) if fault else answer for answer, fault in zip(answers, failed, strict=True)]

    def _record_command(self, fact: ClickFact, place: Place, visitor: bytes, session: Session | None) -> Command:
        whose = visitor or fact.click_id.encode()  # its own id makes a click that is sent again the same click
        slot, ends_at = place.slot, expires_at(place, self._hot_days)
        marks: tuple[str, ...] = ()
        marks_end_at = ends_at
        if fact.supersedes:  # in the same slot
            marks = tuple(f"o{slot}{click_id}" for click_id in fact.supersedes)
            marks_end_at = expires_at(place_of(fact.supersedes[0]), self._hot_days)
        last_seen = b"d%b%b%b" % (slot.encode(), whose, fact.partner_id.encode())
        if session is None:
            opens: tuple[str | int, ...] = ("none", "", 0, 0)
        else:
            opens = (session.act, session.tab, (session.seconds + 1) * 1000, session.restarted_at * 1000)
        return (
            "EVALSHA", self._digest, 6 + len(marks),
            f"clicks:{slot}", last_seen, *place.buckets,
            _session_key(slot, session) if session else last_seen, *marks,
            fact.clicked_at_us // 1000, fact.click_id, msgspec.msgpack.encode(fact), place.field, pack(fact),
            ends_at, DOUBLE_CLICK_MS, REPEAT_MS, FULL_BUCKET,
            *opens, " ".join(fact.supersedes), fact.clicked_at_us,
            marks_end_at, CLICKS_OF_A_TAB,
        )  # fmt: skip

    async def _send(self, commands: Sequence[Command]) -> Sequence[Any]:
        """One round trip. A server that does not know the script has done nothing: it is told, with those commands."""
        replies = await self._trip(commands, self._copies)
        unknown = [at for at, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
        if unknown:
            told: list[Command] = [("EVAL", self._script, *commands[at][2:]) for at in unknown]
            for at, reply in zip(unknown, await self._trip(told, self._copies), strict=True):
                replies[at] = reply
        return [_unavailable(reply) if isinstance(reply, Exception) else reply for reply in replies]

    async def _ask(self, *commands: Command) -> list[Any]:
        """Raises StoreUnavailableError when one of them has no reply."""
        replies = await self._trip(commands)
        for reply in replies:
            if isinstance(reply, Exception):
                raise _unavailable(reply) from reply
        return replies

    async def _trip(self, commands: Sequence[Command], copies: Copies | None = None) -> list[Any]:
        try:
            async with asyncio.timeout(self._answer_seconds):
                return await send(self._valkey, commands, copies)
        except (RedisError, OSError, TimeoutError) as error:
            raise _unavailable(error) from error


def _read_reply(fact: ClickFact, reply: Any) -> Recorded | OpenElsewhere:
    """What the script says became of that click."""
    if isinstance(reply, int):
        return Recorded(fact.click_id, is_new=True, repeat=reply == 1)
    if isinstance(reply, bytes):
        return Recorded(reply.decode(), is_new=False)
    click_ids, opened_at_ms, tab = reply
    return OpenElsewhere(tuple(click_ids.decode().split()), opened_at_ms / 1000, tab.decode())


@overload
def read_entry(fields: Mapping[bytes, bytes]) -> ClickFact: ...
@overload
def read_entry(fields: Mapping[bytes, bytes], type_: type[_Fact]) -> _Fact: ...
def read_entry(fields: Mapping[bytes, bytes], type_: type[ClickFact] = ClickFact) -> ClickFact:
    """The fact of one stream entry, with what the script added to it. Raises msgspec.MsgspecError for what is none."""
    fact = msgspec.msgpack.decode(fields[FACT_FIELD], type=type_)
    if REPEAT_FIELD not in fields:
        return fact
    return msgspec.structs.replace(fact, traffic=[*fact.traffic, ClickReason.REPEAT])


def _session_key(slot: str, session: Session) -> bytes:
    """64 bits: that two of a million sessions share them is next to impossible, and names cost twice as much."""
    return b"s%b%b" % (slot.encode(), blake2b(session.key.encode(), digest_size=8).digest())


def _superseded_key(click_id: str) -> str:
    """When another tab started over: beside the hot record, and as long."""
    return f"o{place_of(click_id).slot}{click_id}"


def _unavailable(error: Exception) -> StoreUnavailableError:
    return StoreUnavailableError(f"Valkey did not take or give a click: {str(error) or type(error).__name__}")

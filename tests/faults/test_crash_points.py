"""A drain that is killed exactly where it hurts: at the commit of a part, and around each message that makes its source
forget (I1, I5)."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product

import pytest

from tests.faults.parts import Draining, Parts, open_parts
from tests.faults.proxy import Losing, Wire, postgres_behind, socket_of
from tests.faults.results import is_soak, note
from tests.faults.strace import RENAMES, attached, kill_at
from tracker.store.warehouse.rows import CLICKS, LINES, POSTBACKS, REVISIONS, Table

pytestmark = pytest.mark.slow

HOLDS = "every click and money fact is in ClickHouse exactly once"
MONTHS = ("202611", "202612", "202701")  # of what `feed` makes
COMMITS = [(CLICKS, 2), (REVISIONS, 3)]
ALL_COMMITS = [*product((CLICKS, LINES, REVISIONS), (1, 2, 3)), (POSTBACKS, 1)]
FORGET = (b"XTRIM", b"DELETE FROM outbox")
MOMENTS = [(FORGET[0], False), (FORGET[1], True)]
ALL_MOMENTS = list(product(FORGET, (False, True)))


async def test_a_drain_killed_at_its_exact_crash_points_loses_and_doubles_nothing() -> None:
    """Within a batch too: it is a part a month, the parts before the one that is not committed stay."""
    commits = ALL_COMMITS * 3 if is_soak() else COMMITS
    moments = ALL_MOMENTS * 7 if is_soak() else MOMENTS
    async with open_parts() as parts:
        await parts.feed()
        assert parts.wrong(await parts.shipped()) == []  # its tables are made
        for table, number in commits:
            await parts.feed()
            async with parts.drain() as draining, attached(draining.pid, _at_commit(parts, table, number)):
                assert await draining.ended() == -signal.SIGKILL, f"part {number} of {table.name} was committed"
        for message, is_done in moments:
            await parts.feed()
            async with _killed_around(parts, message, is_done=is_done) as draining:
                assert await draining.ended() == -signal.SIGKILL, f"{message.decode()} was never sent"
        wrong = parts.wrong(await parts.shipped())
        assert await parts.warehouse.quarantined() == []
    note("drain killed at the commit rename of a part (strace)", HOLDS, len(commits), len(wrong))
    note("drain killed just before and just after its source forgets", HOLDS, len(moments), len(wrong))
    assert wrong == []


def _at_commit(parts: Parts, table: Table, number: int) -> list[str]:
    """Of the `number`-th part that a process inserts into the table."""
    folder = (parts.folder / "warehouse/engine/data" / table.name.replace(".", "/")).resolve()
    names = [f"{month}_{number}_{number}_1" for month in MONTHS]
    return kill_at(RENAMES, paths=[f"{folder}/tmp_insert_{name}/" for name in names])  # noqa: S108 - ClickHouse's own


@asynccontextmanager
async def _killed_around(parts: Parts, message: bytes, *, is_done: bool) -> AsyncIterator[Draining]:
    """It is killed before that message has passed, or when the store has done it and its reply has not passed."""
    marked = Losing(message)
    pids: list[int] = []

    async def request(data: bytes) -> bool:
        await marked.request(data)
        return is_done or not marked.loses or _kill(pids)

    async def reply(data: bytes) -> bool:
        return await marked.reply(data) or _kill(pids)

    is_valkey = message == FORGET[0]
    store = parts.valkey.socket if is_valkey else socket_of(parts.postgres)
    address = parts.folder / store.name
    stores = {"valkey_url": f"unix://{address}"} if is_valkey else {"dsn": postgres_behind(parts.folder)}
    async with Wire(store, request, reply).listening(address), parts.drain(**stores) as draining:
        pids.append(draining.pid)
        yield draining


def _kill(pids: list[int]) -> bool:
    os.kill(pids.pop(), signal.SIGKILL)
    return False

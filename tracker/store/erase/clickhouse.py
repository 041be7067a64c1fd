"""The base tables of ClickHouse. Mutations are files beside the tables: they name a shopper by keyed hash alone."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tracker.errors import StoreUnavailableError
from tracker.store.warehouse.threads import EngineThreads

_PAUSE_SECONDS = 0.1
IDS_A_MUTATION = 500
PATIENCE_SECONDS = 900.0  # money is not shipped meanwhile
_CLICK_IDS = "SELECT DISTINCT click_id FROM tracker.clicks WHERE shopper_hash IN ({}, {})"
_FORGET_TAGS = """
ALTER TABLE tracker.tag_reports UPDATE user_agent_hash = 0, address_hash = 0
WHERE click_id IN ({ids}) OR cookie_click_id IN ({ids})
"""
_FORGET_CLICKS = """
ALTER TABLE tracker.clicks UPDATE shopper_id = '{stand_in}', browser_id = '', deep_link = '', user_agent_hash = 0,
    address_hash = 0, address_net = '', shopper_hash = {to}
WHERE shopper_hash = {of}
"""
_FORGET_REVISIONS = """
ALTER TABLE tracker.conversion_revisions UPDATE shopper_id = '{stand_in}', shopper_hash = {to} WHERE shopper_hash = {of}
"""
_LEFT = "SELECT toString(count()) FROM {} WHERE shopper_hash = {}"
# Ours alone, and those of an erasure of before that was interrupted: another's may never be done.
_AT_WORK = """
SELECT toString(count()), {reason} FROM system.mutations
WHERE database = 'tracker' AND NOT is_done AND position(command, '{mark}') > 0
"""
# An old server knows neither: it never waits for a mutation, and does not say why one fails.
_IS_NEWER = "SELECT name FROM system.settings WHERE name = 'mutations_sync'"
_REASON = "max(latest_fail_reason)"
_NO_WAITING = " SETTINGS mutations_sync = 0"


@dataclass(frozen=True, slots=True)
class Person:
    """Whom ClickHouse shall forget, without their id."""

    hash: int  # as the tables have it
    stand_in: str  # of our own making: needs no quotes
    stand_in_hash: int


async def click_ids_of(threads: EngineThreads, person: Person) -> list[str]:
    """Also those that are the stand-in's already: an erasure that was interrupted is done again."""
    rows = await threads.rows(_CLICK_IDS.format(person.hash, person.stand_in_hash))
    return [click_id for [click_id] in rows]


async def forget_in_clickhouse(
    threads: EngineThreads, person: Person, click_ids: Sequence[str], *, patience: float = PATIENCE_SECONDS
) -> dict[str, int]:
    """`click_ids` are those of the person that any store knew. Returns the rows that were changed, by table. Raises
    WarehouseQueryError or StoreUnavailableError, also after `patience` seconds: do it again."""
    mutations = _Mutations(threads, time.monotonic() + patience, is_newer=bool(await threads.rows(_IS_NEWER)))
    for ids in in_portions(click_ids):
        await mutations.begin(_FORGET_TAGS.format(ids=", ".join(f"'{click_id}'" for click_id in ids)))
    values = {"stand_in": person.stand_in, "of": person.hash, "to": person.stand_in_hash}
    changed: dict[str, int] = {}
    for table, sql in (("tracker.clicks", _FORGET_CLICKS), ("tracker.conversion_revisions", _FORGET_REVISIONS)):
        changed[table] = await _count(threads, _LEFT.format(table, person.hash))
        while await _count(threads, _LEFT.format(table, person.hash)):  # what was on its way comes while it works
            await mutations.begin(sql.format(**values))
            await mutations.done(person.stand_in)
    for ids in in_portions(click_ids):
        await mutations.done(ids[0])
    return changed


def in_portions(click_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """As many as one statement, and one message between processes, may name."""
    for start in range(0, len(click_ids), IDS_A_MUTATION):
        yield click_ids[start : start + IDS_A_MUTATION]


class _Mutations:
    def __init__(self, threads: EngineThreads, until: float, *, is_newer: bool) -> None:
        self._threads = threads
        self._until = until
        self._is_newer = is_newer

    async def begin(self, sql: str) -> None:
        await self._threads.execute(sql.rstrip() + (_NO_WAITING if self._is_newer else ""))

    async def done(self, mark: str) -> None:
        """Of those whose text has the mark. Raises StoreUnavailableError."""
        sql = _AT_WORK.format(reason=_REASON if self._is_newer else "''", mark=mark)
        while True:
            [[left, why]] = await self._threads.rows(sql)
            if not int(left):
                return
            if time.monotonic() > self._until:
                raise StoreUnavailableError(
                    f"ClickHouse did not finish {left} mutations in time (see system.mutations), start the erasure "
                    f"again. It says: {why or 'nothing'}"
                )
            await asyncio.sleep(_PAUSE_SECONDS)


async def _count(threads: EngineThreads, sql: str) -> int:
    [[count]] = await threads.rows(sql)
    return int(count)

"""The base tables of ClickHouse. Mutations are files beside the tables: they name a shopper by keyed hash alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from tracker.store.warehouse.threads import EngineThreads

_PAUSE_SECONDS = 0.1
_IDS_A_MUTATION = 500
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
_AT_WORK = "SELECT toString(count()) FROM system.mutations WHERE database = 'tracker' AND NOT is_done"


@dataclass(frozen=True, slots=True)
class Person:
    """Whom ClickHouse shall forget, without their id."""

    hash: int  # as the tables have it
    stand_in: str  # of our own making: needs no quotes
    stand_in_hash: int


async def click_ids_of(threads: EngineThreads, person: Person) -> list[str]:
    """Also those that are the stand-in's already: an erasure that was interrupted is done again."""
    rows = await _rows(threads, _CLICK_IDS.format(person.hash, person.stand_in_hash))
    return [click_id for [click_id] in rows]


async def forget_in_clickhouse(threads: EngineThreads, person: Person, click_ids: Sequence[str]) -> dict[str, int]:
    """`click_ids` are those of the person that any store knew. Returns the rows that were changed, by table. Raises
    WarehouseQueryError or StoreUnavailableError: do it again."""
    for start in range(0, len(click_ids), _IDS_A_MUTATION):
        ids = ", ".join(f"'{click_id}'" for click_id in click_ids[start : start + _IDS_A_MUTATION])
        await threads.execute(_FORGET_TAGS.format(ids=ids))
    values = {"stand_in": person.stand_in, "of": person.hash, "to": person.stand_in_hash}
    changed: dict[str, int] = {}
    for table, sql in (("tracker.clicks", _FORGET_CLICKS), ("tracker.conversion_revisions", _FORGET_REVISIONS)):
        changed[table] = await _count(threads, _LEFT.format(table, person.hash))
        while await _count(threads, _LEFT.format(table, person.hash)):  # what was on its way comes while it works
            await threads.execute(sql.format(**values))
            await _until_done(threads)
    await _until_done(threads)
    return changed


async def _until_done(threads: EngineThreads) -> None:
    while await _count(threads, _AT_WORK):  # noqa: ASYNC110 - ClickHouse tells nobody
        await asyncio.sleep(_PAUSE_SECONDS)


async def _count(threads: EngineThreads, sql: str) -> int:
    [[count]] = await _rows(threads, sql)
    return int(count)


async def _rows(threads: EngineThreads, sql: str) -> list[list[str]]:
    rows: list[list[str]] = msgspec.json.decode(await threads.ask(sql))["data"]
    return rows

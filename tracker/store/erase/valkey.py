"""What Valkey still has of a shopper: hot records, and clicks that wait for ClickHouse. Sessions and double clicks hold
no id in their values and end by themselves; the append-only file is written anew, so that it forgets too."""

import asyncio
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tracker.core.facts import ClickFact
from tracker.errors import StoreUnavailableError
from tracker.store.clicks import FACT_FIELD, STREAMS
from tracker.store.erase.facts import forget_click
from tracker.store.hot_click import HotClick, slot_of
from tracker.store.valkey_client import TAGS, Valkey, home_of, servers_of

_PAGE = 500
_PAUSE_SECONDS = 0.1


async def forget_in_valkey(
    valkey: Valkey, shopper_id: str, stand_in: str, shard: int
) -> tuple[dict[str, int], set[str]]:
    """`shard` is that of the shopper's clicks. Returns what was changed, and the clicks that were found in streams.
    Raises StoreUnavailableError: do it again."""
    try:
        hot = await _forget_hot(await home_of(valkey, slot_of(shard)), shopper_id, stand_in, shard)
        waiting = [
            await _forget_stream(await home_of(valkey, tag), stream, shopper_id, stand_in)
            for tag, stream in zip(TAGS, STREAMS, strict=True)
        ]
        for server in await servers_of(valkey):
            await _write_file_anew(server)
    except (RedisError, OSError, TimeoutError) as error:
        raise StoreUnavailableError(f"Valkey did not forget all of it, do it again: {error}") from error
    click_ids = set().union(*waiting)
    return {"hot records": hot, "clicks waiting for ClickHouse": len(click_ids)}, click_ids


async def _forget_hot(valkey: Redis, shopper_id: str, stand_in: str, shard: int) -> int:
    changed = 0
    async for bucket in valkey.scan_iter(f"h{slot_of(shard)}*.{shard:x}*", count=_PAGE):
        records: Any = await valkey.hgetall(bucket)
        for field, packed in records.items():
            hot = msgspec.msgpack.decode(packed, type=HotClick)
            if hot.shopper_id == shopper_id:
                forgotten = msgspec.msgpack.encode(msgspec.structs.replace(hot, shopper_id=stand_in))
                await valkey.hset(bucket, field, forgotten)
                changed += 1
    return changed


async def _forget_stream(valkey: Redis, stream: str, shopper_id: str, stand_in: str) -> set[str]:
    """An entry is put in again under another number and taken out, both or neither: the drain may see it twice, and it
    is one row. Short of the end nothing is lost."""
    found: set[str] = set()
    after = b"-"
    while True:
        entries: Any = await valkey.xrange(stream, min=after, count=_PAGE)
        if not entries:
            return found
        for entry_id, fields in entries:
            fact = _fact(fields)
            if fact is None or fact.shopper_id != shopper_id:
                continue
            body = msgspec.msgpack.encode(forget_click(fact, stand_in))
            async with valkey.pipeline(transaction=True) as pipeline:
                pipeline.xadd(stream, {**fields, FACT_FIELD: body})
                pipeline.xdel(stream, entry_id)
                await pipeline.execute()
            found.add(fact.click_id)
        after = b"(" + entries[-1][0]


def _fact(fields: dict[bytes, bytes]) -> ClickFact | None:
    try:
        return msgspec.msgpack.decode(fields[FACT_FIELD], type=ClickFact)
    except (msgspec.MsgspecError, LookupError):
        return None  # the drain puts it aside, where it is looked for too


async def _write_file_anew(valkey: Redis) -> None:
    """Without it the old values stay in the append-only file until it is rewritten by itself."""
    await valkey.bgrewriteaof()
    while True:
        state: Any = await valkey.info("persistence")
        if not state["aof_rewrite_in_progress"] and not state["aof_rewrite_scheduled"]:
            return
        await asyncio.sleep(_PAUSE_SECONDS)

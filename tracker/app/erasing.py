"""`tracker erase`: one shopper leaves every store, beside a running tracker. Interrupted, it is started again: the
stand-in of the first time takes up the rest."""

import asyncio
import secrets
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import UTC, datetime

from tracker import keys
from tracker.app.desk import refuse_unless_running
from tracker.app.installation import with_embedded
from tracker.app.upkeep import warehouse_upkeep
from tracker.core.click_id import SHARDS
from tracker.embedded.rewrites import one_copy_at_a_time
from tracker.errors import TrackerError
from tracker.redirect.tokens import is_shopper_id
from tracker.settings import Settings
from tracker.store.erase.clickhouse import Person
from tracker.store.erase.postgres import Erasure, click_ids_of, forget_in_postgres, names, tombstone, vacuum
from tracker.store.erase.tombstones import EVERYBODY_KNOWS_SECONDS
from tracker.store.erase.valkey import forget_in_valkey
from tracker.store.postgres.connect import Connection
from tracker.store.postgres.faults import telling_when_away
from tracker.store.postgres.own import own_connection
from tracker.store.valkey_client import open_valkey
from tracker.store.warehouse.rows import shopper_hash
from tracker.store.warehouse.ship_money import SHIPPING_LOCK
from tracker.web.hashing import KeyedHash

_VALKEY_SECONDS = 30.0


async def erase(
    settings: Settings, shopper_id: str, *, staff: str, reason: str, patience: float = EVERYBODY_KNOWS_SECONDS
) -> Mapping[str, int]:
    """Returns how many rows changed, by place. `patience` is for every process to know whom it no longer knows. Raises
    TrackerError: then start it again."""
    _refuse(shopper_id, staff, reason)
    secrets_ = keys.load(settings.data)
    refuse_unless_running(settings)
    addresses = with_embedded(settings)
    hash_shopper = shopper_hash(bytes.fromhex(secrets_.shopper_hash))
    async with own_connection(addresses.postgres_url or "") as connection:
        with telling_when_away():
            now = datetime.now(UTC)
            made = f"erased-{secrets.token_hex(10)}"
            stand_in = await tombstone(connection, hash_shopper(shopper_id), made, now)
        await asyncio.sleep(patience)
        erasure = Erasure(shopper_id, stand_in, staff, reason, now)
        person = Person(hash_shopper(shopper_id), stand_in, hash_shopper(stand_in))
        shard = KeyedHash(secrets_.address_hash).of(shopper_id) % SHARDS
        beside_no_copy = one_copy_at_a_time(settings.data) if settings.valkey_url is None else nullcontext()
        with beside_no_copy:
            in_valkey, click_ids = await _valkey(addresses, erasure, shard)
        return in_valkey | await _books_and_warehouse(settings, connection, erasure, person, click_ids)


async def _valkey(addresses: Settings, erasure: Erasure, shard: int) -> tuple[dict[str, int], set[str]]:
    valkey = open_valkey(addresses.valkey_url or "", answer_seconds=_VALKEY_SECONDS)
    try:
        return await forget_in_valkey(valkey, erasure.shopper_id, erasure.stand_in, shard)
    finally:
        await valkey.aclose()


async def _books_and_warehouse(
    settings: Settings,
    connection: Connection,
    erasure: Erasure,
    person: Person,
    waiting: set[str],
) -> dict[str, int]:
    """Nobody ships money meanwhile: what is under way would come back."""
    async with warehouse_upkeep(settings) as warehouse:
        with telling_when_away():
            await connection.execute("SELECT pg_advisory_lock($1)", SHIPPING_LOCK)
            known = waiting | set(await click_ids_of(connection, erasure))
        click_ids = sorted(known | set(await warehouse.click_ids_of(person)))
        with telling_when_away():
            in_books = await forget_in_postgres(connection, erasure, click_ids)
        in_warehouse = await warehouse.forget(person, click_ids)
        with telling_when_away():
            await connection.execute("SELECT pg_advisory_unlock($1)", SHIPPING_LOCK)
            await vacuum(connection)
    return in_books | in_warehouse


def _refuse(shopper_id: str, staff: str, reason: str) -> None:
    if not is_shopper_id(shopper_id):
        raise TrackerError(f"{shopper_id!r} is no shopper id.")
    if not staff.strip() or not reason.strip():
        raise TrackerError("Give a reason and a name: both are logged.")
    if names(shopper_id, staff) or names(shopper_id, reason):
        raise TrackerError("The reason and the name are kept: write them without the shopper's id.")

"""The books: every row that names the shopper names the stand-in, in one transaction with the row that says why."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from tracker.core.facts import RevisionFact, TagFact
from tracker.store.erase.facts import forget_revision, forget_tag
from tracker.store.ledger.rows import entry_id
from tracker.store.postgres.connect import Connection
from tracker.store.postgres.own import rows_changed
from tracker.store.upkeep_acts import UpkeepAct, begin_act, note_changed

_revisions = msgspec.msgpack.Decoder(RevisionFact)
_tags = msgspec.msgpack.Decoder(TagFact)

_TOMBSTONE = """
INSERT INTO erased_shoppers VALUES ($1, $2, $3)
ON CONFLICT (shopper_hash) DO UPDATE SET erased_at = excluded.erased_at RETURNING stand_in
"""
_CLICK_IDS = "SELECT DISTINCT click_id FROM order_clicks WHERE facts ->> 'shopper_id' IN ($1, $2)"
# An order that somebody is deciding with what it was is decided again.
_CONVERSIONS = "UPDATE conversions SET shopper_id = $2, version = version + 1 WHERE shopper_id = $1"
_CLICKS = """
UPDATE order_clicks SET facts = jsonb_set(facts, '{shopper_id}', to_jsonb($2::text)) WHERE facts ->> 'shopper_id' = $1
"""
_ENTRIES = "SELECT id, partner_id, order_id, revision, account FROM ledger_entries WHERE account IN ($1, $2)"
_MOVE_ENTRIES = """
UPDATE ledger_entries e SET id = n.new, account = n.account
FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS n(old, new, account) WHERE e.id = n.old
"""
_NOTICES = "UPDATE notices SET shopper_id = $2 WHERE shopper_id = $1"
_UNTOLD = """
UPDATE notice_deliveries d SET next_attempt_at = NULL, given_up_at = $2, last_error = 'the shopper was erased'
FROM notices n WHERE n.id = d.notice_id AND n.shopper_id = $1 AND d.next_attempt_at IS NOT NULL
"""
_FACTS = """
SELECT r.partner_id, r.order_id, r.revision, r.fact FROM conversion_revisions r
WHERE (r.partner_id, r.order_id) IN (SELECT partner_id, order_id FROM order_clicks WHERE facts ->> 'shopper_id' = $1)
"""
_SET_FACT = "UPDATE conversion_revisions SET fact = $4 WHERE partner_id = $1 AND order_id = $2 AND revision = $3"
_CHANGED = (
    "conversions", "order_clicks", "ledger_entries", "notices", "notice_deliveries", "conversion_revisions",
    "tag_facts", "outbox", "quarantine", "overrides", "reconciliation_applications",
)  # fmt: skip
_TEXTS = {
    "overrides": ("SELECT id AS key, reason FROM overrides", "UPDATE overrides SET reason = $2 WHERE id = $1"),
    "reconciliation_applications": (
        "SELECT reconciliation_id AS key, reason FROM reconciliation_applications",
        "UPDATE reconciliation_applications SET reason = $2 WHERE reconciliation_id = $1",
    ),
}


class Erasure(NamedTuple):
    shopper_id: str
    stand_in: str
    staff: str
    reason: str
    at: datetime


async def tombstone(connection: Connection, shopper_hash: int, stand_in: str, at: datetime) -> str:
    """Committed at once; the stand-in of the first time, if an erasure is done again."""
    kept: str = await connection.fetchval(_TOMBSTONE, shopper_hash, stand_in, at)
    return kept


async def click_ids_of(connection: Connection, erasure: Erasure) -> list[str]:
    rows = await connection.fetch(_CLICK_IDS, erasure.shopper_id, erasure.stand_in)
    return [row["click_id"] for row in rows]


async def forget_in_postgres(connection: Connection, erasure: Erasure, click_ids: Sequence[str]) -> dict[str, int]:
    """Rows that were changed, by table. The caller holds the shipping lock: nothing of the outbox is under way."""
    both = erasure.shopper_id, erasure.stand_in
    async with connection.transaction():
        act = await begin_act(connection, UpkeepAct("erasure", erasure.at, erasure.staff, erasure.reason))
        changed = {
            "conversions": rows_changed(await connection.execute(_CONVERSIONS, *both)),
            "order_clicks": rows_changed(await connection.execute(_CLICKS, *both)),
            "ledger_entries": await _forget_entries(connection, erasure),
            "notices": rows_changed(await connection.execute(_NOTICES, *both)),
            "notices that nobody is told of": rows_changed(
                await connection.execute(_UNTOLD, erasure.stand_in, erasure.at)
            ),
            "conversion_revisions": await _forget_revisions(connection, erasure),
            "tag_facts": await _forget_tags(connection, click_ids),
            "outbox": await _forget_outbox(connection, erasure, frozenset(click_ids)),
            "quarantine": await _forget_quarantine(connection, erasure),
        }
        for table, statements in _TEXTS.items():
            changed[table] = await _forget_texts(connection, erasure, *statements)
        await note_changed(connection, act, {"stand_in": erasure.stand_in, **changed})
    return changed


async def _forget_entries(connection: Connection, erasure: Erasure) -> int:
    accounts = {f"{kind}:{erasure.shopper_id}": f"{kind}:{erasure.stand_in}" for kind in ("available", "pending")}
    rows = await connection.fetch(_ENTRIES, *accounts)
    moved = [
        (row["id"], entry_id(row["partner_id"], row["order_id"], row["revision"], new), new)
        for row in rows
        for new in [accounts[row["account"]]]
    ]
    if moved:
        await connection.execute(_MOVE_ENTRIES, *map(list, zip(*moved, strict=True)))
    return len(moved)


async def _forget_revisions(connection: Connection, erasure: Erasure) -> int:
    """Of every order that a click of theirs ever named: it may be another shopper's by now."""
    changed: list[tuple[object, ...]] = []
    for row in await connection.fetch(_FACTS, erasure.stand_in):
        fact = _revisions.decode(row["fact"])
        if fact.shopper_id == erasure.shopper_id:
            body = msgspec.msgpack.encode(forget_revision(fact, erasure.stand_in))
            changed.append((row["partner_id"], row["order_id"], row["revision"], body))
    await connection.executemany(_SET_FACT, changed)
    return len(changed)


async def _forget_tags(connection: Connection, click_ids: Sequence[str]) -> int:
    rows = await connection.fetch("SELECT place, body FROM tag_facts WHERE click_ids && $1", list(click_ids))
    changed = [(row["place"], msgspec.msgpack.encode(forget_tag(_tags.decode(row["body"])))) for row in rows]
    await connection.executemany("UPDATE tag_facts SET body = $2 WHERE place = $1", changed)
    return len(changed)


async def _forget_outbox(connection: Connection, erasure: Erasure, click_ids: frozenset[str]) -> int:
    def forgotten(kind: str, body: bytes) -> bytes | None:
        if kind == "tag":
            tag = _tags.decode(body)
            theirs = click_ids & {tag.click_id, tag.cookie_click_id}
            return msgspec.msgpack.encode(forget_tag(tag)) if theirs else None
        revision = _revisions.decode(body)
        theirs_too = revision.shopper_id == erasure.shopper_id
        return msgspec.msgpack.encode(forget_revision(revision, erasure.stand_in)) if theirs_too else None

    rows = await connection.fetch("SELECT id, kind, body FROM outbox WHERE kind IN ('revision', 'tag')")
    changed = list(_changed(((row["id"], row["kind"], row["body"]) for row in rows), forgotten))
    await connection.executemany("UPDATE outbox SET body = $2 WHERE id = $1", changed)
    return len(changed)


def _changed(
    rows: Iterable[tuple[int, str, bytes]], forgotten: Callable[[str, bytes], bytes | None]
) -> Iterable[tuple[int, bytes]]:
    for id_, kind, body in rows:
        try:
            new = forgotten(kind, body)
        except (msgspec.MsgspecError, ValueError):
            continue  # poison: the drain puts it aside
        if new is not None:
            yield id_, new


async def _forget_quarantine(connection: Connection, erasure: Erasure) -> int:
    """What ClickHouse never took and holds the id goes: nobody can say what else of the person is in it."""
    rows = await connection.fetch("SELECT id, event FROM quarantine")
    named = re.compile(_word(erasure.shopper_id).encode())
    gone = [row["id"] for row in rows if named.search(row["event"])]
    await connection.execute("DELETE FROM quarantine WHERE id = ANY ($1)", gone)
    return len(gone)


async def _forget_texts(connection: Connection, erasure: Erasure, read: str, write: str) -> int:
    """What staff wrote as their reason may name the shopper."""
    named = re.compile(_word(erasure.shopper_id))
    rows: list[Any] = [row for row in await connection.fetch(read) if named.search(row["reason"])]
    await connection.executemany(write, [(row["key"], named.sub(erasure.stand_in, row["reason"])) for row in rows])
    return len(rows)


def names(shopper_id: str, text: str) -> bool:
    """Whether a text says whom it is about."""
    return re.search(_word(shopper_id), text) is not None


async def vacuum(connection: Connection) -> None:
    """Old versions of rows are given up; their bytes are overwritten as the pages and the write-ahead log are used."""
    for table in _CHANGED:
        await connection.execute(f"VACUUM {table}")


def _word(shopper_id: str) -> str:
    """As a word of its own: shopper 4 is not in 42."""
    return rf"(?<![A-Za-z0-9]){re.escape(shopper_id)}(?![A-Za-z0-9])"

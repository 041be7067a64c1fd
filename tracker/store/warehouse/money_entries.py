"""Facts of the outbox as rows of ClickHouse's money tables: the same way for what is new and for what is made again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from tracker.core.facts import PostbackFact, ReconciliationFact, RevisionFact, TagFact
from tracker.store.warehouse.poison import Poison
from tracker.store.warehouse.rows import (
    LINES,
    POSTBACKS,
    RECONCILIATIONS,
    REVISIONS,
    TAG_REPORTS,
    HashShopper,
    Row,
    Table,
    by_month,
    line_rows,
    postback_row,
    reconciliation_row,
    revision_row,
    tag_row,
)
from tracker.store.warehouse.threads import EngineThreads

# A conversion's lines come before it: whoever sees it sees them.
MONEY_TABLES = (POSTBACKS, LINES, REVISIONS, TAG_REPORTS, RECONCILIATIONS)

_postbacks = msgspec.msgpack.Decoder(PostbackFact)
_tags = msgspec.msgpack.Decoder(TagFact)
_reconciliations = msgspec.msgpack.Decoder(ReconciliationFact)
_revisions = msgspec.msgpack.Decoder(RevisionFact)


class Kept(NamedTuple):
    """One row of the outbox, or one that could stand there."""

    id: int
    kind: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    kept: Kept
    told_at_us: int
    rows: dict[Table, list[Row]] = field(default_factory=dict)
    tag: TagFact | None = None


def decode(kept: Sequence[Kept], hash_shopper: HashShopper) -> tuple[list[Entry], list[Poison]]:
    entries: list[Entry] = []
    poisons: list[Poison] = []
    for one in kept:
        try:
            entries.append(_entry(one, hash_shopper))
        except (msgspec.MsgspecError, ValueError) as error:
            poisons.append(Poison(one.body, str(error)))
    return entries, poisons


def _entry(kept: Kept, hash_shopper: HashShopper) -> Entry:
    if kept.kind == "postback":
        postback = _postbacks.decode(kept.body)
        return Entry(kept, postback.received_at_us, {POSTBACKS: [postback_row(postback)]})
    if kept.kind == "tag":
        tag = _tags.decode(kept.body)
        return Entry(kept, tag.reported_at_us, {TAG_REPORTS: [tag_row(tag)]}, tag)
    if kept.kind == "reconciliation":
        compared = _reconciliations.decode(kept.body)
        return Entry(kept, compared.reconciled_at_us, {RECONCILIATIONS: [reconciliation_row(compared)]})
    fact = _revisions.decode(kept.body)
    rows = {REVISIONS: [revision_row(fact, hash_shopper)], LINES: line_rows(fact)}
    return Entry(kept, fact.revised_at_us, rows)


def rows_of(table: Table, entries: Sequence[Entry]) -> list[Row]:
    return [row for entry in entries for row in entry.rows.get(table, ())]


def inserting(threads: EngineThreads, names: Mapping[Table, str] | None = None) -> Callable[[Sequence[Entry]], Any]:
    """Puts entries into their tables, or into those that are named in their place."""
    into = names or {table: table.name for table in MONEY_TABLES}

    async def insert(entries: Sequence[Entry]) -> None:
        for table in MONEY_TABLES:
            for rows in by_month(table, rows_of(table, entries)):
                await threads.insert(into[table], table.columns, rows)

    return insert

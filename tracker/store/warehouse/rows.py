"""Facts as rows of the base tables: a fact's fields as they are, and behind them what is derived from them."""

import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec.structs import astuple

from tracker.core.facts import ClickFact, LineFact, PostbackFact, ReconciliationFact, RevisionFact, TagFact
from tracker.store.warehouse.by_column import ByColumn, unzipped

Item = TypeVar("Item")
Row = tuple[Any, ...]  # values of as many types as columns
HashShopper = Callable[[str], int]

_LAST_DAY = (2**32 - 1) // 86_400  # of what a DateTime holds


class StreamedClick(ClickFact, frozen=True, array_like=True, gc=False):
    """A click whose checks are left as they came: clicks by the million share the same few. It holds no cycle."""

    checks: msgspec.Raw  # type: ignore[assignment]


class Table(NamedTuple):
    name: str
    columns: tuple[str, ...]
    dated_by: int  # place of the column whose month is the partition


def _table(name: str, fact: type[msgspec.Struct], dated_by: str, *derived: str, without: str = "") -> Table:
    columns = (*(field for field in fact.__struct_fields__ if field != without), *derived)
    return Table(name, columns, columns.index(dated_by))


CHECK_COLUMNS = ("check_names", "check_findings", "check_confidences", "check_evidence", "check_ms")
CLICKS = _table(
    "tracker.clicks", ClickFact, "clicked_at", "clicked_at", "shopper_hash", *CHECK_COLUMNS, without="checks"
)
TAG_REPORTS = _table("tracker.tag_reports", TagFact, "reported_at", "reported_at", *CHECK_COLUMNS, without="checks")
POSTBACKS = _table("tracker.postbacks", PostbackFact, "received_at", "received_at")
REVISIONS = _table(
    "tracker.conversion_revisions", RevisionFact, "revised_at", "revised_at", "shopper_hash", without="lines"
)
LINES = _table("tracker.conversion_lines", LineFact, "revised_at", "partner_id", "order_id", "revision", "revised_at")
RECONCILIATIONS = _table("tracker.reconciliation_lines", ReconciliationFact, "reconciled_at", "reconciled_at")

_Checks = list[tuple[str, str, str, str, int]]
_checks = msgspec.msgpack.Decoder(_Checks)
_CHECKS, _CLICKED_AT_US, _SHOPPER_ID = map(ClickFact.__struct_fields__.index, ("checks", "clicked_at_us", "shopper_id"))
_TAG_CHECKS = TagFact.__struct_fields__.index("checks")
_LINES = RevisionFact.__struct_fields__.index("lines")


def shopper_hash(key: bytes) -> HashShopper:
    """What analysts see instead of a shopper's id: the same for the same shopper, and no way back without the key."""

    @lru_cache(maxsize=100_000)
    def hash_(shopper_id: str) -> int:
        if not shopper_id:
            return 0
        return int.from_bytes(blake2b(shopper_id.encode(), key=key, digest_size=8).digest(), "big")

    return hash_


def click_rows(facts: Sequence[StreamedClick], hash_shopper: HashShopper) -> ByColumn:
    """At least one. Raises msgspec.MsgspecError when the checks of one are none."""
    columns: list[Sequence[Any]] = list(zip(*map(astuple, facts), strict=True))
    checks = [_decoded_checks(bytes(raw)) for raw in columns.pop(_CHECKS)]
    seconds = [microseconds // 1_000_000 for microseconds in columns[_CLICKED_AT_US]]
    hashes = [hash_shopper(shopper_id) for shopper_id in columns[_SHOPPER_ID]]
    return ByColumn([*columns, seconds, hashes, *unzipped(checks, len(CHECK_COLUMNS))])


def tag_row(fact: TagFact) -> Row:
    values = [int(value) if isinstance(value, bool) else value for value in astuple(fact)]
    derived = fact.reported_at_us // 1_000_000, *_check_columns(fact.checks)
    return (*values[:_TAG_CHECKS], *values[_TAG_CHECKS + 1 :], *derived)


def postback_row(fact: PostbackFact) -> Row:
    return (*astuple(fact), fact.received_at_us // 1_000_000)


def reconciliation_row(fact: ReconciliationFact) -> Row:
    return (*astuple(fact), fact.reconciled_at_us // 1_000_000)


def revision_row(fact: RevisionFact, hash_shopper: HashShopper) -> Row:
    values = [int(value) if isinstance(value, bool) else value for value in astuple(fact)]
    derived = fact.revised_at_us // 1_000_000, hash_shopper(fact.shopper_id)
    return (*values[:_LINES], *values[_LINES + 1 :], *derived)


def line_rows(fact: RevisionFact) -> list[Row]:
    of_the_order = fact.partner_id, fact.order_id, fact.revision, fact.revised_at_us // 1_000_000
    return [(*astuple(line), *of_the_order) for line in fact.lines]


_decoded_checks = lru_cache(maxsize=4096)(_checks.decode)  # browsers that were not asked are alike


def _check_columns(checks: _Checks) -> tuple[tuple[str | int, ...], ...]:
    return tuple(zip(*checks, strict=True)) or ((),) * len(CHECK_COLUMNS)


def by_month(table: Table, rows: Sequence[Row]) -> list[Sequence[Row]]:
    return split_by_month(rows, [row[table.dated_by] for row in rows])


def split_by_month(items: Sequence[Item], seconds: Sequence[int]) -> list[Sequence[Item]]:
    """Those of each month, by their `seconds`. One insert touches one partition: only then is it all there or not at
    all."""
    if items and _month(min(seconds) // 86_400) == _month(max(seconds) // 86_400):
        return [items]
    groups: dict[tuple[int, int], list[Item]] = {}
    for item, second in zip(items, seconds, strict=True):
        groups.setdefault(_month(second // 86_400), []).append(item)
    return list(groups.values())


@lru_cache(maxsize=1024)
def _month(day: int) -> tuple[int, int]:
    moment = time.gmtime(min(max(day, 0), _LAST_DAY) * 86_400)  # another day is refused where its column is filled
    return moment.tm_year, moment.tm_mon

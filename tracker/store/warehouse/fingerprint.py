"""What a table holds, in one short text: of equal texts the rows are equal, however often they were inserted."""

from dataclasses import dataclass

from tracker.store.warehouse.rows import Table
from tracker.store.warehouse.threads import EngineThreads

_NULL = r"\\N"  # a text that is itself \N is written as such in no fact
_SQL = """
SELECT toString(count()), hex(groupBitXor(row)), hex(sum(row)) FROM (
    SELECT sipHash64({columns}) AS row FROM {name} FINAL
)
"""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    rows: int
    hash: str


async def fingerprint(threads: EngineThreads, table: Table, name: str) -> Fingerprint:
    """Of the rows that count in the table called `name`, which has the columns of `table`. Raises
    StoreUnavailableError or WarehouseQueryError."""
    columns = ", ".join(f"ifNull(toString({column}), '{_NULL}')" for column in table.columns)
    [[rows, xor, sum_]] = await threads.rows(_SQL.format(columns=columns, name=name))
    return Fingerprint(int(rows), f"{xor:0>16}{sum_:0>16}".lower())

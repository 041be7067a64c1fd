"""The gate in front of the warehouse: a text of an analyst's becomes one harmless statement, or an error.

What is run is what ClickHouse wrote, never the text itself. Behind it stand the engine's own rights: the session that
runs it is read-only and may select from `analytics` alone.
"""

from collections.abc import Mapping
from typing import Protocol

from tracker.reports.statement import Statement, read_statement, refuse_unless_harmless


class Queries(Protocol):
    async def query_as_analyst(self, sql: str, *, format_: str, parameters: Mapping[str, str]) -> bytes:
        """Raises WarehouseQueryError or StoreUnavailableError."""


async def guarded(queries: Queries, text: str, parameters: Mapping[str, str]) -> Statement:
    """Raises WarehouseQueryError when it may not be run, or is no statement."""
    # As digits the text is a value, whatever is in it. `formatQuery` refuses a second statement.
    as_value = f"SELECT formatQuery(unhex('{text.encode(errors='replace').hex()}'))"
    formatted = await queries.query_as_analyst(as_value, format_="TSVRaw", parameters={})
    statement = read_statement(formatted.decode(errors="replace"))
    tree = await queries.query_as_analyst(f"EXPLAIN AST {statement.sql}", format_="TSVRaw", parameters=parameters)
    refuse_unless_harmless(tree.decode(errors="replace"))
    return statement

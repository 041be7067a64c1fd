"""Books that the first release wrote are brought up to date with every kopeck, and go on from where they were."""

import asyncpg
import msgspec
import pytest

from tests.postback.setting import open_setting
from tracker.core.facts import RevisionFact
from tracker.store.migrate import _TABLE, _checksum, migrate_postgres, migrations

pytestmark = pytest.mark.slow

FIRST_RELEASE = 6  # files
TABLES = (
    "terms_versions", "postbacks", "conversions", "order_messages", "order_clicks", "overrides", "conversion_revisions",
    "ledger_entries", "outbox",
)  # fmt: skip
COLUMNS = "SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND table_schema = 'public'"
BALANCES = "SELECT account, sum(amount_kopecks)::bigint AS kopecks FROM ledger_entries GROUP BY account ORDER BY 1"


async def as_the_first_release(dsn: str) -> list[asyncpg.Record]:
    """What a tracker of today has written, put into the schema of the first release. Returns the balances."""
    connection = await asyncpg.connect(dsn)
    try:
        kept = {table: await connection.fetch(f"SELECT * FROM {table}") for table in TABLES}
        balances = await connection.fetch(BALANCES)
        await connection.execute(f"DROP SCHEMA public CASCADE; CREATE SCHEMA public; {_TABLE}")
        for name, text in list(migrations().items())[:FIRST_RELEASE]:
            await connection.execute(text)
            await connection.execute("INSERT INTO schema_migrations VALUES ($1, $2)", name, _checksum(text))
        for table, rows in kept.items():
            found = [row["column_name"] for row in await connection.fetch(COLUMNS, table)]
            columns = [column for column in found if (table, column) != ("outbox", "id")]
            values = [tuple(_as_it_was(row, column) for column in columns) for row in rows]
            await connection.copy_records_to_table(table, records=values, columns=columns)
    finally:
        await connection.close()
    return balances


def _as_it_was(row: asyncpg.Record, column: str) -> object:
    """Facts had no exchange rates."""
    value: object = row[column]
    if column == "fact" and isinstance(value, bytes):
        fields = RevisionFact.__struct_fields__.index("exchange_rate")
        return msgspec.msgpack.encode(msgspec.msgpack.decode(value)[:fields])
    return value


async def test_the_first_release_s_books_are_brought_up_to_date_and_go_on(postgres_dsn: str) -> None:
    async with open_setting(postgres_dsn) as setting:
        for order in range(3):
            await setting.report(order_id=f"R-{order}", amount="1000.00", status="pending")
            await setting.report(order_id=f"R-{order}", amount="1000.00", status="approved")
        await setting.send("order_id=LOST&click_id=nobodys&amount=10.00&status=pending")
        shown = await setting.rows("SELECT * FROM conversions ORDER BY order_id")
    balances = await as_the_first_release(postgres_dsn)

    applied = await migrate_postgres(postgres_dsn)

    assert applied == list(migrations())[FIRST_RELEASE:]
    async with open_setting(postgres_dsn) as setting:
        assert await setting.rows(BALANCES) == balances
        assert await setting.rows("SELECT * FROM conversions ORDER BY order_id") == shown
        assert await setting.report(order_id="R-0", amount="1000.00", status="approved") == "duplicate"
        setting.wait(hours=1)
        assert await setting.report(order_id="R-0", amount="2000.00", status="approved") == "decided"
        known = await setting.known("R-0")
        assert (known.revision, known.cashback) == (3, 100)
        facts = await setting.rows("SELECT fact FROM conversion_revisions")
        assert len([msgspec.msgpack.decode(row["fact"], type=RevisionFact) for row in facts]) == len(facts) > 6
        assert await setting.value("SELECT count(*) FROM notices") == 1, "what was told before is not told again"

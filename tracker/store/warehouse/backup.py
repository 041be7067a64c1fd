"""Clicks of the embedded engine, by ClickHouse's own BACKUP and RESTORE. Money is not in it: it is made again; of the
tag's reports those are only here that were shipped before PostgreSQL kept them."""

import shutil
import uuid
from pathlib import Path

from tracker.store.warehouse.threads import EngineThreads

BACKUPS = "backups"  # below the engine's folder: the only place where it may write a backup
_TABLES = ("tracker.clicks", "tracker.tag_reports")


async def back_up_clicks(threads: EngineThreads, folder: Path) -> Path:
    """Into a new folder below `folder`; whoever asked takes it away, and what one who was killed left goes first.
    Raises WarehouseQueryError."""
    await threads.run(lambda _: shutil.rmtree(folder, ignore_errors=True))
    target = folder / uuid.uuid4().hex
    tables = ", ".join(f"TABLE {table}" for table in _TABLES)
    await threads.execute(f"BACKUP {tables} TO File('{target}/')")
    return target


async def restore_clicks(threads: EngineThreads, backup: Path) -> None:
    """Into tables that are there, and empty. Raises WarehouseQueryError."""
    for table in _TABLES:
        await threads.execute(f"DROP TABLE {table} SYNC")
    tables = ", ".join(f"TABLE {table}" for table in _TABLES)
    await threads.execute(f"RESTORE {tables} FROM File('{backup}/')")

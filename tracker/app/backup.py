"""`tracker backup` and `tracker restore` of the embedded parts, each by its own means.

What a fact comes from is copied before what it goes to: the journal before Valkey, Valkey before ClickHouse. So
whatever was answered before the backup began is in one of them, and what is in two becomes one.
"""

import asyncio
import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from redis.exceptions import RedisError

from tracker import keys
from tracker.app.desk import refuse_unless_running
from tracker.app.engines import open_engine
from tracker.app.installation import warehouse_folder
from tracker.app.upkeep import back_up_warehouse
from tracker.app.upkeep_http import rebuild_of
from tracker.embedded.lock import DataFolderLock
from tracker.embedded.postgres import DATABASE, EmbeddedPostgres
from tracker.embedded.postgres_programs import client_program
from tracker.embedded.rewrites import one_copy_at_a_time, without_rewrites
from tracker.embedded.valkey import EmbeddedValkey
from tracker.errors import StoreUnavailableError, TrackerError
from tracker.settings import Settings
from tracker.store.migrate import migrate_postgres
from tracker.store.valkey_node import open_node
from tracker.store.warehouse.backup import BACKUPS, restore_clicks
from tracker.store.warehouse.rebuild import Rebuilt

Told = Callable[[str], None]

_FILES = ("secrets.json", "partners.in-force.yaml")
_JOURNAL = "journal"
_APPEND_ONLY = "appendonlydir"
_BOOKS = "books.dump"
_CLICKS = "clicks"
_ABOUT = "backup.json"


async def back_up(settings: Settings, target: Path, told: Told) -> None:
    """Beside a running tracker, into a folder that is not there yet; whole or not at all. Raises TrackerError."""
    keys.load(settings.data)
    _refuse_servers(settings)
    refuse_unless_running(settings)
    if await asyncio.to_thread(target.exists):
        raise TrackerError(f"{target} is there already: choose a new folder for each backup.")
    with one_copy_at_a_time(settings.data):
        await _whole_or_not_at_all(settings, target, told)


async def _whole_or_not_at_all(settings: Settings, target: Path, told: Told) -> None:
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    began = datetime.now(UTC)
    try:
        draft.mkdir(mode=0o700, parents=True)
        for name in _FILES:
            await asyncio.to_thread(shutil.copy2, settings.data / name, draft / name)
        await _copy_tree(settings.data / _JOURNAL, draft / _JOURNAL)
        told("secrets and settings are copied")
        await _copy_valkey(settings, draft)
        told("Valkey: the append-only file is copied")
        await asyncio.to_thread(_dump, settings, draft / _BOOKS)
        told("PostgreSQL: the books are dumped")
        made = await back_up_warehouse(settings)
        await asyncio.to_thread(shutil.move, made, draft / _CLICKS)
        told("ClickHouse: the clicks are copied; money is made again from the books")
        (draft / _ABOUT).write_text(json.dumps({"began_at": began.isoformat(), "data": str(settings.data)}) + "\n")
        await asyncio.to_thread(_keep_all, draft)
        draft.rename(target)
    except OSError as error:
        raise TrackerError(f"The backup failed and was taken away again: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


async def restore(settings: Settings, source: Path, told: Told) -> list[Rebuilt]:
    """Into a data folder that has no installation yet. Raises TrackerError."""
    _refuse_servers(settings)
    if not (source / _ABOUT).exists():
        raise TrackerError(f"{source} is no backup that `tracker backup` has finished.")
    if (settings.data / "secrets.json").exists():
        raise TrackerError(f"{settings.data} has an installation: restore into an empty --data folder.")
    with DataFolderLock(settings.data):
        await _copy_tree(source / _JOURNAL, settings.data / _JOURNAL)
        valkey = settings.data / "valkey"
        valkey.mkdir(mode=0o700, exist_ok=True)
        await _copy_tree(source / _APPEND_ONLY, valkey / _APPEND_ONLY)
        told("Valkey: the append-only file is in place")
        postgres = EmbeddedPostgres(settings.data)
        await postgres.start()
        try:
            await asyncio.to_thread(_load, postgres, source / _BOOKS)
            await migrate_postgres(postgres.dsn)
            told("PostgreSQL: the books are loaded")
            # Last, since with it an installation is there.
            for name in _FILES:
                await asyncio.to_thread(shutil.copy2, source / name, settings.data / name)
            return await _restore_warehouse(settings, source / _CLICKS, told)
        finally:
            await postgres.stop()


async def _restore_warehouse(settings: Settings, clicks: Path, told: Told) -> list[Rebuilt]:
    place = warehouse_folder(settings) / "clickhouse" / BACKUPS / uuid.uuid4().hex
    await _copy_tree(clicks, place)
    try:
        async with open_engine(settings) as threads:
            await restore_clicks(threads, place)
            told("ClickHouse: the clicks are back; its money is being made again from the books")

            async def ignore(_: int) -> None:
                """It says so when it is done."""

            return await rebuild_of(threads, settings, keys.load(settings.data)).run(ignore)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _refuse_servers(settings: Settings) -> None:
    servers = {
        "TRACKER_VALKEY_URL": settings.valkey_url,
        "TRACKER_POSTGRES_URL": settings.postgres_url,
        "TRACKER_CLICKHOUSE_URL": settings.clickhouse_url,
    }
    if given := [name for name, url in servers.items() if url is not None]:
        raise TrackerError(
            f"This backs up the embedded parts; {', '.join(given)} is a server of yours: back it up with its own "
            "tools, in the order of docs/operations.md, and copy secrets.json."
        )


async def _copy_valkey(settings: Settings, draft: Path) -> None:
    """Its files only grow while it does not rewrite them: a torn last command was answered after the backup began."""
    server = EmbeddedValkey(settings.data)
    valkey = open_node(server.url)
    try:
        async with without_rewrites(valkey):
            await _copy_tree(settings.data / "valkey" / _APPEND_ONLY, draft / _APPEND_ONLY)
    except RedisError as error:
        raise StoreUnavailableError(f"Valkey did not answer: {error}") from error
    finally:
        await valkey.aclose()


def _dump(settings: Settings, target: Path) -> None:
    """One consistent moment of all tables, readable by later versions of PostgreSQL too."""
    _run_program("pg_dump", "--format=custom", f"--file={target}", EmbeddedPostgres(settings.data).dsn)


def _load(postgres: EmbeddedPostgres, dump: Path) -> None:
    _run_program("pg_restore", "--exit-on-error", "--no-owner", f"--dbname={postgres.dsn_of(DATABASE)}", str(dump))


def _run_program(name: str, *arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [str(client_program(name)), *arguments], check=False, stdin=subprocess.DEVNULL, capture_output=True
    )
    if done.returncode != 0:
        raise TrackerError(f"{name} failed: {done.stderr.decode(errors='replace').strip()}")


async def _copy_tree(source: Path, target: Path) -> None:
    if await asyncio.to_thread(source.exists):
        await asyncio.to_thread(shutil.copytree, source, target, dirs_exist_ok=True)


def _keep_all(folder: Path) -> None:
    """On disk before it has its name."""
    for path in (*folder.rglob("*"), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

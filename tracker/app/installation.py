"""What an installation is made of before anything runs: its secrets, its programme, its servers."""

import os
from dataclasses import replace
from pathlib import Path

import msgspec

from tracker import keys
from tracker.core.partner import Partner, Programme
from tracker.demo.partners import NOTIFY_SECRET, demo_programme
from tracker.embedded.folders import socket_folder
from tracker.embedded.postgres import EmbeddedPostgres
from tracker.embedded.valkey import EmbeddedValkey
from tracker.errors import ConfigurationError
from tracker.keys import Keys
from tracker.partners import Sources, load_programme, secret_names
from tracker.partners_notify import notify_secret_names
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import FIELDS
from tracker.settings import Settings
from tracker.store.journal import JournalFolder
from tracker.store.postgres.check import check_postgres

_WAREHOUSE_SOCKET = "warehouse.sock"
_RUNNING = "running.json"


class Running(msgspec.Struct, frozen=True):
    public_url: str
    demo: bool
    warehouse_url: str  # ClickHouse's HTTP protocol


def dialect_fields() -> dict[str, tuple[str, ...]]:
    """What `map:` may rename, by dialect."""
    return dict.fromkeys(DIALECTS, FIELDS)


def dialects_with_own_paths() -> frozenset[str]:
    """Where a partner may be known by its `auth` alone."""
    return frozenset(one.name for one in DIALECTS.values() if any(shape.paths for shape in one.shapes))


def prepare(settings: Settings) -> Settings:
    """Make the missing secrets, read the programme, and keep a copy of it: what an operator edits meanwhile counts at
    the next start, and not half of it when a worker happens to be started again.

    Raises ConfigurationError with every problem.
    """
    load(settings, make_keys(settings))
    checked = settings.data / "partners.checked.yaml"
    checked.unlink(missing_ok=True)
    with os.fdopen(os.open(checked, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:  # it may hold secrets
        copy.write(settings.partners.read_bytes())
        copy.flush()
        os.fsync(copy.fileno())
    return replace(settings, partners=checked)


def make_keys(settings: Settings) -> Keys:
    """What is missing is made. Raises ConfigurationError."""
    notify = notify_secret_names(settings.partners) | ({NOTIFY_SECRET} if settings.demo else set())
    return keys.load_or_make(settings.data, secret_names(settings.partners), notify)


def load(settings: Settings, secrets: Keys) -> Programme:
    """The programme with every secret. Raises ConfigurationError with every problem."""
    sources = Sources(
        os.environ,
        dialect_fields(),
        secrets.postback | secrets.notify,
        require_secrets=True,
        own_paths=dialects_with_own_paths(),
    )
    programme = load_programme(settings.partners, sources)
    if not settings.demo:
        return programme
    return demo_programme(programme, settings.demo_port, secrets.notify.get(NOTIFY_SECRET))


def first_partner(settings: Settings) -> Partner:
    """For an example."""
    return next(iter(load(settings, keys.load(settings.data)).partners.values()))


def with_embedded(settings: Settings) -> Settings:
    """With the addresses of our own servers where none are given. They need not run yet."""
    return replace(
        settings,
        valkey_url=settings.valkey_url or EmbeddedValkey(settings.data).url,
        postgres_url=settings.postgres_url or EmbeddedPostgres(settings.data).dsn,
    )


def warehouse_folder(settings: Settings) -> Path:
    return settings.data.resolve() / "warehouse"


def journal_folder(settings: Settings) -> JournalFolder:
    """Where this machine keeps clicks while Valkey is away."""
    return JournalFolder(settings.data / "journal")


def warehouse_socket(settings: Settings) -> Path:
    """Where the process that holds the embedded engine answers."""
    return socket_folder(warehouse_folder(settings) / "run", _WAREHOUSE_SOCKET) / _WAREHOUSE_SOCKET


async def check_postgres_server(url: str) -> None:
    """Raises ConfigurationError with everything for which a PostgreSQL of the operator's own cannot be used."""
    if problems := await check_postgres(url):
        raise ConfigurationError(problems)


def note_running(settings: Settings, public_url: str, warehouse_url: str) -> None:
    """Where the tracker of this data folder was last started: for commands that are typed beside it."""
    (settings.data / _RUNNING).write_bytes(msgspec.json.encode(Running(public_url, settings.demo, warehouse_url)))


def running(settings: Settings) -> Running:
    """As noted by the last start; by the settings if there was none."""
    try:
        return msgspec.json.decode((settings.data / _RUNNING).read_bytes(), type=Running)
    except (OSError, msgspec.MsgspecError):
        return Running(settings.public_url, settings.demo, f"http://127.0.0.1:{settings.warehouse_port}")

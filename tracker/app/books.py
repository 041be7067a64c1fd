"""What a start puts into PostgreSQL before anything is written there: its schema, then the terms in force.

Of an embedded PostgreSQL a note in its own folder says what it took in last. A start that brings the same schema, and
the very file that is in force, brings nothing that could be refused, and knows so before PostgreSQL runs. The note goes
before the schema is changed, and comes when all is done.
"""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tracker import keys
from tracker.app.installation import load
from tracker.core.partner import Programme
from tracker.embedded.folders import keep_name
from tracker.errors import ConfigurationError
from tracker.partners import changed_past
from tracker.settings import Settings
from tracker.store.ledger import Ledger, open_ledger
from tracker.store.migrate import migrate_postgres, migrations


def is_nothing_new(settings: Settings) -> bool:
    """Whether the last start, on this embedded PostgreSQL, took in all that this one brings. `settings` names the file
    that was checked. Of a server of the operator's own nobody knows what became of it since."""
    if settings.postgres_url is not None:
        return False
    try:
        partners, in_force = settings.partners.read_bytes(), in_force_file(settings).read_bytes()
        return partners == in_force and _note(settings).read_bytes() == _what_is_noted(in_force)
    except OSError:
        return False


async def migrate_books(settings: Settings, postgres_url: str) -> list[str]:
    """Returns the names of what was applied now. Raises ConfigurationError when the database is not ours to change,
    StoreUnavailableError when it is away."""
    note = _note(settings)
    if note.exists() and not note.read_bytes().startswith(_schema()):
        note.unlink()
        keep_name(note)
    return await migrate_postgres(postgres_url)


async def adopt_terms(settings: Settings, postgres_url: str) -> Settings:
    """Put the programme's terms in force, and with them the file that workers start from.

    Raises ConfigurationError when terms that have begun were changed: then all stays as it was.
    """
    programme = load(settings, keys.load(settings.data))
    async with open_ledger(postgres_url) as ledger:
        if problems := await changed_terms(programme, ledger):
            raise ConfigurationError(problems)
        await ledger.put_in_force([partner.terms for partner in programme.partners.values()])
    in_force = in_force_file(settings)
    settings.partners.replace(in_force)
    keep_name(in_force)
    if settings.postgres_url is None:
        _note(settings).write_bytes(_what_is_noted(in_force.read_bytes()))
    return as_in_force(settings)


async def changed_terms(programme: Programme, ledger: Ledger) -> list[str]:
    """Problems: what it says otherwise of terms that have begun."""
    before, now = await ledger.terms_in_force(), datetime.now(UTC)
    return [
        f"partners.yaml: {problem}"
        for partner in programme.partners.values()
        if partner.id in before
        for problem in changed_past(before[partner.id], partner.terms, now)
    ]


def in_force_file(settings: Settings) -> Path:
    """The copy that every process reads: replaced as a whole, by `serve` alone."""
    return settings.data / "partners.in-force.yaml"


def as_in_force(settings: Settings) -> Settings:
    """With the file that every process reads."""
    return replace(settings, partners=in_force_file(settings))


def _note(settings: Settings) -> Path:
    """Whoever takes that folder away, or puts another in its place, takes the note away, too."""
    return settings.data / "postgres" / "taken-in"


def _what_is_noted(partners: bytes) -> bytes:
    return _schema() + _hash(partners)


def _schema() -> bytes:
    """Of all that is applied."""
    return _hash(repr(migrations()).encode())


def _hash(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode() + b"\n"

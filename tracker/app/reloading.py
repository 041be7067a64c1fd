"""A reload: the operator's file against the one in force; then its terms, its secrets and the file itself in force."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime

from tracker import keys
from tracker.app.books import adopt_terms, as_in_force, changed_terms
from tracker.app.in_force import configuration_hash
from tracker.app.installation import dialect_fields, dialects_with_own_paths, prepare
from tracker.core.partner import Programme
from tracker.core.programme_changes import dangers, differences, needs_restart
from tracker.errors import ConfigurationError
from tracker.partners import Sources, load_programme
from tracker.settings import Settings
from tracker.store.ledger import open_ledger


@dataclass(frozen=True, slots=True)
class ReloadPlan:
    """`differences` and `dangers` are lines for the operator; the file that it is about has that hash."""

    differences: list[str]
    dangers: list[str]
    needs_restart: bool
    digest: str


async def plan_reload(settings: Settings, postgres_url: str) -> ReloadPlan:
    """`settings` names the operator's file. Changes nothing.

    Raises ConfigurationError with every problem of that file, changed terms of the past among them.
    """
    after, digest = _read(settings)
    before, _ = _read(as_in_force(settings))
    async with open_ledger(postgres_url) as ledger:
        if problems := await changed_terms(after, ledger):
            raise ConfigurationError(problems)
    return ReloadPlan(
        differences=differences(before, after),
        dangers=dangers(before, after, datetime.now(UTC)),
        needs_restart=needs_restart(before, after),
        digest=digest,
    )


async def adopt(plan: ReloadPlan, settings: Settings, postgres_url: str) -> Settings:
    """Make the secrets that are missing, put the terms in force, and with them the file, which each process reads when
    it is told to. Raises ConfigurationError when the file is no longer the one that was planned with.
    """
    prepared = prepare(settings)
    if configuration_hash(prepared.partners.read_bytes()) != plan.digest:
        raise ConfigurationError([f"{settings.partners.name} was changed while it was read; reload again"])
    return await adopt_terms(prepared, postgres_url)


def _read(settings: Settings) -> tuple[Programme, str]:
    """With the secrets that are known; one that a new partner needs is made when the file is adopted."""
    known = keys.load(settings.data)
    sources = Sources(os.environ, dialect_fields(), known.postback | known.notify, own_paths=dialects_with_own_paths())
    programme = load_programme(settings.partners, sources)
    return programme, configuration_hash(settings.partners.read_bytes())

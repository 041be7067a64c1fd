"""`tracker reconcile`: a statement against the books of a running tracker, and the flow that takes its word."""

import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tracker import keys
from tracker.app.desk import refuse_unless_running
from tracker.app.installation import load, with_embedded
from tracker.app.stores import open_stores, open_warehouse
from tracker.core.partner import Partner
from tracker.core.reconciliation import Run
from tracker.core.report import Report, Status
from tracker.errors import ConfigurationError
from tracker.ports import RawPostback
from tracker.postback.dialects import DIALECTS
from tracker.postback.ingest import Ingest, OrderBusyError
from tracker.postback.kept import STATEMENT, new_postback_id, statement_body, storable
from tracker.reconcile.apply import Apply, Taken
from tracker.reconcile.flow import Reconcile
from tracker.reconcile.read import Words
from tracker.reconcile.source import format_of
from tracker.reconcile.statuses import known_words, said_by
from tracker.settings import Settings
from tracker.store.reconciliations import Reconciliations

_METHOD = "STATEMENT"


@dataclass(frozen=True, slots=True)
class Reconciling:
    reconcile: Reconcile
    apply: Apply
    books: Reconciliations
    partner: Partner
    zone: str

    def words(self, path: Path) -> Words:
        """How this partner writes a statement of that name."""
        profile = self.partner.statement
        known = known_words(format_of(path, profile), dialect_words(self.partner))
        return Words.of(profile, self.partner.postback.timezone or self.zone, known, default_currency(self.partner))

    async def earlier(self, sha256: str) -> Run | None:
        """The last comparison of the same file."""
        return await self.books.earlier(self.partner.id, sha256)


@asynccontextmanager
async def open_reconciling(settings: Settings, partner_id: str) -> AsyncIterator[Reconciling]:
    """On the stores of a running tracker. Raises ConfigurationError for a partner that is none."""
    secrets = keys.load(settings.data)
    programme = load(settings, secrets)
    partner = programme.partners.get(partner_id)
    if partner is None:
        raise ConfigurationError([f"no partner {partner_id!r}; known are {', '.join(sorted(programme.partners))}"])
    refuse_unless_running(settings)
    books = Reconciliations(with_embedded(settings).postgres_url or "")
    async with (
        open_warehouse(settings) as warehouse,
        open_stores(settings, secrets, warehouse.old_clicks) as stores,
    ):
        yield Reconciling(
            Reconcile(books, new_id=_new_id, now=_now),
            Apply(books, Statements(stores.ingest, partner.id, _now).take, _now, partner.currencies),
            books,
            partner,
            programme.timezone,
        )


@dataclass(frozen=True, slots=True)
class Statements:
    """Rows of a partner's statements go the way of its postbacks."""

    ingest: Ingest
    partner_id: str
    now: Callable[[], datetime]

    async def take(self, row: str, report: Report) -> Taken:
        """Raises StoreUnavailableError when the ledger does not answer."""
        now = self.now()
        raw = RawPostback(
            postback_id=_new_id(now),
            received_at=now,
            partner_id=self.partner_id,
            dialect=STATEMENT,
            method=_METHOD,
            query=storable(row),
            content_type="application/json",
            body=statement_body(report),
        )
        try:
            ingested = await self.ingest.take(raw, report)
        except OrderBusyError:
            return Taken(None, "busy")
        return Taken(raw.postback_id, str(ingested.code or "decided"))


def dialect_words(partner: Partner) -> Mapping[str, tuple[Status, bool | None]]:
    """The words with which the partner's messages name a status."""
    statuses = DIALECTS[partner.postback.dialect].shapes[0].statuses
    return {
        word: said_by(said.status, hold=bool(said.hold)) for word, said in statuses.items() if said.status is not None
    }


def default_currency(partner: Partner) -> str:
    """What a sum without a currency is in: as partners.yaml says, else the only one. Empty: any of several."""
    only = min(partner.currencies) if len(partner.currencies) == 1 else ""
    return dict(partner.postback.defaults).get("currency", only).upper()


def _new_id(now: datetime) -> str:
    return new_postback_id(now, os.urandom(10))


def _now() -> datetime:
    return datetime.now(UTC)

"""Exchange rates, on the ledger of a running tracker."""

from collections.abc import Sequence

from tracker.app.desk import refuse_unless_running
from tracker.app.installation import with_embedded
from tracker.core.rates import ExchangeRate
from tracker.settings import Settings
from tracker.store.ledger import rates
from tracker.store.ledger.rates import Imported


async def import_rates(settings: Settings, new: Sequence[ExchangeRate], *, fill_to_known: bool) -> Imported:
    """All of them, or none. `fill_to_known`: with the days between these and those that are there."""
    refuse_unless_running(settings)
    return await rates.import_rates(with_embedded(settings).postgres_url or "", new, fill_to_known=fill_to_known)


async def list_rates(settings: Settings, currency: str | None) -> list[ExchangeRate]:
    """By currency and day."""
    refuse_unless_running(settings)
    return await rates.list_rates(with_embedded(settings).postgres_url or "", currency)

"""What `/readyz` of a web worker asks."""

import time
from collections.abc import Callable

from tracker.app.stores import Stores, Warehouse
from tracker.errors import TrackerError
from tracker.store.journal import JournaledClicks
from tracker.telemetry import EMPTIED, Telemetry
from tracker.web import Health, Part

DRAIN_BEHIND_SECONDS = 60


def health(
    stores: Stores, warehouse: Warehouse, clicks: JournaledClicks, telemetry: Telemetry, is_leaving: Callable[[], bool]
) -> Health:
    """Only what a shopper cannot do without is needed: a balancer must not take every worker away from the shoppers
    because a store is away that all of them share."""
    parts = {
        "valkey": Part(stores.valkey.ping, needed=False),
        "postgres": Part(stores.ledger.ping, needed=False),
        "warehouse": Part(lambda: warehouse.query("SELECT 1", "TabSeparated"), needed=False),
        "journal": Part(clicks.check_journal),
    }

    async def ask_drain() -> None:
        """Raises TrackerError when it is gone, stands still or is far behind: then facts wait."""
        emptied = telemetry.levels(EMPTIED)
        if not emptied:
            raise TrackerError("it does not run, or has only just been started")
        if time.time() - min(emptied) > DRAIN_BEHIND_SECONDS:
            raise TrackerError(f"it has not shipped all that there was for {DRAIN_BEHIND_SECONDS} seconds")

    if telemetry.is_shared:  # else the drain is somebody else's child, and says nothing here
        parts["drain"] = Part(ask_drain, needed=False)
    return Health(parts, telemetry, is_leaving)

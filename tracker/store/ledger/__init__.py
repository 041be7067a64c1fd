"""PostgreSQL: the only home of money. Requests as they came, orders, decisions, double entries, staff's overrides."""

from tracker.store.ledger.ledger import Ledger, open_ledger

__all__ = ["Ledger", "open_ledger"]

"""A revision's fact with sensible values."""

from decimal import Decimal
from typing import Any

from msgspec.structs import fields

from tracker.core.facts import RevisionFact


def revision(**more: Any) -> RevisionFact:
    """Whatever has a default keeps it."""
    said: dict[str, Any] = {
        one.name: 0 if one.name.endswith("_us") else "" for one in fields(RevisionFact) if one.required
    }
    said |= {"revision": 1, "status": "approved", "hold": False, "settled": False, "reasons": [], "flags": []}
    said |= {"base": Decimal(1000), "rate": None, "accrual": Decimal(50), "commission": None, "lines": []}
    said |= {"cashback": 50, "cashback_change": 50}
    said |= {"partner_id": "lab", "order_id": "A-1", "shopper_id": "shopper-1"}
    return RevisionFact(**said | more)

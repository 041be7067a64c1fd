"""The currency that a sum is in: as it is written, as it goes without saying, and whether the partner lists it."""

from tracker.core.partner import Partner
from tracker.core.rates import RUBLES, currency_code


def usual(partner: Partner, default: str | None) -> str | None:
    """None: several are listed, and none of them goes without saying."""
    listed = partner.currencies
    alone = RUBLES if RUBLES in listed else min(listed) if len(listed) == 1 else None
    return currency_code(default) if default else alone


def problem(partner: Partner, found: str | None, parameter: str) -> str | None:
    """Why a sum cannot be in it."""
    listed = ", ".join(sorted(partner.currencies))
    if found is None:
        return f"{parameter} is missing: say in which currency the sum is, of {listed}."
    return (
        None if found in partner.currencies else f"The currency {found[:10]} is not listed for this partner: {listed}."
    )

"""Cashback as double entries, in kopecks. What an order must have posted in all is a function of its decision; what is
posted for a revision is the difference to what was posted before, so the sum of the entries is always the value."""

from tracker.core.decision import Decision
from tracker.core.report import Status

KOPECKS = 100


def balances(decision: Decision, partner_id: str) -> dict[str, int]:
    """What the accounts of this order should hold: account -> kopecks, summing to zero.

    `receivable:<partner>` is what the partner's confirmation must cover, `pending:<shopper>` waits for it,
    `available:<shopper>` is the shopper's.
    """
    click = decision.click
    if click is None or click.shopper_id is None or not decision.cashback or decision.status is Status.DECLINED:
        return {}
    kopecks = decision.cashback * KOPECKS
    account = "available" if decision.available else "pending"
    return {f"receivable:{partner_id}": -kopecks, f"{account}:{click.shopper_id}": kopecks}


def transfer(target: dict[str, int], posted: dict[str, int]) -> dict[str, int]:
    """What is still to be posted; empty when nothing is."""
    accounts = sorted({*target, *posted})
    changes = {account: target.get(account, 0) - posted.get(account, 0) for account in accounts}
    return {account: change for account, change in changes.items() if change}

"""P14, and P1, P2, P3 with it: whatever comes, in any order and as often as it likes, ends as the reference says."""

import os
from dataclasses import replace

from hypothesis import given, settings

from tests.core.cases import VERSIONS, Case, cases
from tests.core.reference import expected
from tracker.core.conversion import judge
from tracker.core.decision import Decision
from tracker.core.order import Order
from tracker.core.postings import balances, transfer
from tracker.core.take import take

# `PROPERTY_CASES=100000` looks longer.
CASES = int(os.environ.get("PROPERTY_CASES", "5000"))


def deliver(case: Case, order_id: str) -> Decision:
    """One message after the other, and the ledger with it: it balances after every step, and is what was decided."""
    order = Order("lab", order_id, rates=case.rates_known)
    posted: dict[str, int] = {}
    for message in (message for its_order, message in case.messages if its_order == order_id):
        taken = take(order, message, VERSIONS)
        order = taken.order
        changes = transfer(balances(taken.decision, "lab"), posted)
        assert sum(changes.values()) == 0
        assert taken.revised or not changes
        for account, change in changes.items():
            posted[account] = posted.get(account, 0) + change
        assert {account: kopecks for account, kopecks in posted.items() if kopecks} == balances(taken.decision, "lab")
    found = tuple(case.find(message) for message in order.messages)
    return judge(replace(order, messages=found, rates=case.rates_known + case.rates_come), VERSIONS)


@settings(max_examples=CASES, derandomize="CI" in os.environ)  # elsewhere, new cases each time
@given(cases())
def test_any_set_of_messages_ends_as_the_reference_says(case: Case) -> None:
    for order_id in {order_id for order_id, _ in case.messages}:
        decided = deliver(case, order_id)
        right = expected(case.final(order_id), VERSIONS, case.rates_known + case.rates_come)

        assert (decided.click.click_id if decided.click else None) == right.click_id
        assert (decided.status, decided.hold, decided.settled) == (right.status, right.hold, right.settled)
        assert (decided.cashback, frozenset(decided.reasons)) == (right.cashback, right.reasons)
        if decided.click:
            assert (decided.base, decided.accrual, frozenset(decided.flags)) == (right.base, right.accrual, right.flags)

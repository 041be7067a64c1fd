"""What the shops of the load report, and what it must earn: the judge's own few lines, which share nothing with the
tracker."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# Rate and minimum purchase of the partners in tests/examples/partners.yaml to whom the load's shoppers go.
TERMS = {
    "lab": (Decimal("0.05"), Decimal(0)),
    "trv": (Decimal("0.145"), Decimal(0)),
    "lei": (Decimal("0.50"), Decimal(0)),
    "piz": (Decimal("0.10"), Decimal(1000)),
}
# Where a kopeck decides, at one partner's rate or another's.
_EDGES = (
    "0.99",
    "1.00",
    "1.99",
    "2.00",
    "6.89",
    "6.90",
    "19.99",
    "20.00",
    "29.99",
    "30.00",
    "50.00",
    "999.99",
    "1000.00",
)
_SEQUENCES = (
    "pending approved",
    "pending approved approved-less",  # a part is returned
    "pending declined",
    "approved declined",  # all is returned
    "pending approved approved-more",
    "approved pending approved",
    "pending",
)


@dataclass(frozen=True, slots=True)
class Message:
    status: str
    amount: str  # rubles


def partner_of(number: int) -> str:
    return sorted(TERMS)[number % len(TERMS)]


def messages_of(number: int) -> list[Message]:
    """The life of one order, oldest first."""
    chance = random.Random(number)  # noqa: S311 - the same order has the same life in every run
    amount = Decimal(chance.choice(_EDGES)) if chance.random() < 0.3 else Decimal(chance.randrange(50, 3_000_000)) / 100
    messages = []
    for word in chance.choice(_SEQUENCES).split():
        status, _, change = word.partition("-")
        if change == "less":
            amount = Decimal(chance.randrange(int(amount * 100))) / 100
        elif change == "more":
            amount += Decimal(chance.randrange(1, 100_000)) / 100
        messages.append(Message(status, f"{amount:.2f}"))
    return messages


def earns(partner: str, message: Message) -> int:
    """Whole rubles, by what was said last."""
    rate, minimum = TERMS[partner]
    base = Decimal(message.amount)
    accrual = base * rate
    if message.status == "declined" or base < minimum or accrual < 1:
        return 0
    return int(accrual.quantize(Decimal(1), ROUND_HALF_UP))


def outcomes(partner: str, accepted: Sequence[Message], unanswered: Sequence[Message]) -> set[tuple[str, int]]:
    """Status and rubles: by the last message that was answered 2xx, or by any behind it that got no answer and may
    have been kept all the same."""
    return {(one.status, earns(partner, one)) for one in (*accepted[-1:], *unanswered)}

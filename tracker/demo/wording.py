"""How a partner writes names, sums, times and words, as partners.yaml describes it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from tracker.core.partner import AmountUnit, Partner
from tracker.core.report import Status
from tracker.core.terms import terms_at
from tracker.demo.order import Order

_COMMISSION = Decimal("1.5")  # of what the shopper gets: the programme lives on the rest


@dataclass(frozen=True, slots=True)
class Message:
    """One request: its parameters go into the query of a GET and into the form of a POST."""

    method: str
    parameters: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Wording:
    partner: Partner

    def name(self, field: str, usual: str) -> str:
        """The parameter for a field of docs/partners-yaml.md."""
        return dict(self.partner.postback.mapping).get(field, (usual,))[0]

    def status(self, status: Status) -> str:
        words = (theirs for theirs, ours in self.partner.postback.statuses if ours == status)
        return next(words, str(status))

    def sum(self, amount: Decimal) -> str:
        amounts = self.partner.postback.amounts
        if amounts.unit is AmountUnit.MINOR:
            return str(int(amount * 100))
        return f"{amount:.2f}".replace(".", amounts.decimal)

    def time(self, moment: datetime) -> str:
        """With its offset, unless partners.yaml knows the zone."""
        zone = self.partner.postback.timezone
        if zone is None:
            return moment.astimezone(UTC).isoformat(timespec="seconds")
        return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None).isoformat(timespec="seconds")


def unix(moment: datetime) -> str:
    return str(int(moment.timestamp()))


def truth(value: bool) -> str:
    return "true" if value else "false"


def delivery_in_sums(partner: Partner, order: Order) -> Decimal | None:
    """None where the sums are of goods alone."""
    return order.delivery if partner.postback.amounts.include_delivery else None


def commission(partner: Partner, order: Order, tariff: str | None, goods: Decimal) -> Decimal:
    """What the partner pays the programme for these goods."""
    terms = terms_at(partner.terms, order.ordered_at)
    reward = dict(terms.tariffs).get(tariff or "", terms.reward) if terms else None
    if reward is None or order.status is Status.DECLINED:
        return Decimal(0)
    reward_sum = reward.fixed if reward.fixed is not None else goods * (reward.rate or 0)
    return (reward_sum * _COMMISSION).quantize(Decimal("0.01"))

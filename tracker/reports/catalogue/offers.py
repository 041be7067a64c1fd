"""What a partner promises at this moment, as its card says it: the very terms that a click would carry."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tracker.core.partner import Category, Origin, Partner, Promotion, Reward
from tracker.core.terms import promotions_at, terms_at

_ANNOUNCED = timedelta(days=14)  # a promotion is shown this long before it begins


@dataclass(frozen=True, slots=True)
class Offer:
    partner: Partner
    best: Reward | None  # None: nothing is earned before the first terms begin
    varies: bool  # other goods or customers earn less: "up to"
    usual: Reward | None  # what `best` would be without a promotion, where one runs and matters
    usual_varies: bool = False
    ordinary: Reward | None = None  # of what no tariff names
    tariffs: tuple[tuple[str, Reward], ...] = ()
    minimum_purchase: Decimal = Decimal(0)
    once_per_shopper: bool = False
    running: tuple[Promotion, ...] = ()
    coming: tuple[Promotion, ...] = ()

    @property
    def app_orders_earn(self) -> bool:
        return Origin.APP in self.partner.terms.origins

    @property
    def mobile_orders_earn(self) -> bool:
        return Origin.MOBILE_WEB in self.partner.terms.origins


def offer_of(partner: Partner, now: datetime) -> Offer:
    version = partner.terms
    terms = terms_at(version, now)
    running = promotions_at(version, now)
    today = now.astimezone(ZoneInfo(version.timezone)).date()
    coming = tuple(one for one in version.promotions if today < one.first_day <= today + _ANNOUNCED)
    own = [reward for _, reward in terms.tariffs] if terms else []
    own += [terms.reward] if terms and terms.reward else []
    boosts = [promotion.reward for promotion in running]
    best, usual = _best([*own, *boosts]), _best(own)
    lines = {_best([reward, *boosts]) for reward in own}
    return Offer(
        partner=partner,
        best=best,
        varies=len(lines) > 1,
        usual=usual if usual != best else None,
        usual_varies=len(set(own)) > 1,
        ordinary=terms.reward if terms else None,
        tariffs=terms.tariffs if terms else (),
        minimum_purchase=terms.minimum_purchase if terms else Decimal(0),
        once_per_shopper=terms is not None and terms.once_per_shopper,
        running=running,
        coming=coming,
    )


def find(offers: Iterable[Offer], *, text: str = "", category: Category | None = None) -> list[Offer]:
    """Those whose name or id holds every word of the text, whatever its case."""
    words = text.casefold().replace("ё", "е").split()
    return [
        offer
        for offer in offers
        if category in (None, offer.partner.category)
        and all(word in f"{offer.partner.name} {offer.partner.id}".casefold().replace("ё", "е") for word in words)
    ]


def _best(rewards: Iterable[Reward]) -> Reward | None:
    """Shares come before fixed sums: which of them is more depends on the purchase."""
    return max(
        rewards, key=lambda reward: (reward.rate is not None, reward.rate or reward.fixed or Decimal(0)), default=None
    )

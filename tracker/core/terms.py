"""Which terms and promotions a click carries (docs/rules.md: T-01...T-05)."""

from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from tracker.core.partner import Promotion, Reward, Terms, TermsVersion


def terms_at(version: TermsVersion, clicked_at: datetime) -> Terms | None:
    """The entry in force at the click; entries do not inherit from one another. None: before the first."""
    for terms in reversed(version.terms):
        if terms.valid_from <= clicked_at:
            return terms
    return None


def promotions_at(version: TermsVersion, clicked_at: datetime) -> tuple[Promotion, ...]:
    """Promotions running at the click: days of the programme's zone, both inclusive (programme.md Q-09)."""
    if not version.promotions:
        return ()
    day = clicked_at.astimezone(ZoneInfo(version.timezone)).date()
    return tuple(promotion for promotion in version.promotions if promotion.first_day <= day <= promotion.last_day)


def best_rate(version: TermsVersion, clicked_at: datetime) -> Decimal | None:
    """The largest share that a line can earn for a click at this moment; None when only fixed sums are paid."""
    terms = terms_at(version, clicked_at)
    rewards: list[Reward] = [promotion.reward for promotion in promotions_at(version, clicked_at)]
    if terms is not None:
        rewards += [reward for _, reward in terms.tariffs]
        rewards += [terms.reward] if terms.reward else []
    rates = [reward.rate for reward in rewards if reward.rate is not None]
    return max(rates) if rates else None

"""Terms versions as JSON, for ever: what a click was promised must be readable in years."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from tracker.core.click import Confidence, Policy
from tracker.core.partner import CheckPolicy, Origin, Promotion, Reward, Terms, TermsVersion
from tracker.core.reasons import Reason


def with_version(terms: TermsVersion) -> TermsVersion:
    """The same terms, named by their content."""
    content = _content(terms)
    canonical = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return replace(terms, version=hashlib.sha256(canonical.encode()).hexdigest()[:16])


def terms_to_json(terms: TermsVersion) -> str:
    return json.dumps({"version": terms.version} | _content(terms), sort_keys=True, ensure_ascii=False)


def terms_from_json(text: str) -> TermsVersion:
    found = json.loads(text)
    return TermsVersion(
        version=found["version"],
        partner_id=found["partner_id"],
        timezone=found["timezone"],
        window_days=found["window_days"],
        session_hours=Decimal(found["session_hours"]),
        minimum_cashback=Decimal(found["minimum_cashback"]),
        origins=frozenset(Origin(origin) for origin in found["origins"]),
        terms=tuple(_terms(one) for one in found["terms"]),
        promotions=tuple(_promotion(one) for one in found["promotions"]),
        tag=tuple((Reason(reason), _policy(one)) for reason, one in sorted(found.get("tag", {}).items())),
    )


def _content(terms: TermsVersion) -> dict[str, Any]:
    return {
        "partner_id": terms.partner_id,
        "timezone": terms.timezone,
        "window_days": terms.window_days,
        "session_hours": _plain(terms.session_hours),
        "minimum_cashback": _plain(terms.minimum_cashback),
        "origins": sorted(terms.origins),
        "terms": [
            {
                "from": one.valid_from.astimezone(UTC).isoformat(),
                "reward": _reward_content(one.reward),
                "tariffs": {name: _reward_content(reward) for name, reward in one.tariffs},
                "minimum_purchase": _plain(one.minimum_purchase),
                "once_per_shopper": one.once_per_shopper,
            }
            for one in terms.terms
        ],
        "promotions": [
            {
                "from": one.first_day.isoformat(),
                "until": one.last_day.isoformat(),
                "reward": _reward_content(one.reward),
                "title": one.title,
            }
            for one in terms.promotions
        ],
    } | _tag_content(terms)


def _tag_content(terms: TermsVersion) -> dict[str, Any]:
    """Left out where nothing is refused: terms from before there was a tag keep their version."""
    policies = {str(reason): {"policy": one.policy, "refuse_at": one.refuse_at} for reason, one in terms.tag}
    return {"tag": policies} if policies else {}


def _reward_content(reward: Reward | None) -> dict[str, str] | None:
    if reward is None:
        return None
    if reward.fixed is not None:
        return {"fixed": _plain(reward.fixed)}
    return {"rate": _plain(reward.rate or Decimal(0))}


def _terms(found: Mapping[str, Any]) -> Terms:
    return Terms(
        valid_from=datetime.fromisoformat(found["from"]),
        reward=_reward(found["reward"]),
        tariffs=tuple((name, _some(_reward(reward))) for name, reward in sorted(found["tariffs"].items())),
        minimum_purchase=Decimal(found["minimum_purchase"]),
        once_per_shopper=found["once_per_shopper"],
    )


def _promotion(found: Mapping[str, Any]) -> Promotion:
    return Promotion(
        first_day=date.fromisoformat(found["from"]),
        last_day=date.fromisoformat(found["until"]),
        reward=_some(_reward(found["reward"])),
        title=found["title"],
    )


def _policy(found: Mapping[str, str]) -> CheckPolicy:
    return CheckPolicy(Policy(found["policy"]), Confidence(found["refuse_at"]))


def _reward(found: Mapping[str, str] | None) -> Reward | None:
    if found is None:
        return None
    return Reward(**{name: Decimal(text) for name, text in found.items()})


def _some(reward: Reward | None) -> Reward:
    if reward is None:
        raise ValueError("a tariff or a promotion without a reward")
    return reward


def _plain(number: Decimal) -> str:
    """`0.050` and `0.05` are the same terms."""
    return f"{number.normalize():f}"

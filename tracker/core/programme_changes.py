"""What a reload would change of the programme, as its operator is told: no values of secrets or links."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from tracker.core.partner import Partner, PostbackProfile, Programme, Promotion, Reward, Terms, TermsVersion
from tracker.core.terms import promotions_at, terms_at

LARGEST_STEP = 2  # a rate that grows or shrinks by more is more often a slip than meant

_POSTBACK = (
    "dialect", "amounts", "stated", "mapping", "defaults", "statuses", "json_field", "timezone", "reply",
)  # fmt: skip
_PARTNER = ("name", "category", "link", "home", "expected_days", "statement")
_TERMS = ("timezone", "window_days", "session_hours", "minimum_cashback", "origins", "tag")


def differences(before: Programme, after: Programme) -> list[str]:
    """A line for the programme and for each partner that is not as it was, with lines of what changed below it."""
    lines = []
    if of_programme := [
        name for name in ("name", "timezone", "sign_in", "checks", "notify") if _differ(before, after, name)
    ]:
        lines.append(f"~ programme: {', '.join(of_programme)}")
    for partner_id in sorted(before.partners.keys() | after.partners.keys()):
        old, new = before.partners.get(partner_id), after.partners.get(partner_id)
        if old is None:
            lines.append(f"+ {partner_id}: added")
        elif new is None:
            lines.append(f"- {partner_id}: removed")
        elif changes := list(_of_partner(old, new)):
            lines += [f"~ {partner_id}", *(f"    {change}" for change in changes)]
    return lines


def dangers(before: Programme, after: Programme, now: datetime) -> list[str]:
    """What may well be a slip: partners that are gone, rates that jump."""
    found = [
        f"{gone} is removed: its links and postbacks end" for gone in sorted(before.partners.keys() - after.partners)
    ]
    for partner_id in sorted(before.partners.keys() & after.partners.keys()):
        old, new = before.partners[partner_id].terms, after.partners[partner_id].terms
        found += dict.fromkeys(f"{partner_id}: {jump}" for jump in _jumps(old, new, now))
    return found


def needs_restart(before: Programme, after: Programme) -> bool:
    """Whether more than partners changed: pages and the sender of notifications read that once."""
    return replace(before, partners={}) != replace(after, partners={})


def _of_partner(old: Partner, new: Partner) -> Iterator[str]:
    for name in _PARTNER:
        if _differ(old, new, name):
            yield f"{name} changed"
    for name in ("hosts", "currencies"):
        yield from _of_set(name, getattr(old, name), getattr(new, name))
    yield from _of_terms(old.terms, new.terms)
    yield from _of_postback(old.postback, new.postback)


def _of_terms(old: TermsVersion, new: TermsVersion) -> Iterator[str]:
    for name in _TERMS:
        if _differ(old, new, name):
            yield f"{name} changed"
    entries = {one.valid_from: one for one in old.terms}, {one.valid_from: one for one in new.terms}
    for moment in sorted(entries[0].keys() | entries[1].keys()):
        one, other = (found.get(moment) for found in entries)
        if one != other:
            yield f"terms from {_day(moment, new)}: {_terms_words(one)} -> {_terms_words(other)}"
    for promotion in new.promotions:
        if promotion not in old.promotions:
            yield f"promotion {_promotion_words(promotion)}: added"
    for promotion in old.promotions:
        if promotion not in new.promotions:
            yield f"promotion {_promotion_words(promotion)}: removed"


def _of_postback(old: PostbackProfile, new: PostbackProfile) -> Iterator[str]:
    for name in _POSTBACK:
        if _differ(old, new, name):
            yield f"postback {name} changed"
    if old.secrets != new.secrets:
        kept = len(set(old.secrets) & set(new.secrets))
        yield f"postback secrets: {len(old.secrets)} -> {len(new.secrets)}, {kept} of them as before"
    if old.auth != new.auth:
        yield "postback auth changed"


def _of_set(name: str, old: frozenset[str], new: frozenset[str]) -> Iterator[str]:
    if old != new:
        changed = [*(f"+{one}" for one in sorted(new - old)), *(f"-{one}" for one in sorted(old - new))]
        yield f"{name}: {' '.join(changed)}"


def _jumps(old: TermsVersion, new: TermsVersion, now: datetime) -> Iterator[str]:
    begins = {one.valid_from for version in (old, new) for one in version.terms if one.valid_from > now}
    for moment in sorted(begins | {now}):
        one, other = terms_at(old, moment), terms_at(new, moment)
        if one is not None and other is not None:
            yield from _steps(_rewards(one), _rewards(other), f"from {_day(moment, new)}")
    for promotion in new.promotions:
        if promotion in old.promotions:
            continue
        begin = datetime.combine(promotion.first_day, time(12), ZoneInfo(new.timezone))
        terms = terms_at(new, begin)
        if terms is not None and terms.reward is not None and promotions_at(new, begin):
            what = f"by the promotion of {promotion.first_day}"
            yield from _steps({"rate": terms.reward}, {"rate": promotion.reward}, what)


def _rewards(terms: Terms) -> dict[str, Reward]:
    named = {f"tariff {name}": reward for name, reward in terms.tariffs}
    return named if terms.reward is None else {"rate": terms.reward, **named}


def _steps(before: Mapping[str, Reward], after: Mapping[str, Reward], when: str) -> Iterator[str]:
    for name in sorted(before.keys() & after.keys()):
        old, new = before[name], after[name]
        if (old.rate is None) != (new.rate is None) or _is_jump(_size(old), _size(new)):
            yield f"{name} {_reward_words(old)} -> {_reward_words(new)} {when}"


def _size(reward: Reward) -> Decimal:
    return reward.rate if reward.rate is not None else reward.fixed or Decimal(0)


def _is_jump(old: Decimal, new: Decimal) -> bool:
    return max(old, new) > LARGEST_STEP * min(old, new)


def _terms_words(terms: Terms | None) -> str:
    if terms is None:
        return "none"
    words = [f"{name} {_reward_words(reward)}" for name, reward in _rewards(terms).items()]
    if terms.minimum_purchase:
        words.append(f"minimum purchase {terms.minimum_purchase}")
    if terms.once_per_shopper:
        words.append("once a shopper")
    return ", ".join(words)


def _promotion_words(promotion: Promotion) -> str:
    return f"{promotion.first_day} to {promotion.last_day}, {_reward_words(promotion.reward)}"


def _reward_words(reward: Reward) -> str:
    if reward.rate is None:
        return f"{reward.fixed} rubles"
    return f"{(reward.rate * 100).normalize():f}%"


def _day(moment: datetime, version: TermsVersion) -> str:
    local = moment.astimezone(ZoneInfo(version.timezone))
    return f"{local:%Y-%m-%d}" if local.time() == time() else f"{local:%Y-%m-%d %H:%M}"


def _differ(old: object, new: object, name: str) -> bool:
    return bool(getattr(old, name) != getattr(new, name))

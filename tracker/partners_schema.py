"""The shape of partners.yaml: which keys there are, and what each may hold. A wrong value says its fix."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tracker.core.click import Check, Confidence, Policy
from tracker.core.partner import Category, Origin
from tracker.core.standard_webhooks import key_of
from tracker.partners_postback import PostbackEntry
from tracker.partners_statement import StatementEntry
from tracker.partners_values import (
    Currency,
    Entry,
    Host,
    Hours,
    Https,
    Link,
    Rate,
    Rubles,
    SecretFromEnvironment,
    WholeRubles,
    Word,
    Zone,
)

_HIGH_RATE = Decimal("0.5")


def _policy(value: Any) -> Any:
    return {"policy": value} if isinstance(value, str) else value


def _tag_policy(value: Any) -> Any:
    if "warn" in (value, value.get("policy") if isinstance(value, dict) else None):
        raise ValueError("warn: after the order nobody is there to be warned; write refuse or record")
    return _policy(value)


def _https_or_loopback(value: str) -> str:
    on_this_machine = r"http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?(/[!-~]*)?"
    elsewhere = r"https://[a-z0-9.-]+(:[0-9]{1,5})?(/[!-~]*)?"
    if not re.fullmatch(f"{on_this_machine}|{elsewhere}", value) or re.search(r"[\\#]", value):
        raise ValueError(f"{value} is no address to notify; write an https one, or http on 127.0.0.1 or localhost")
    return value


def _one_or_two(value: Any) -> Any:
    secrets = value if isinstance(value, list) else [value]
    if not 1 <= len(secrets) <= 2:
        raise ValueError("give one secret, or a list of two while it is changed")
    return secrets


def _notify_secret(value: "SecretFromEnvironment | str") -> "SecretFromEnvironment | str":
    if isinstance(value, str) and key_of(value) is None:  # the text itself is not repeated
        raise ValueError("the secret is not one of Standard Webhooks; write whsec_ and 24 to 64 bytes in base64")
    return value


NotifySecret = Annotated[SecretFromEnvironment | str, AfterValidator(_notify_secret)]


class RewardEntry(Entry):
    rate: Rate | None = None
    fixed: WholeRubles | None = None
    rate_confirmed: bool = False

    @model_validator(mode="after")
    def _one_reward(self) -> "RewardEntry":
        if self.rate is not None and self.fixed is not None:
            raise ValueError("both a rate and a fixed sum; keep one")
        if self.rate is not None and self.rate > _HIGH_RATE and not self.rate_confirmed:
            raise ValueError("a rate over 50%; if it is meant, add rate_confirmed: true")
        return self


def _tariff(value: Any) -> Any:
    return value if isinstance(value, dict) else {"rate": value}


class TariffEntry(RewardEntry):
    @model_validator(mode="after")
    def _some_reward(self) -> "TariffEntry":
        if self.rate is None and self.fixed is None:
            raise ValueError("a tariff without a reward; add a rate or a fixed sum")
        return self


class TermsEntry(RewardEntry):
    from_: date | datetime = Field(alias="from")
    tariffs: dict[Word, Annotated[TariffEntry, BeforeValidator(_tariff)]] = {}
    minimum_purchase: Rubles = Decimal(0)
    once_per_shopper: bool = False

    @model_validator(mode="after")
    def _some_reward(self) -> "TermsEntry":
        if self.rate is None and self.fixed is None and not self.tariffs:
            raise ValueError("nothing is earned; add a rate, a fixed sum or tariffs")
        return self

    def valid_from(self, zone: str) -> datetime:
        """A date is its midnight in the programme's zone."""
        moment = self.from_
        if not isinstance(moment, datetime):
            moment = datetime(moment.year, moment.month, moment.day, tzinfo=ZoneInfo(zone))
        elif moment.tzinfo is None:
            moment = moment.replace(tzinfo=ZoneInfo(zone))
        return moment.astimezone(UTC)


class PromotionEntry(RewardEntry):
    from_: date = Field(alias="from")
    until: date
    title: str = Field(default="", max_length=200)

    @model_validator(mode="after")
    def _sound(self) -> "PromotionEntry":
        if self.rate is None and self.fixed is None:
            raise ValueError("a promotion without a reward; add a rate or a fixed sum")
        if self.until < self.from_:
            raise ValueError("it ends before it begins; until is the last day")
        return self


class CheckEntry(Entry):
    policy: Policy = Policy.REFUSE
    refuse_at: Confidence = Confidence.HIGH


# What the tag can see of an order, and what that does.
TagPolicies = dict[
    Literal["ad_blocker", "second_tab", "session_ended"], Annotated[CheckEntry, BeforeValidator(_tag_policy)]
]


class PartnerEntry(Entry):
    id: str = Field(pattern="^[a-z0-9][a-z0-9-]{0,63}$")
    name: str = Field(min_length=1, max_length=100)
    category: Category
    link: Link
    home: Https
    hosts: list[Host] = Field(min_length=1)
    origins: list[Origin] = Field(default=[Origin.WEB], min_length=1)
    session_hours: Hours | None = None
    expected_days: int | None = Field(default=None, ge=0, le=90)
    terms: list[TermsEntry] = Field(min_length=1)
    promotions: list[PromotionEntry] = []
    currencies: list[Currency] = Field(default=["RUB"], min_length=1)
    tag: TagPolicies = {}
    postback: PostbackEntry
    statement: StatementEntry = StatementEntry()

    @model_validator(mode="after")
    def _home_is_allowed(self) -> "PartnerEntry":
        host = self.home.split("/")[2].removesuffix(":443")
        if host not in self.hosts:
            raise ValueError(f"the host of home, {host}, is not in hosts; add it")
        return self


class NotifyEntry(Entry):
    url: Annotated[str, BeforeValidator(lambda value: _https_or_loopback(str(value)))]
    secret: Annotated[list[NotifySecret], BeforeValidator(_one_or_two)]


class ProgrammeEntry(Entry):
    name: str = Field(min_length=1, max_length=100)
    sign_in: Https | None = None
    timezone: Zone = "Europe/Moscow"
    window_days: int = Field(default=90, ge=1, le=365)
    session_hours: Hours = Decimal(6)
    minimum_cashback: Rubles = Decimal(1)
    checks: dict[Check, Annotated[CheckEntry, BeforeValidator(_policy)]] = {}
    tag: TagPolicies = {}
    notify: NotifyEntry | None = None


class FileEntry(Entry):
    programme: ProgrammeEntry
    partners: list[PartnerEntry] = Field(min_length=1)

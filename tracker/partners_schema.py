"""The shape of partners.yaml: which keys there are, and what each may hold. A wrong value says its fix."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tracker.core.click import Check, Confidence, Policy
from tracker.core.partner import AmountIs, AmountUnit, Category, Origin

_HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_HIGH_RATE = Decimal("0.5")


def _rate(value: Any) -> Decimal:
    text = str(value).strip()
    try:
        percent = Decimal(text.removesuffix("%").strip())
    except InvalidOperation:
        percent = Decimal("NaN")
    if isinstance(value, int | Decimal):
        raise ValueError(f"{value} is not a rate; write {value}%")
    if not text.endswith("%") or percent.is_nan() or not 0 < percent <= 100:
        raise ValueError(f"{text} is not a rate; write a percentage over 0 and up to 100, such as 5%")
    return percent / 100


def _rubles(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError(f"{value} is not a sum in rubles; write a number, such as 1000 or 999.50")
    rubles = Decimal(value)
    if rubles < 0 or rubles != round(rubles, 2) or rubles > 10**12:
        raise ValueError(f"{value} is not a sum in rubles; write at most two decimals, not negative")
    return rubles


def _whole_rubles(value: Any) -> Decimal:
    rubles = _rubles(value)
    if rubles < 1 or rubles != int(rubles):
        raise ValueError(f"{value} is not a fixed reward; write whole rubles, 1 or more")
    return rubles


def _hours(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 < value <= 24:
        raise ValueError(f"{value} is not a session's length; write hours, over 0 and up to 24")
    return Decimal(value)


def _host(value: Any) -> str:
    if not isinstance(value, str) or not _HOST.fullmatch(value):
        raise ValueError(f"{value} is not a host; write a lower-case DNS name alone, such as www.shop.ru")
    return value


def _currency(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch("[A-Z]{3}", value):
        raise ValueError(f"{value} is not a currency; write its three capital letters, such as RUB")
    return value


def _zone(value: Any) -> str:
    if value not in available_timezones():
        raise ValueError(f"{value} is not a time zone; write one such as Europe/Moscow")
    return str(value)


def _word(value: Any) -> str:
    """YAML reads 2 as a number, although a tariff of that name is meant."""
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) else value


def _policy(value: Any) -> Any:
    return {"policy": value} if isinstance(value, str) else value


def _tag_policy(value: Any) -> Any:
    if "warn" in (value, value.get("policy") if isinstance(value, dict) else None):
        raise ValueError("warn: after the order nobody is there to be warned; write refuse or record")
    return _policy(value)


def _https(value: str) -> str:
    if not re.fullmatch(r"https://[a-z0-9.-]+(:443)?(/[!-~]*)?", value) or "\\" in value:
        raise ValueError(f"{value} is not an https address; write one such as https://www.shop.ru/")
    return value


def _link(value: str) -> str:
    _https(value)
    names = _PLACEHOLDER.findall(value)
    if unknown := sorted(set(names) - {"click_id", "url"}):
        raise ValueError(f"{{{unknown[0]}}} is not filled in; the placeholders are {{click_id}} and {{url}}")
    if names.count("click_id") != 1:
        raise ValueError(
            "the link must hold {click_id} once, in the network's parameter for it, such as subid4={click_id}"
        )
    if "{" in value.split("/")[2]:
        raise ValueError("a placeholder cannot stand in the link's host; put it behind the host")
    return value


Rate = Annotated[Decimal, BeforeValidator(_rate)]
Rubles = Annotated[Decimal, BeforeValidator(_rubles)]
WholeRubles = Annotated[Decimal, BeforeValidator(_whole_rubles)]
Word = Annotated[str, BeforeValidator(_word), Field(min_length=1, max_length=100)]
Zone = Annotated[str, BeforeValidator(_zone)]
Hours = Annotated[Decimal, BeforeValidator(_hours)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, arbitrary_types_allowed=True)


class RewardEntry(_Entry):
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


class AmountsEntry(_Entry):
    unit: AmountUnit = AmountUnit.MAJOR
    decimal: Literal[".", ","] = "."
    is_: AmountIs = Field(default=AmountIs.ORDER_TOTAL, alias="is")
    include_delivery: bool = False


class SecretFromEnvironment(_Entry):
    env: str = Field(pattern="^[A-Z][A-Z0-9_]*$")


Secret = SecretFromEnvironment | Annotated[str, Field(min_length=16, max_length=200, pattern="^[A-Za-z0-9_~.-]+$")]


class PostbackEntry(_Entry):
    dialect: str
    secret: Secret | Annotated[list[Secret], Field(min_length=1, max_length=2)]
    amounts: AmountsEntry = AmountsEntry()
    map_: dict[str, str] = Field(default={}, alias="map")
    statuses: dict[Word, Literal["pending", "approved", "declined"]] = {}
    timezone: Zone | None = None

    @property
    def secrets(self) -> "list[Secret]":
        return self.secret if isinstance(self.secret, list) else [self.secret]


class CheckEntry(_Entry):
    policy: Policy = Policy.REFUSE
    refuse_at: Confidence = Confidence.HIGH


# What the tag can see of an order, and what that does.
TagPolicies = dict[
    Literal["ad_blocker", "second_tab", "session_ended"], Annotated[CheckEntry, BeforeValidator(_tag_policy)]
]


class PartnerEntry(_Entry):
    id: str = Field(pattern="^[a-z0-9][a-z0-9-]{0,63}$")
    name: str = Field(min_length=1, max_length=100)
    category: Category
    link: Annotated[str, BeforeValidator(lambda value: _link(str(value)))]
    home: Annotated[str, BeforeValidator(lambda value: _https(str(value)))]
    hosts: list[Annotated[str, BeforeValidator(_host)]] = Field(min_length=1)
    origins: list[Origin] = Field(default=[Origin.WEB], min_length=1)
    session_hours: Hours | None = None
    expected_days: int | None = Field(default=None, ge=0, le=90)
    terms: list[TermsEntry] = Field(min_length=1)
    promotions: list[PromotionEntry] = []
    currencies: list[Annotated[str, BeforeValidator(_currency)]] = Field(default=["RUB"], min_length=1)
    tag: TagPolicies = {}
    postback: PostbackEntry

    @model_validator(mode="after")
    def _home_is_allowed(self) -> "PartnerEntry":
        host = self.home.split("/")[2].removesuffix(":443")
        if host not in self.hosts:
            raise ValueError(f"the host of home, {host}, is not in hosts; add it")
        return self


class ProgrammeEntry(_Entry):
    name: str = Field(min_length=1, max_length=100)
    sign_in: Annotated[str, BeforeValidator(lambda value: _https(str(value)))] | None = None
    timezone: Zone = "Europe/Moscow"
    window_days: int = Field(default=90, ge=1, le=365)
    session_hours: Hours = Decimal(6)
    minimum_cashback: Rubles = Decimal(1)
    checks: dict[Check, Annotated[CheckEntry, BeforeValidator(_policy)]] = {}
    tag: TagPolicies = {}


class FileEntry(_Entry):
    programme: ProgrammeEntry
    partners: list[PartnerEntry] = Field(min_length=1)

"""What one value of partners.yaml may be: rates, sums, hosts, addresses, secrets. A wrong one says its fix."""

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_HOST = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


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
Host = Annotated[str, BeforeValidator(_host)]
Currency = Annotated[str, BeforeValidator(_currency)]
Https = Annotated[str, BeforeValidator(lambda value: _https(str(value)))]
Link = Annotated[str, BeforeValidator(lambda value: _link(str(value)))]


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, arbitrary_types_allowed=True)


_ENVIRONMENT_NAME = re.compile("[A-Z][A-Z0-9_]*")


class SecretFromEnvironment(Entry):
    env: str = Field(pattern=f"^{_ENVIRONMENT_NAME.pattern}$")


def _secret(pattern: str, what: str) -> Callable[[Any], Any]:
    """The secret itself stands in no sentence."""

    def check(value: Any) -> Any:
        name = value.get("env") if isinstance(value, dict) and len(value) == 1 else None
        if isinstance(name, str) and _ENVIRONMENT_NAME.fullmatch(name):
            return SecretFromEnvironment(env=name)
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.DOTALL):
            raise ValueError(f"not a secret; write {{env: NAME}}, or {what}, in quotes")
        return value

    return check


# Ours stands in an address; one of theirs may be shorter, and of any letters.
Secret = Annotated[
    SecretFromEnvironment | str,
    BeforeValidator(_secret("[A-Za-z0-9_~.-]{16,200}", "16 to 200 letters, digits, _ ~ . -")),
]
TheirSecret = Annotated[
    SecretFromEnvironment | str, BeforeValidator(_secret(".{8,500}", "a text of 8 to 500 characters"))
]

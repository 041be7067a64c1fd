"""Sums, shares and dates as people read them, in Russian and English."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

_SPACE = "\u00a0"  # never breaks a line inside a sum
_MONTHS = {
    "ru": (
        "января", "февраля", "марта", "апреля", "мая", "июня", "июля", "августа", "сентября", "октября", "ноября",
        "декабря",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ),
}  # fmt: skip


def rubles(amount: Decimal | int, language: str) -> str:
    """`1 234,50 ₽`, `1,234.50 ₽`; whole sums without kopecks."""
    return f"{number(amount, language)}{_SPACE}₽"


def number(amount: Decimal | int, language: str) -> str:
    exact = Decimal(amount)
    text = f"{exact:,.2f}" if exact != exact.to_integral_value() else f"{exact:,.0f}"
    if language == "en":
        return text
    return text.replace(",", _SPACE).replace(".", ",")


def percent(share: Decimal, language: str) -> str:
    """`2,5 %`, `2.5%`."""
    text = f"{(share * 100).normalize():f}"
    return f"{text.replace('.', ',')}{_SPACE}%" if language == "ru" else f"{text}%"


def day(moment: date, language: str, *, year: bool = False) -> str:
    text = f"{moment.day}{_SPACE}{_MONTHS[language][moment.month - 1]}"
    return f"{text}{_SPACE}{moment.year}" if year else text


def moment(at: datetime, zone: str, language: str) -> str:
    """In the programme's zone: `24 ноября 2026, 15:04`."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{day(local.date(), language, year=True)}, {local:%H:%M}"


def days(count: int, language: str) -> str:
    if language == "en":
        return f"{count}{_SPACE}day{'' if count == 1 else 's'}"
    last, last_two = count % 10, count % 100
    if last == 1 and last_two != 11:
        word = "день"
    elif last in (2, 3, 4) and last_two not in (12, 13, 14):
        word = "дня"
    else:
        word = "дней"
    return f"{count}{_SPACE}{word}"

"""Sums, shares and days as people read them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from tracker.web import wording


def plain(text: str) -> str:
    return text.replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("amount", "ru", "en"),
    [
        (Decimal(0), "0 ₽", "0 ₽"),
        (Decimal("1234.50"), "1 234,50 ₽", "1,234.50 ₽"),
        (Decimal("1000.00"), "1 000 ₽", "1,000 ₽"),
        (1_234_567, "1 234 567 ₽", "1,234,567 ₽"),
    ],
)
def test_rubles(amount: Decimal | int, ru: str, en: str) -> None:
    assert (plain(wording.rubles(amount, "ru")), plain(wording.rubles(amount, "en"))) == (ru, en)


@pytest.mark.parametrize(
    ("share", "ru", "en"), [("0.05", "5 %", "5%"), ("0.025", "2,5 %", "2.5%"), ("1", "100 %", "100%")]
)
def test_percent(share: str, ru: str, en: str) -> None:
    assert (plain(wording.percent(Decimal(share), "ru")), wording.percent(Decimal(share), "en")) == (ru, en)


@pytest.mark.parametrize(
    ("count", "ru"), [(1, "1 день"), (3, "3 дня"), (5, "5 дней"), (11, "11 дней"), (21, "21 день"), (112, "112 дней")]
)
def test_days(count: int, ru: str) -> None:
    assert plain(wording.days(count, "ru")) == ru
    assert plain(wording.days(count, "en")) == f"{count} day{'' if count == 1 else 's'}"


def test_moments_are_of_the_programme_s_zone() -> None:
    at = datetime(2026, 11, 23, 21, 5, tzinfo=UTC)
    assert plain(wording.moment(at, "Europe/Moscow", "ru")) == "24 ноября 2026, 00:05"
    assert plain(wording.day(date(2026, 5, 1), "en")) == "1 May"

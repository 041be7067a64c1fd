"""Sums as people write them in tables. `1,234` may be a thousand or a decimal comma: without the partner's word for it
that is no sum (postbacks.md 6.3)."""

import re
from decimal import Decimal

_CURRENCY_MARKS = re.compile(r"\s*(₽|руб\.?|р\.|rub|rur|\$|€)\s*$", re.IGNORECASE)
_BLANKS = re.compile(r"(?<=[0-9])[ \u00a0\u202f\u2009'’](?=[0-9]{3}(?![0-9]))")
_NUMBER = re.compile(r"[0-9]{1,15}(\.[0-9]{1,4})?")
_MINUS = "-\u2212\u2013"


def parse_amount(text: str, decimal: str | None) -> Decimal | None:
    """None: that is no sum. Negative sums are corrections."""
    text = _CURRENCY_MARKS.sub("", text.strip()).strip()
    negative = text[:1] in tuple(_MINUS)
    plain = _plain(_BLANKS.sub("", text[negative:].strip()), decimal)
    if plain is None or not _NUMBER.fullmatch(plain):
        return None
    return -Decimal(plain) if negative else Decimal(plain)


def _plain(text: str, decimal: str | None) -> str | None:
    """With a point for the decimals and nothing for the thousands."""
    point = decimal or _decimal_of(text)
    if point is None:
        return None
    thousands = "," if point == "." else "."
    whole, found, part = text.rpartition(point)
    if not found:
        whole, part = text, ""
    if thousands in part:
        return None
    if thousands in whole:
        if not re.fullmatch(rf"[0-9]{{1,3}}(\{thousands}[0-9]{{3}})+", whole):
            # 12.5 from a partner whose decimal is a comma: some of its systems write it the other way.
            return text.replace(thousands, ".") if not found and text.count(thousands) == 1 else None
        whole = whole.replace(thousands, "")
    return f"{whole}.{part}" if found else whole


def _decimal_of(text: str) -> str | None:
    """The sign that must be the decimal one; None when that cannot be told."""
    points, commas = text.count("."), text.count(",")
    if points and commas:
        last = "." if text.rfind(".") > text.rfind(",") else ","
        return last if text.count(last) == 1 else None
    sign = "." if points else ","
    if points + commas > 1:
        return "," if sign == "." else "."  # several of them part thousands
    digits_behind = len(text) - text.rfind(sign) - 1 if sign in text else 0
    if sign == "," and digits_behind == 3:
        return None
    return sign

"""Money: text to exact decimals, whole kopecks, and the one rounding (docs/rules.md, C-05, C-06). No float anywhere."""

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, Inexact, InvalidOperation, Overflow

# 34 digits hold 10^12 rubles times any rate exactly; a context of our own, since the thread's default can be changed.
CONTEXT = Context(prec=34, rounding=ROUND_HALF_EVEN, traps=[InvalidOperation, Overflow])
_EXACT = Context(prec=34, traps=[InvalidOperation, Overflow, Inexact])

# ASCII digits only: Decimal() itself also takes full-width digits, 1_000, 1e9 and NaN.
_GROUPED = re.compile(r"[0-9]{1,3}([ \u00a0\u202f][0-9]{3})+(?=[.,]|$)")
_SUM = {
    ".": re.compile(r"[0-9]{1,12}(\.[0-9]{1,4})?"),
    ",": re.compile(r"[0-9]{1,12}([.,][0-9]{1,4})?"),
}


def parse_sum(text: str, decimal: str = ".") -> Decimal | None:
    """A sum of money as senders write it, `1 234.50`; None when it is not one.

    `1,234` could be a thousand or a decimal comma: it is a sum only where the partner's decimal is a comma.
    """
    text = text.strip(" ")
    if _GROUPED.match(text):
        text = re.sub("[ \u00a0\u202f]", "", text)
    if not _SUM[decimal].fullmatch(text):
        return None
    return Decimal(text.replace(",", "."))


def total(sums: Iterable[Decimal | None]) -> Decimal:
    """Of those that are known."""
    whole = Decimal(0)
    for one in sums:
        whole = CONTEXT.add(whole, one or Decimal(0))
    return whole


def to_kopecks(rubles: Decimal) -> int:
    """Whole kopecks; raises decimal.Inexact when there is a part of one."""
    return int(_EXACT.quantize(_EXACT.multiply(rubles, Decimal(100)), Decimal(1)))


def round_to_rubles(rubles: Decimal) -> int:
    """Half up, as school teaches it: 2.50 is 3."""
    return int(rubles.quantize(Decimal(1), rounding=ROUND_HALF_UP, context=CONTEXT))

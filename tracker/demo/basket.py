"""The basket: what is in it, and the text in which the buyer's cookie keeps it (`p1-2.p4-1`)."""

import re
from collections.abc import Collection, Mapping

_MOST_OF_ONE = 9
_ENTRY = re.compile(r"(\w{1,8})-([1-9])")


def read_basket(text: str, known: Collection[str]) -> dict[str, int]:
    """Units by product. Whatever is not ours is left out."""
    entries = (_ENTRY.fullmatch(entry) for entry in text.split(".")[: len(known)])
    return {entry[1]: int(entry[2]) for entry in entries if entry and entry[1] in known}


def write_basket(basket: Mapping[str, int]) -> str:
    return ".".join(f"{product}-{units}" for product, units in basket.items())


def with_more(basket: Mapping[str, int], product: str, units: int) -> dict[str, int]:
    """Units more, or fewer when negative; none left takes the product out."""
    changed = min(basket.get(product, 0) + units, _MOST_OF_ONE)
    return {one: count for one, count in {**basket, product: changed}.items() if count > 0}

"""The four files that a partner may serve in one folder of its shop, so that the tag can look for ad blockers there.

Two have names that EasyList knows; each stands beside an innocent one of the same kind. docs/partners.md shows them.
"""

from collections.abc import Mapping
from typing import NamedTuple


class BaitFile(NamedTuple):
    content_type: str
    text: str


_SCRIPT = BaitFile("text/javascript", "document.currentScript.dataset.ran = 'cashback-bait'\n")
_DATA = BaitFile("application/json", '{"text": "cashback-bait"}\n')

BAITS: Mapping[str, BaitFile] = {
    "ads-front.min.js": _SCRIPT,
    "x_468x60_y.json": _DATA,
    "front.min.js": _SCRIPT,
    "front.json": _DATA,
}

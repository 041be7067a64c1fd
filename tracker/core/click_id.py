"""What can be read from a click id without its key: its shape, its second and its shard (design, section 5).

    s | d5avj00180000c1s | jykmyet5bz23t
    version and key | second 32, shard 10, random 38 bits | MAC 65 bits

Thirty lower-case Crockford base32 characters of five bits, a letter first. Whether we signed it, and for whom, only
`tracker.redirect.click_id` can tell.
"""

import re
from typing import NamedTuple

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
LETTERS = ALPHABET[10:]
LENGTH = 30
PAYLOAD_LENGTH = 17  # characters that the MAC signs; the other 13 are the MAC
SHARDS = 1 << 10
RANDOM_BITS = 38

_SHAPE = re.compile(f"[{LETTERS}][{ALPHABET}]{{{LENGTH - 1}}}")
_TO_PYTHON_DIGITS = bytes.maketrans(ALPHABET.encode(), b"0123456789abcdefghijklmnopqrstuv")  # what int(..., 32) reads


class ClickIdParts(NamedTuple):
    second: int  # Unix time
    shard: int
    random: int


def is_click_id(text: str) -> bool:
    """Whether the text has the one canonical form; it may still be forged."""
    return _SHAPE.fullmatch(text) is not None


def parts(click_id: str) -> ClickIdParts:
    """The fields of a text that `is_click_id`."""
    payload = int(click_id[1:PAYLOAD_LENGTH].encode().translate(_TO_PYTHON_DIGITS), 32)
    return ClickIdParts(
        second=payload >> 48,
        shard=(payload >> RANDOM_BITS) & (SHARDS - 1),
        random=payload & ((1 << RANDOM_BITS) - 1),
    )

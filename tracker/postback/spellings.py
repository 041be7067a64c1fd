"""One text as an address, a form and JSON may write it: a slash is also `%2F`, `%252f`, and escaped in JSON."""

import re
from functools import cache

_BACKSLASH = rb"(?:\\|%5[cC]){1,3}"  # more than one of them in JSON in JSON


@cache
def every_spelling(text: str) -> re.Pattern[bytes]:
    """There are as many as partners.yaml has secrets."""
    return re.compile(b"".join(map(_spellings, text)))


def _spellings(character: str) -> bytes:
    as_form = character.encode("utf-8", "surrogatepass")
    as_json = character.encode("utf-16-be", "surrogatepass").hex()
    ways = [
        re.escape(as_form),
        b"".join(rb"(?i:%%(?:25){0,2}%02x)" % byte for byte in as_form),
        b"".join(rb"%s(?i:u%s)" % (_BACKSLASH, as_json[at : at + 4].encode()) for at in range(0, len(as_json), 4)),
    ]
    if character in '/"\\':
        ways.insert(0, _BACKSLASH + b"(?:%s|%s)" % (ways[0], ways[1]))
    if character == " ":
        ways.append(rb"\+")
    return b"(?:%s)" % b"|".join(ways)

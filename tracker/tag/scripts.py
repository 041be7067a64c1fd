"""The scripts as they are sent: without comments and indentation, with a version that is the digest of their text."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tracker.web.scripts import as_sent

_VERSION_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Script:
    version: str
    text: str
    body: bytes
    compressed: bytes  # gzip

    @property
    def etag(self) -> str:
        return f'"{self.version}"'


@cache
def script(name: str) -> Script:
    """`tag.js`, `self-test.js`."""
    text = as_sent((files("tracker.tag") / "scripts" / name).read_text("utf-8"))
    version = hashlib.sha256(text.encode()).hexdigest()[:_VERSION_LENGTH]
    text = text.replace("VERSION = '0'", f"VERSION = '{version}'")
    return Script(version, text, text.encode(), gzip.compress(text.encode(), mtime=0))

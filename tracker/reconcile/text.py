"""Which bytes a file consists of: its digest, and the encoding of its text."""

import codecs
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tracker.errors import ConfigurationError, TrackerError

_CHUNK = 1 << 20
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_NULS_OF_UTF16 = 8  # one in so many: separators, digits and line ends have a zero byte each

Advance = Callable[[int], None]  # told how many bytes of the file are read


@dataclass(frozen=True, slots=True)
class Examined:
    sha256: str
    encoding: str
    size: int


def examine(path: Path, encoding: str | None = None) -> Examined:
    """Reads the file once. Without a mark at its beginning, text is UTF-8 if it can be, else windows-1251."""
    if encoding is not None:
        _check(encoding)
    digest = hashlib.sha256()
    utf8 = codecs.getincrementaldecoder("utf-8")("strict")
    is_utf8, head, size = True, b"", 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                head = head or chunk
                digest.update(chunk)
                size += len(chunk)
                is_utf8 = is_utf8 and _decodes(utf8, chunk)
    except OSError as error:
        raise TrackerError(f"{path}: {error.strerror}.") from error
    is_utf8 = is_utf8 and _decodes(utf8, b"", final=True)
    found = encoding or _marked(head) or ("utf-8" if is_utf8 else "windows-1251")
    return Examined(digest.hexdigest(), found, size)


def _check(encoding: str) -> None:
    try:
        codecs.lookup(encoding)
    except LookupError:
        problem = f"--encoding {encoding} is none; write one such as utf-8, utf-16 or windows-1251"
        raise ConfigurationError([problem]) from None


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True


def _marked(head: bytes) -> str | None:
    for mark, encoding in _BOMS.items():
        if head.startswith(mark):
            return encoding
    sample = head[:4096]
    if sample[1::2].count(0) * _NULS_OF_UTF16 > len(sample) // 2:
        return "utf-16-le"
    if sample[::2].count(0) * _NULS_OF_UTF16 > len(sample) // 2:
        return "utf-16-be"
    return None

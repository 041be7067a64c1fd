"""Queries that are not ASCII: aiohttp refuses them unread, and real senders of postbacks write `promo_code=СКИДКА`."""

import re

_HEAD_END = b"\r\n\r\n"
_NOT_ASCII = re.compile(rb"[\x80-\xff]")


class Queries:
    """Percent-encodes what is not ASCII in the queries of one connection. Only in a request line that we know to be
    one: the first, and each that comes after heads that end with their packet. Once a body, or a second request in a
    packet, came, bytes pass as they are."""

    __slots__ = ("_head", "_in_query", "_line_ended", "_lost")

    def __init__(self) -> None:
        self._lost = False
        self._begin()

    def _begin(self) -> None:
        self._in_query = self._line_ended = False
        self._head = b""  # the last bytes of the head so far

    def lose(self) -> None:
        """A body follows, and nobody tells us where it ends."""
        self._lost = True

    def encode(self, data: bytes) -> bytes:
        if self._lost:
            return data
        head = self._head + data
        end = head.find(_HEAD_END)
        encoded = data if self._line_ended else self._encode_line(data)
        if end < 0:
            self._head = head[-3:]
        elif end + len(_HEAD_END) == len(head):
            self._begin()
        else:
            self._lost = True
        return encoded

    def _encode_line(self, data: bytes) -> bytes:
        line, newline, rest = data.partition(b"\n")
        self._line_ended = bool(newline)
        path, mark, query = (b"", b"", line) if self._in_query else line.partition(b"?")
        self._in_query = self._in_query or bool(mark)
        if query.isascii():
            return data
        return path + mark + _NOT_ASCII.sub(lambda byte: b"%%%02X" % byte[0][0], query) + newline + rest

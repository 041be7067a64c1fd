"""Firefox's own remote control over TCP: a length in ASCII, a colon, and a JSON array; one command at a time.

Mozilla's client for it is no longer supported, blocks, and brings sixteen packages; the protocol is this small.
"""

import asyncio
import json
from typing import Any, Self

_LONGEST_ANSWER = 64 * 2**20  # a screenshot of a long page


class MarionetteError(Exception):
    """Firefox refused a command. `code` is WebDriver's word for it, such as `no such element`."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class Marionette:
    """One connection. Commands are those of `remote/marionette/driver.sys.mjs`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._number = 0

    @classmethod
    async def connect(cls, port: int) -> Self:
        """Raises OSError while nobody listens."""
        connected = cls(*await asyncio.open_connection("127.0.0.1", port, limit=_LONGEST_ANSWER))
        await connected._receive()  # whom we talk to
        return connected

    async def command(self, name: str, **parameters: Any) -> Any:
        """The answer's value. Raises MarionetteError if Firefox refuses, ConnectionError if it is gone."""
        self._number += 1
        sent = json.dumps([0, self._number, name, parameters]).encode()
        self._writer.write(b"%d:%s" % (len(sent), sent))
        await self._writer.drain()
        while True:
            kind, number, error, result = await self._receive()
            if (kind, number) != (1, self._number):
                continue  # late answer to a command whose caller gave up
            if error:
                raise MarionetteError(error["error"], error["message"])
            return result.get("value") if isinstance(result, dict) and set(result) == {"value"} else result

    def close(self) -> None:
        self._writer.close()

    async def _receive(self) -> Any:
        try:
            length = await self._reader.readuntil(b":")
            return json.loads(await self._reader.readexactly(int(length[:-1])))
        except asyncio.IncompleteReadError as error:
            raise ConnectionError("Firefox closed the connection") from error

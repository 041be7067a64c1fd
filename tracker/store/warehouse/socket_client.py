"""The warehouse process as our other processes see it: ClickHouse's HTTP protocol over a unix socket, and one click."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote, urlencode

import aiohttp
import msgspec

from tracker.core.click import Click
from tracker.errors import StoreUnavailableError, WarehouseQueryError
from tracker.ports import ShopperClick
from tracker.store.warehouse.errors import code_of

QUERY_SECONDS = 90.0  # more than the engine gives an analyst's statement
FIND_SECONDS = 3.0
UPKEEP_SECONDS = 3600.0  # between two lines of an answer: a step over a large table takes long
_click: msgspec.json.Decoder[Click | None] = msgspec.json.Decoder(Click | None)
_clicks = msgspec.json.Decoder(list[ShopperClick])


class WarehouseClient:
    """Connects when it is first asked, inside the running loop."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._session: aiohttp.ClientSession | None = None

    async def query(self, sql: str, format_: str, parameters: Mapping[str, str] = MappingProxyType({})) -> bytes:
        """As an analyst; `parameters` fill `{name:Type}`. Raises WarehouseQueryError or StoreUnavailableError."""
        said = {"default_format": format_} | {f"param_{name}": value for name, value in parameters.items()}
        status, body = await self._ask("POST", f"/?{urlencode(said)}", QUERY_SECONDS, sql)
        if status != 200:
            text = body.decode(errors="replace").rstrip("\n")
            raise WarehouseQueryError(text, code_of(text))
        return body

    async def find_click(self, click_id: str, clicked_at_seconds: int) -> Click | None:
        status, body = await self._ask("GET", f"/click/{quote(click_id)}/{clicked_at_seconds}", FIND_SECONDS)
        if status != 200:
            raise StoreUnavailableError(f"The warehouse process could not look up a click: HTTP {status}")
        return _click.decode(body)

    async def shopper_clicks(
        self, shopper_id: str, since: datetime, until: datetime, *, limit: int
    ) -> list[ShopperClick]:
        query = urlencode({"since": since.isoformat(), "until": until.isoformat(), "limit": limit})
        status, body = await self._ask("GET", f"/clicks-of/{quote(shopper_id, safe='')}?{query}", FIND_SECONDS)
        if status != 200:
            raise StoreUnavailableError(f"The warehouse process could not list a shopper's clicks: HTTP {status}")
        return _clicks.decode(body)

    async def ping(self) -> bool:
        try:
            status, _ = await self._ask("GET", "/ping", FIND_SECONDS)
        except StoreUnavailableError:
            return False
        return status == 200

    async def lines(self, path: str, body: bytes = b"") -> AsyncIterator[bytes]:
        """What it says while it works at something long, a line at a time."""
        try:
            async with self._open().post(
                f"http://warehouse{path}", data=body, timeout=aiohttp.ClientTimeout(sock_read=UPKEEP_SECONDS)
            ) as answer:
                if answer.status != 200:
                    raise StoreUnavailableError(f"The warehouse process did not begin: HTTP {answer.status}")
                async for line in answer.content:
                    yield line
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._away(error) from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _ask(self, method: str, path: str, seconds: float, body: str | None = None) -> tuple[int, bytes]:
        timeout = aiohttp.ClientTimeout(total=seconds)
        try:
            async with self._open().request(method, f"http://warehouse{path}", data=body, timeout=timeout) as answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise self._away(error) from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=str(self._socket)))
        return self._session

    def _away(self, error: Exception) -> StoreUnavailableError:
        return StoreUnavailableError(
            f"The warehouse process did not answer on {self._socket}: {str(error) or type(error).__name__}"
        )

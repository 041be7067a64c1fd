"""The same commands to Valkey by the client's own pipeline, and as the tracker sends them."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.faults.parts import own_valkey
from tracker.store.valkey_node import Command, open_node, send_to

_TOGETHER = 64  # clicks that share a trip
# As long, and of as many words, as the recording of a click.
_CLICK: Command = (
    "HSET",
    "{07}",
    *[word for n in range(12) for word in (f"field-{n}", b"0123456789abcdef" * (n // 4 + 1))],
)


@asynccontextmanager
async def trips() -> AsyncIterator[tuple[Callable[[int], Awaitable[None]], Callable[[int], Awaitable[None]]]]:
    async with own_valkey() as server:
        node = open_node(server.url)

        async def by_pipeline(clicks: int) -> None:
            for _ in range(0, clicks, _TOGETHER):
                async with node.pipeline(transaction=False) as pipeline:
                    for _ in range(_TOGETHER):
                        pipeline.execute_command(*_CLICK)
                    await pipeline.execute(raise_on_error=False)

        async def by_hiredis(clicks: int) -> None:
            for _ in range(0, clicks, _TOGETHER):
                await send_to(node, [_CLICK] * _TOGETHER)

        try:
            yield by_pipeline, by_hiredis
        finally:
            await node.aclose()

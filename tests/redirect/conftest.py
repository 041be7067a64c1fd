from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.redirect.setting import Setting, open_setting


@pytest.fixture(params=[True, False], ids=["short way", "long way"])
async def setting(valkey: Redis, request: pytest.FixtureRequest) -> AsyncIterator[Setting]:
    """Nobody can tell the two ways apart."""
    async with open_setting(valkey, door=request.param) as opened:
        yield opened

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from tests.redirect.setting import Setting, open_setting


@pytest.fixture
async def setting(valkey: Redis) -> AsyncIterator[Setting]:
    async with open_setting(valkey) as opened:
        yield opened

"""Clicks are kept by the bundled Valkey and by Debian's Redis, behind a password, alike."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.store.journaling import Lab
from tests.stores import either_valkey_url

__all__ = ["either_valkey_url"]


@pytest.fixture
async def lab(valkey: Redis, tmp_path: Path) -> AsyncIterator[Lab]:
    one = Lab(valkey, tmp_path / "journal")
    yield one
    await one.journal.close()

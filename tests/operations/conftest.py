"""One tracker with two web workers, behind a proxy that it trusts, for all that only looks at it."""

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio

from tests.running import PARTNERS, RunningTracker, data_folder


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def operated() -> AsyncIterator[RunningTracker]:
    with data_folder() as data:
        partners = data.parent / "partners.yaml"
        partners.write_bytes(PARTNERS.read_bytes())
        more = {"TRACKER_TRUSTED_PROXIES": "127.0.0.1"}
        async with RunningTracker(data, partners, workers=2, more=more) as tracker:
            async with asyncio.timeout(60):
                while "Ctrl-C stops it" not in tracker.log.read_text():
                    await asyncio.sleep(0.05)
            yield tracker

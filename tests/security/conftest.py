"""One tracker for the security tests, with secrets in its environment as a careful operator has them, a proxy of ours
on this machine in front of it, and limits that this machine is not exempt from."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.running import RunningTracker, data_folder
from tests.security.canary import ENVIRONMENT, PROGRAMME


@pytest_asyncio.fixture(name="exposed", scope="module", loop_scope="session")
async def exposed_tracker() -> AsyncIterator[RunningTracker]:
    with data_folder() as data:
        partners = data.parent / "partners.yaml"
        partners.write_text(PROGRAMME)
        more = {**ENVIRONMENT, "TRACKER_TRUSTED_PROXIES": "127.0.0.0/8", "TRACKER_LIMIT_CLICKS": "40"}
        async with RunningTracker(data, partners, more=more) as running:
            yield running

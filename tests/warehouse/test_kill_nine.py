"""A drain that is killed at any moment loses nothing and doubles nothing."""

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.store.factories import click_fact
from tests.warehouse.setting import DAY, Warehouse, postback_fact, revision_fact
from tracker.embedded.valkey import EmbeddedValkey

ROOT = Path(__file__).parents[2]
KILLS = 6


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tracker-warehouse-") as made:
        yield Path(made) / "engine"


async def test_a_drain_killed_again_and_again_loses_and_doubles_nothing(
    warehouse: Warehouse, valkey_server: EmbeddedValkey, folder: Path
) -> None:
    await warehouse.record(*(click_fact(number, shard=number, after=number % 3 * 30 * DAY) for number in range(2000)))
    await warehouse.post(*(postback_fact(number) for number in range(300)))
    await warehouse.post(*(revision_fact(f"A-{number}", after=number % 3 * 30 * DAY) for number in range(300)))
    command = [sys.executable, "-m", "tests.warehouse.draining", str(folder), valkey_server.url, warehouse.dsn]
    chance = random.Random(1)  # noqa: S311 - a test's luck

    for _ in range(KILLS):
        draining = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)
        assert draining.stdout is not None
        for _ in range(chance.randrange(1, 8)):
            assert draining.stdout.readline().startswith(b"inserted")
        draining.kill()
        draining.communicate()

    waiting = await warehouse.waiting_clicks() + await warehouse.waiting_facts()
    assert 0 < waiting < 2600
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert await warehouse.waiting_clicks() + await warehouse.waiting_facts() == 0
    assert [line for line in done.stdout.splitlines() if not line.startswith("inserted")] == [
        "clicks 2000",
        "postbacks 300",
        "conversions 300",
        "conversion_lines 300",
        "cashback 15000",
    ]
    assert await warehouse.quarantined() == []
    assert "lost" not in done.stderr

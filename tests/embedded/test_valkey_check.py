"""Settings under which clicks would be lost are named, each with its fix."""

from pathlib import Path

import pytest

from tests.embedded.test_valkey import running
from tracker.embedded.valkey import EmbeddedValkey
from tracker.embedded.valkey_check import check_valkey


async def test_our_own_settings_have_no_problem(data: Path) -> None:
    async with running(EmbeddedValkey(data)) as client:
        assert await check_valkey(client) == []


@pytest.mark.parametrize(
    ("setting", "value", "fix"),
    [
        ("appendonly", "no", "set appendonly yes"),
        ("appendfsync", "everysec", "set appendfsync always"),
        ("maxmemory-policy", "allkeys-lru", "set maxmemory-policy noeviction"),
        ("hash-max-listpack-value", "64", "set hash-max-listpack-value 96 or more"),
    ],
)
async def test_each_dangerous_setting_is_named_with_its_fix(data: Path, setting: str, value: str, fix: str) -> None:
    async with running(EmbeddedValkey(data)) as client:
        await client.config_set(setting, value)
        (problem,) = await check_valkey(client)
    assert problem.startswith(f"Valkey has {setting} {value}, and ")
    assert problem.endswith(fix)

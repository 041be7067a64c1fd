"""A shopper who clicks while our stores are away (design, 3.5)."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from redis.asyncio import Redis

from tests.browsing import BLOCKER_ON
from tests.redirect.setting import Setting, open_setting
from tracker.store.clicks import PATIENCE_SECONDS, ClickStore
from tracker.store.journal.frames import frames
from tracker.store.valkey_client import open_valkey
from tracker.store.valkey_node import Command, Copies
from tracker.telemetry import CLICKS, CLICKS_NOT_RECORDED, DOUBLE_CLICKS, JOURNALED, REQUEST_SECONDS


@asynccontextmanager
async def away(valkey: Redis, tmp_path: Path, *, disk_too: bool = False) -> AsyncIterator[Setting]:
    """Nobody listens where Valkey should be; with `disk_too`, nor is there a disk for the journal."""
    nowhere = open_valkey(f"unix://{tmp_path}/nothing.sock")
    if disk_too:
        (tmp_path / "journal").write_text("no folder can be here")
    async with open_setting(valkey, store=ClickStore(nowhere, hot_days=3), journal=tmp_path / "journal") as setting:
        yield setting
    await nowhere.aclose()


async def test_while_valkey_is_away_a_shopper_goes_on_with_an_id_and_the_click_is_on_our_disk(
    valkey: Redis, tmp_path: Path
) -> None:
    async with away(valkey, tmp_path) as setting:
        setting.passed()
        page = await setting.go(s=setting.link(), url="https://lab.example/p")

        assert page.status == 302
        assert setting.click_ids.read(page.click_id, "lab")
        [segment] = (tmp_path / "journal").iterdir()
        [payload] = frames(segment.read_bytes()).payloads
        assert page.click_id.encode() in payload
        assert setting.telemetry.value(JOURNALED) == setting.telemetry.value(CLICKS, "go") == 1
        assert setting.telemetry.value(REQUEST_SECONDS, "click_out", "3xx") == 1  # all of it by the short way


async def test_a_double_click_while_valkey_is_away_is_one_click(valkey: Redis, tmp_path: Path) -> None:
    async with away(valkey, tmp_path) as setting:
        setting.passed()
        first, second = await asyncio.gather(setting.go(s=setting.link()), setting.go(s=setting.link()))
        assert first.click_id == second.click_id
        assert setting.telemetry.value(JOURNALED) == setting.telemetry.value(DOUBLE_CLICKS) == 1


async def test_a_shopper_is_never_stuck_when_the_disk_fails_too(valkey: Redis, tmp_path: Path) -> None:
    async with away(valkey, tmp_path, disk_too=True) as setting:
        setting.passed()
        page = await setting.go(s=setting.link(), url="https://lab.example/p")

        assert (page.status, page.location) == (503, "")
        assert 'href="https://lab.example/p"' in page.text
        assert setting.telemetry.value(CLICKS_NOT_RECORDED) == 1
        bot = await setting.go(agent="curl/8.5.0")
        assert (bot.status, bot.location) == (302, "https://lab.example/")
        assert setting.telemetry.value(CLICKS, "go") == 0


async def test_the_checks_page_is_told_too_and_still_says_what_it_found(valkey: Redis, tmp_path: Path) -> None:
    async with away(valkey, tmp_path, disk_too=True) as setting:
        page = await setting.go(s=setting.link(), url="https://lab.example/p", stay=True)
        assert 'href="https://lab.example/p"' in page.text  # for when the answer does not come
        assert (await setting.check(page)).answer.status == 503
        found = await setting.check(page, **BLOCKER_ON)
        assert (found.answer.status, found.location) == (200, "")
        assert "блокировщик" in found.text


async def test_starting_over_in_another_tab_works_while_valkey_is_away(valkey: Redis, tmp_path: Path) -> None:
    async with away(valkey, tmp_path) as setting:
        page = await setting.go(s=setting.link(), stay=True)
        assert (await setting.check(page, act="over")).click_id


class Hangs(ClickStore):
    """A Valkey that takes everything and answers nothing, for longer than a command may take, until it is over."""

    def __init__(self, valkey: Redis) -> None:
        super().__init__(valkey, hot_days=3)
        self.is_over = asyncio.Event()

    async def _trip(self, commands: Sequence[Command], copies: Copies | None = None) -> list[Any]:
        await self.is_over.wait()
        return await super()._trip(commands, copies)


async def test_only_the_first_shopper_waits_and_not_for_long_while_valkey_hangs(valkey: Redis, tmp_path: Path) -> None:
    store = Hangs(valkey)
    async with open_setting(valkey, store=store, journal=tmp_path / "journal") as setting:
        setting.passed()
        began = monotonic()
        assert (await setting.go(s=setting.link())).status == 302
        assert monotonic() - began < 2 * PATIENCE_SECONDS
        setting.now += 60
        began = monotonic()
        assert (await setting.go(s=setting.link())).status == 302
        assert monotonic() - began < PATIENCE_SECONDS
        store.is_over.set()

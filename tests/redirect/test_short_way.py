"""Who goes past the application, and what happens when that way breaks off."""

from collections.abc import Callable
from itertools import count

import pytest
from redis.asyncio import Redis

from tests.redirect.setting import open_setting
from tracker.redirect.destination import address_with_id
from tracker.telemetry import REQUEST_SECONDS, Telemetry


def short(telemetry: Telemetry) -> float:
    """Answers by the short way: in these tests nobody counts the others."""
    return telemetry.value(REQUEST_SECONDS, "click_out", "3xx")


async def test_who_has_passed_goes_the_short_way_and_who_is_asked_the_long_one(valkey: Redis) -> None:
    async with open_setting(valkey) as setting:
        await setting.go("piz", s=setting.link(for_partner="*"))  # is asked first
        assert short(setting.telemetry) == 0
        assert (await setting.go("lab")).status == 302
        assert short(setting.telemetry) == 1


async def test_who_knows_that_nothing_will_be_earned_goes_the_short_way(valkey: Redis) -> None:
    async with open_setting(valkey) as setting:
        assert (await setting.go(go="1")).status == 302
        assert short(setting.telemetry) == 1


async def test_what_fails_behind_the_click_is_answered_by_the_long_way_with_the_same_click(
    valkey: Redis, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with open_setting(valkey) as setting:
        setting.passed()
        await setting.go("piz", s=setting.link(for_partner="*"))
        with monkeypatch.context() as broken:
            broken.setattr("tracker.redirect.recorder.address_with_id", _once_broken(address_with_id))
            gone = await setting.go("lab")
        assert gone.status == 302
        assert [fact.click_id for fact in await setting.facts()][1:] == [gone.click_id]
    assert "could not be answered by the short way" in caplog.text


def _once_broken(whole: Callable[..., str]) -> Callable[..., str]:
    tries = count()

    def address(*said: object) -> str:
        if next(tries):
            return whole(*said)
        raise RuntimeError("a bug of ours")

    return address

"""The journal on the disk: what fails there, and who takes up what."""

import asyncio
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from tests.store.factories import HOT_DAYS, click_fact, click_id
from tests.store.journaling import SECOND, SHOPPER, Lab
from tracker.errors import StoreUnavailableError
from tracker.store.clicks import STREAMS, ClickStore
from tracker.store.hot_click import place_of
from tracker.store.journal import Journal, JournaledClicks, JournalFolder
from tracker.store.journal.frames import frame, frames
from tracker.store.journal.journal import JournaledClick
from tracker.telemetry import JOURNAL_DAMAGED, Telemetry


async def test_a_disk_that_takes_nothing_is_told_and_takes_clicks_again_later(lab: Lab) -> None:
    lab.folder.path.write_text("no folder can be here")
    lab.switch(off=True)
    with pytest.raises(StoreUnavailableError, match="journal"):
        await lab.record(click_fact(1), SHOPPER)
    with pytest.raises(StoreUnavailableError, match="journal"):
        await lab.clicks.check_journal()
    lab.folder.path.unlink()
    again = await lab.record(click_fact(2, after=1), SHOPPER)
    assert again.is_new, "the click before was never on disk"
    await lab.clicks.check_journal()


async def test_what_a_dead_process_left_is_taken_up_by_another_and_what_a_living_one_writes_is_not(
    lab: Lab,
) -> None:
    script = """
import asyncio, sys
from pathlib import Path
from tests.store.factories import click_fact
from tracker.store.journal import Journal, JournalFolder
from tracker.store.journal.journal import JournaledClick

async def main():
    journal = Journal(JournalFolder(Path(sys.argv[1])))
    await journal.append(JournaledClick(click_fact(7), True, None))
    print("written", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", script, str(lab.folder.path)], stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == b"written\n"
            await lab.replay()
            assert await lab.facts() == []
            later = click_id(second=time.time())
            assert lab.folder.may_hold(later)
        finally:
            other.kill()
    await lab.replay()
    assert await lab.facts() == [click_fact(7)]
    assert not lab.folder.may_hold(later)


async def test_a_click_from_before_a_journal_began_is_not_in_it(lab: Lab) -> None:
    lab.journal._now = lambda: SECOND + 1000
    lab.switch(off=True)
    await lab.record(click_fact(1, after=1000))
    assert lab.folder.may_hold(click_id(second=SECOND + 1000))
    assert lab.folder.may_hold(click_id(second=SECOND + 701)), "clocks differ"
    assert not lab.folder.may_hold(click_id(second=SECOND + 699))


async def test_a_damaged_click_is_set_aside_and_told_and_the_others_are_taken_up(lab: Lab) -> None:
    lab.switch(off=True)
    for number in range(3):
        await lab.record(click_fact(number, after=number))
    [segment] = lab.files()
    whole = segment.read_bytes()
    middle = whole.find(click_fact(1, after=1).click_id.encode())
    with segment.open("r+b") as file:
        file.seek(middle)
        file.write(b"X")
    lab.switch(off=False)
    await lab.replay()
    assert await lab.facts() == [click_fact(0), click_fact(2, after=2)]
    assert lab.telemetry.value(JOURNAL_DAMAGED) == 1
    [aside] = lab.files()
    assert aside.suffix == ".damaged"


async def test_a_click_of_another_release_that_cannot_be_read_is_set_aside_too(lab: Lab) -> None:
    lab.folder.make()
    good = msgspec.msgpack.encode(JournaledClick(click_fact(1), attributable=True, session=None))
    (lab.folder.path / "1-other.clicks").write_bytes(frame(b"\x91\x01") + frame(good))
    await lab.replay()
    assert await lab.facts() == [click_fact(1)]
    assert lab.telemetry.value(JOURNAL_DAMAGED) == 1
    assert [path.suffix for path in lab.files()] == [".damaged"]


async def test_nobody_else_may_read_it(lab: Lab) -> None:
    lab.switch(off=True)
    await lab.record(click_fact(1))
    [segment] = lab.files()
    assert (segment.stat().st_mode & 0o777, lab.folder.path.stat().st_mode & 0o777) == (0o600, 0o700)


@given(st.lists(st.binary(max_size=50), max_size=8), st.integers(min_value=0), st.booleans())
def test_a_file_cut_anywhere_gives_every_whole_click_and_calls_nothing_damaged(
    payloads: list[bytes], cut: int, cuts: bool
) -> None:
    data = b"".join(map(frame, payloads))
    at = cut % (len(data) + 1) if cuts else len(data)
    ends = [len(b"".join(map(frame, payloads[: number + 1]))) for number in range(len(payloads))]
    found = frames(data[:at])
    assert found.payloads == [payload for payload, end in zip(payloads, ends, strict=True) if end <= at]
    assert found.damaged == 0


@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=8), st.data())
def test_a_changed_byte_costs_one_click_at_most(payloads: list[bytes], data: st.DataObject) -> None:
    whole = bytearray(b"".join(map(frame, payloads)))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    found = frames(bytes(whole)).payloads
    assert len(found) == len(payloads) - 1
    assert set(found) <= set(payloads)


async def test_only_one_of_two_workers_takes_up_what_a_third_left(lab: Lab, valkey: Redis) -> None:
    lab.switch(off=True)
    await lab.record(click_fact(1))
    [segment] = lab.files()
    copy = segment.read_bytes()
    lab.switch(off=False)
    await lab.replay()
    await valkey.flushall()
    (lab.folder.path / "1-third.clicks").write_bytes(copy)
    other = JournalFolder(lab.folder.path)
    ours, theirs = lab.folder.take_up(), other.take_up()
    assert (len(ours), len(theirs)) == (1, 0)
    os.close(ours[0].descriptor)


async def test_a_file_that_cannot_be_opened_is_told_once_and_holds_up_no_other(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    lab.folder.make()
    (lab.folder.path / "1-unreadable.clicks").mkdir()  # root may open every file, and nobody a folder for writing
    (lab.folder.path / "2-good.clicks").write_bytes(one_click())
    for _ in range(3):
        assert await lab.replay() == 0
    assert await lab.facts() == [click_fact(1)]
    assert caplog.text.count("cannot be taken up") == 1


def one_click() -> bytes:
    return frame(msgspec.msgpack.encode(JournaledClick(click_fact(1), attributable=True, session=None)))


async def test_a_disk_that_hangs_keeps_no_shopper_and_no_event_loop(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    hung = threading.Event()
    monkeypatch.setattr("os.fdatasync", lambda _: hung.wait(20))
    monkeypatch.setattr("tracker.store.journal.clicks.DISK_SECONDS", 0.2)
    lab.switch(off=True)
    replaying = asyncio.create_task(lab.replay())
    began = time.monotonic()
    with pytest.raises(StoreUnavailableError, match="does not answer"):
        await lab.record(click_fact(1))
    took = time.monotonic() - began
    hung.set()
    await replaying
    assert took < 2


async def test_a_click_that_too_few_replicas_have_goes_to_the_journal_and_the_slot_stays_away(
    valkey: Redis, tmp_path: Path
) -> None:
    """There is no replica at all: each try would write it again."""
    store = ClickStore(valkey, hot_days=HOT_DAYS, replicas=1)
    journal = Journal(JournalFolder(tmp_path / "journal"))
    clicks = JournaledClicks(store, journal, Telemetry())
    await clicks.record(click_fact(1, outcome="plain"), attributable=False)
    assert not await store.takes(place_of(click_fact(1).click_id).slot)
    for _ in range(3):
        assert await clicks._replay.all_that_can_be() > 0
    entries = [entry for stream in STREAMS for entry in cast("list[object]", await valkey.xrange(stream))]
    assert len(entries) == 1
    await journal.close()

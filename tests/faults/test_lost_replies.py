"""Replies that are lost after the store has done it: whoever asked asks again, nothing is lost or doubled (I1, I5)."""

from collections import Counter
from pathlib import Path

import pytest

from tests.faults.answered import Messages
from tests.faults.parts import clicks_in, client_of, open_parts, own_postgres, own_valkey
from tests.faults.proxy import Losing, Wire, postgres_behind, socket_of
from tests.faults.results import is_soak, note
from tests.postback.setting import open_setting as open_postbacks
from tests.redirect.setting import FOR_YEARS
from tests.redirect.setting import open_setting as open_click_outs
from tests.running import data_folder
from tests.warehouse.setting import until
from tracker.store.clicks import ClickStore
from tracker.store.journal import Journal, JournaledClicks, JournalFolder
from tracker.store.valkey_node import open_node
from tracker.telemetry import Telemetry

pytestmark = pytest.mark.slow

ROUNDS = 15 if is_soak() else 1
TIMES = 20 * ROUNDS


async def test_a_click_whose_reply_from_valkey_is_lost_has_one_id_and_is_there_once(tmp_path: Path) -> None:
    """It goes to the journal, too: Valkey knows its id when it comes from there."""
    lost, wrong = 0, []
    for turn in range(ROUNDS):  # from its first loss on, a slot's clicks go to the journal: nothing takes them out
        folder = tmp_path / str(turn)
        folder.mkdir()
        losing, more = await _clicks_with_losses(folder)
        lost += losing.lost
        wrong += more
    note("reply of Valkey to a click lost", "one id, in the stream once", lost, len(wrong))
    assert wrong == []
    assert lost >= TIMES // 4


async def _clicks_with_losses(folder: Path) -> tuple[Losing, list[str]]:
    """Twenty clicks, and what is wrong with them."""
    answered: list[str] = []
    async with own_valkey() as server, client_of(server) as direct:
        losing = Losing(b"EVALSHA", each=2)
        address = server.socket.with_name("wire.sock")
        async with Wire(server.socket, losing.request, losing.reply).listening(address):
            client = open_node(f"unix://{address}")
            async with open_click_outs(client, journal=folder) as shop:
                for number in range(20):
                    shop.jar.clear()
                    shop.passed(f"{number:020}")
                    gone = await shop.go(s=shop.link(f"shopper-{number}"))
                    assert gone.status == 302, gone.text
                    answered.append(gone.click_id)
            await client.aclose()
        later = JournaledClicks(ClickStore(direct, hot_days=FOR_YEARS), Journal(JournalFolder(folder)), Telemetry())
        assert await later._replay.all_that_can_be() == 0
        found = Counter(await clicks_in(direct))
    return losing, [click_id for click_id in found | Counter(answered) if found[click_id] != answered.count(click_id)]


async def test_a_message_whose_commit_is_not_heard_of_is_kept_and_paid_once() -> None:
    async with own_postgres() as server:
        losing = Losing(b"SELECT write_changes", each=2)
        with data_folder() as folder:
            folder.mkdir()
            address = folder / socket_of(server).name
            async with (
                Wire(socket_of(server), losing.request, losing.reply).listening(address),
                open_postbacks(postgres_behind(folder)) as setting,
            ):
                messages = Messages(setting)
                for _ in range(TIMES):
                    await messages.report(1)
                    await messages.again()
                setting.dsn = server.dsn
                wrong = await messages.wrong()
    note("reply of PostgreSQL to a commit lost", "2xx is kept, each order is paid once", losing.lost, len(wrong))
    assert wrong == []
    assert losing.lost >= TIMES // 2


async def test_a_drain_that_does_not_hear_that_its_source_forgot_ships_once() -> None:
    rounds = 10 if is_soak() else 1
    async with open_parts() as parts:
        trimming, deleting = Losing(b"XTRIM", each=2), Losing(b"WITH gone AS (DELETE FROM outbox", each=2)
        trimming.seen = deleting.seen = 1  # the first one too
        valkey, postgres = parts.folder / parts.valkey.socket.name, parts.folder / socket_of(parts.postgres).name
        async with (
            Wire(parts.valkey.socket, trimming.request, trimming.reply).listening(valkey),
            Wire(socket_of(parts.postgres), deleting.request, deleting.reply).listening(postgres),
            parts.drain(f"unix://{valkey}", postgres_behind(parts.folder)) as draining,
        ):
            await draining.go()
            for asked in range(1, 2 * rounds + 1):  # every other time the reply is lost
                await parts.feed()
                await until(lambda asked=asked: min(trimming.seen, deleting.seen) > asked, 60)
            seen = await draining.finish()
        wrong = parts.wrong(seen)
        lost = trimming.lost + deleting.lost
    note("reply of a store to the drain lost", "every fact in ClickHouse exactly once", lost, len(wrong))
    assert wrong == []
    assert lost >= 2 * rounds

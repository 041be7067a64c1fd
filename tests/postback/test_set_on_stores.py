"""Invariants 3 and 4 on the real stores (P14, P15): PostgreSQL holds in the end what the reference says, however the
messages were shuffled, repeated, cut off and sent again; and the ledger balances after every step."""

import asyncio
import os
import random
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from itertools import count
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from redis.asyncio import Redis

from tests.core.cases import FIELDS, HEADER, RATES, VERSIONS, Case, build
from tests.core.reference import expected
from tests.postback.two_workers import TwoWorkers, assert_as_expected, click_ids_of, open_two_workers
from tracker.core.order import Message
from tracker.store.ledger.rates import import_rates
from tracker.store.valkey_node import open_node

SEED = int(os.environ.get("PROPERTY_SEED", "5"))  # another one, other cases
CASES, AT_ONCE = 200, 20


def _case(number: int, chance: random.Random) -> Case:
    messages = [chance.randbytes(FIELDS) for _ in range(chance.randrange(1, 7))]
    return build(chance.randbytes(HEADER), messages, name=f"case{number}", click_ids=click_ids_of(number), timed=True)


async def _deliver(world: TwoWorkers, cases: list[Case]) -> None:
    for click in (click for case in cases for click in case.clicks):
        await world.record(click)
    messages = [message for case in cases for _, message in case.messages]
    world.chance.shuffle(messages)
    async with asyncio.TaskGroup() as senders:
        for message in messages:
            senders.create_task(world.send(message.report, cut=0.2))
    for click in (click for case in cases for click in case.found.values()):
        await world.record(click)


async def _disturb(world: TwoWorkers) -> None:
    while True:
        await asyncio.sleep(0.05)
        await world.cut_connections(0.3)
        await world.audit()


async def _check(world: TwoWorkers, name: str, case: Case) -> int:
    """The number of orders, all of them as the reference says."""
    orders = await world.orders(name)
    order_ids = {order_id for order_id, _ in case.messages}
    for order_id in order_ids:
        assert_as_expected(orders.pop(order_id), expected(case.final(order_id), VERSIONS, RATES))
    assert not orders
    return len(order_ids)


async def test_two_workers_that_are_cut_off_again_and_again_end_as_the_reference_says(
    postgres_dsn: str, valkey: Redis
) -> None:
    chance = random.Random(SEED)  # noqa: S311 - cases that can be repeated
    cases = [_case(number, chance) for number in range(CASES)]
    async with open_two_workers(postgres_dsn, valkey, SEED) as world:
        disturbing = asyncio.create_task(_disturb(world))
        for first in range(0, CASES, AT_ONCE):
            if first == CASES // 2:
                await world.import_rates()
            await _deliver(world, cases[first : first + AT_ONCE])
        disturbing.cancel()
        await asyncio.gather(disturbing, return_exceptions=True)
        assert disturbing.cancelled()  # so no audit has failed
        await world.decide_what_came_later()

        checked = [await _check(world, f"case{number}", case) for number, case in enumerate(cases)]
        assert await world.audit() == sum(checked)
        assert world.sent_again > CASES


_machines = count(CASES)


class TwoOrders(RuleBasedStateMachine):
    """Messages about two orders, one at a time; between them all that can break breaks."""

    dsn, valkey_url = "", ""

    def __init__(self) -> None:
        super().__init__()
        self._number = next(_machines)
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._said: list[bytes] = []
        self._sent: list[Message] = []
        self._found = False
        self._start()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._runner.run(work)

    def _start(self) -> None:
        async def start() -> TwoWorkers:
            valkey = open_node(self.valkey_url)
            self._stack.push_async_callback(valkey.aclose)
            return await self._stack.enter_async_context(open_two_workers(self.dsn, valkey, self._number))

        self._world: TwoWorkers = self._do(start())

    @initialize(about=st.binary(min_size=HEADER, max_size=HEADER))
    def begin(self, about: bytes) -> None:
        self._about = about
        for click in self._case.clicks:
            self._do(self._world.record(click))

    @property
    def _case(self) -> Case:
        about = bytes([*self._about[:10], self._found, *self._about[11:]])
        in_turn = [bytes([*its[:2], turn, turn, *its[4:]]) for turn, its in enumerate(self._said)]
        ids = click_ids_of(self._number)
        return build(about, in_turn, 2, name=f"machine{self._number}", click_ids=ids, timed=True)

    @rule(its=st.binary(min_size=FIELDS, max_size=FIELDS), cut=st.booleans())
    def say(self, its: bytes, cut: bool) -> None:
        self._said.append(its)
        for _, message in self._case.messages[len(self._sent) :]:
            self._do(self._world.send(message.report, cut=cut))
            self._sent.append(message)

    @precondition(lambda self: self._sent)
    @rule(which=st.integers(0, 99))
    def say_again(self, which: int) -> None:
        self._do(self._world.send(self._sent[which % len(self._sent)].report))

    @rule()
    def lose_connections(self) -> None:
        self._do(self._world.cut_connections(1))

    @rule()
    def restart(self) -> None:
        self._do(self._stack.aclose())
        self._start()

    @precondition(lambda self: not self._found)
    @rule()
    def find_the_third_click(self) -> None:
        self._found = True
        for click in self._case.found.values():
            self._do(self._world.record(click))

    @invariant()
    def stands_as_the_reference_says(self) -> None:
        self._do(self._world.decide_what_came_later())
        self._do(_check(self._world, f"machine{self._number}", self._case))
        self._do(self._world.audit())

    def teardown(self) -> None:
        self._do(self._stack.aclose())
        self._runner.close()


@pytest.fixture
def machine(postgres_dsn: str, valkey_server: Any) -> Iterator[type[TwoOrders]]:
    TwoOrders.dsn, TwoOrders.valkey_url = postgres_dsn, valkey_server.url
    yield TwoOrders
    TwoOrders.dsn = TwoOrders.valkey_url = ""


def test_a_ledger_that_breaks_between_messages_stands_as_the_reference_says(machine: type[TwoOrders]) -> None:
    with asyncio.Runner() as runner:
        runner.run(import_rates(machine.dsn, RATES))
    run_state_machine_as_test(machine, settings=settings(max_examples=20, stateful_step_count=8))

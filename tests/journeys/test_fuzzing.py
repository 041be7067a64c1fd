"""Requests made from a description of the endpoints (`openapi.py`), valid and not, to the whole service: no answer is a
fault of ours, what is answered as kept is kept once, and the same event twice is one order."""

import asyncio
import os
import re
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from decimal import Decimal
from itertools import count
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import asyncpg
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok

from tests.agents import DESKTOP
from tests.browsing import click_out as go
from tests.browsing import new_browser
from tests.examples.dialects import ADMITAD, TUNE, token_name
from tests.journeys.openapi import Spoken, description
from tests.running import RunningTracker, secrets_of
from tracker.reports.access import partner_token
from tracker.store.ledger.audit import audit

# `FUZZ_EXAMPLES=2000 pytest tests/journeys/test_fuzzing.py` looks longer, and elsewhere each time.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES") or 0)
KEPT = {200, 400, 422}
_POSTBACKS = "SELECT count(*) FROM postbacks"
_Found = TypeVar("_Found")
LAB, LAB_ADMITAD, LAB_TUNE = "lab", ADMITAD.partner("lab"), TUNE.partner("lab")

few = settings(
    max_examples=EXAMPLES or 12, derandomize=not EXAMPLES, database=None,
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


def partners(tracker: RunningTracker) -> list[Spoken]:
    token = secrets_of(tracker).postback[token_name(LAB_TUNE)]
    proofs = {LAB_TUNE: ("security_token", token)}
    return [
        Spoken(partner, tracker.postback_url(partner).rsplit("/", 1)[1], proofs.get(partner))
        for partner in (LAB, LAB_ADMITAD, LAB_TUNE)
    ]


class Books:
    """What PostgreSQL holds, asked from a test without a loop of its own."""

    def __init__(self, dsn: str, runner: asyncio.Runner) -> None:
        self._dsn = dsn
        self._runner = runner

    def ask(self, question: Coroutine[Any, Any, _Found]) -> _Found:
        return self._runner.run(question)

    def row(self, sql: str, *values: object) -> tuple[int, ...]:
        return self.ask(self._row(sql, values))

    async def _row(self, sql: str, values: tuple[object, ...]) -> tuple[int, ...]:
        connection = await asyncpg.connect(self._dsn)
        try:
            found = await connection.fetchrow(sql, *values)
        finally:
            await connection.close()
        assert found is not None
        return tuple(found)

    def are_sound(self) -> None:
        audited = self.ask(audit(self._dsn))
        assert (audited.unbalanced, sum(audited.balances.values())) == (0, 0)
        assert self.row(f"{_POSTBACKS} WHERE verdict = 'failed'") == (0,)


@contextmanager
def watched(tracker: RunningTracker) -> Iterator[Books]:
    """No traceback is logged meanwhile, and the books are sound after it."""
    logged = tracker.log.stat().st_size
    with asyncio.Runner() as runner:
        books = Books(tracker.postgres_dsn, runner)
        yield books
        books.are_sound()
    with tracker.log.open("rb") as log:
        log.seek(logged)
        assert b"Traceback" not in log.read()


def is_kept(status: int, text: str, path: str) -> bool:
    """By what was answered. A refusal of the web edge's, which no partner's dialect shapes, is not kept."""
    is_message = path.startswith("/pb/") or path in ("/aff_lsr", "/r", "/rp")
    return is_message and status in KEPT and not text.startswith('{"code"')


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=str)
def test_whatever_fits_the_description_or_does_not_is_answered_and_kept(
    tracker: RunningTracker, mode: GenerationMode
) -> None:
    schema = schemathesis.openapi.from_dict(description(partners(tracker)))
    visited: set[str] = set()
    with watched(tracker) as books, requests.Session() as session:
        token = partner_token(secrets_of(tracker).pages, LAB)
        session.get(f"{tracker.url}/partner/{LAB}", params={"token": token})
        (kept,) = books.row(_POSTBACKS)
        cases = [
            found.ok().as_strategy(generation_mode=mode)
            for found in schema.get_all_operations()
            if isinstance(found, Ok)
        ]

        @settings(few, max_examples=EXAMPLES or 50)
        @given(st.one_of(cases))
        def fuzz(case: schemathesis.Case[Any]) -> None:
            nonlocal kept
            answer = case.call(base_url=tracker.url, session=session, allow_redirects=False)
            case.validate_response(answer, checks=[not_a_server_error])
            assert "Traceback" not in answer.text
            if is_kept(answer.status_code, answer.text, case.path):
                kept += 1
                visited.add(case.path)
            assert books.row(_POSTBACKS) == (kept,)

        fuzz()
    assert "/aff_lsr" in visited
    assert any(path.startswith("/pb/") for path in visited)


_statuses = st.sampled_from(["pending", "approved", "declined"])
_sums = st.decimals(min_value=0, max_value=100_000, places=2)
_events = st.lists(st.tuples(_statuses, _sums), min_size=1, max_size=4)
_orders = count(1)
_CHANGES = """
SELECT (SELECT count(*) FROM conversions WHERE order_id = $1),
    (SELECT count(*) FROM conversion_revisions WHERE order_id = $1),
    (SELECT count(*) FROM ledger_entries WHERE order_id = $1),
    (SELECT count(*) FROM postbacks WHERE order_id = $1)
"""


def addresses(tracker: RunningTracker, query: str) -> dict[str, str]:
    """Where that message is sent, by the partner, in the words of its dialect."""
    token = secrets_of(tracker).postback[token_name(LAB_TUNE)]
    return {
        LAB: f"{tracker.postback_url(LAB)}?{query}",
        LAB_ADMITAD: f"{tracker.postback_url(LAB_ADMITAD)}?{ADMITAD.say(query)}",
        LAB_TUNE: f"{tracker.url}{TUNE.own_path}?{TUNE.say(query)}&security_token={token}",
    }


def test_events_that_come_again_in_any_order_make_one_order_and_no_further_entries(tracker: RunningTracker) -> None:
    with watched(tracker) as books, requests.Session() as session:
        clicks = {partner: books.ask(click_out(tracker, partner)) for partner in (LAB, LAB_ADMITAD, LAB_TUNE)}

        @few
        @given(st.sampled_from(sorted(clicks)), _events, st.data())
        def fuzz(partner: str, events: list[tuple[str, Decimal]], data: st.DataObject) -> None:
            order = f"AGAIN-{next(_orders)}"
            said = {"click_id": clicks[partner], "order_id": order}
            queries = [
                urlencode(said | {"status": status, "amount": str(amount), "event_id": f"e{number}"})
                for number, (status, amount) in enumerate(events)
            ]
            urls = [addresses(tracker, query)[partner] for query in queries]
            for url in urls:
                assert session.get(url).status_code == 200
            first = books.row(_CHANGES, order)
            for url in data.draw(st.permutations(urls)):
                assert session.get(url).status_code == 200
            assert first[0] == 1
            assert books.row(_CHANGES, order) == (*first[:3], 2 * len(urls))

        fuzz()


async def click_out(tracker: RunningTracker, partner: str) -> str:
    """A real click of a shopper's at that partner."""
    async with new_browser(headers={"User-Agent": DESKTOP}) as browser:
        gone = await go(browser, tracker.link("fuzzed", partner) + "&go=1")
    found = re.search(r"[a-z][0-9a-z]{29}", urlsplit(gone.location).query)
    assert found is not None, gone.text
    return found[0]

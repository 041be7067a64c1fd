"""Whatever is sent to the endpoints that take messages, in every dialect, to the whole service: no answer is a fault of
ours, none shows a traceback, what is answered as kept is kept, and nothing is stored twice."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from urllib.parse import urlencode

import aiohttp
import asyncpg
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from yarl import URL

from tests.postback.dialects.setting import spoken
from tests.postback.mutations import mutated
from tests.running import RunningTracker, data_folder, secrets_of
from tests.store.factories import click_fact
from tracker.postback.dialects import DIALECTS
from tracker.redirect.click_id import SignedClickIds
from tracker.store.clicks import ClickStore
from tracker.store.ledger.audit import audit
from tracker.store.valkey_node import open_node

LONGER = os.environ.get("FUZZ_EXAMPLES")  # and elsewhere each time
EXAMPLES = int(LONGER or 80)
KEPT = {200, 400, 422}  # 403 and 404 are counted only, 405, 413 and 415 not even that
PROGRAMME = """
programme: {name: Fuzz, timezone: Europe/Moscow}
partners:
"""
PARTNER = """
  - id: {name}
    name: {name}
    category: online-shops
    link: "https://shop.example/?sub={{click_id}}"
    home: https://shop.example/
    hosts: [shop.example]
    terms: [{{from: 2019-01-01, rate: 5%}}]
    currencies: [RUB, USD]
    postback: {{dialect: {name}, secret: {{env: {variable}_POSTBACK_SECRET}}}}
"""


@dataclass(frozen=True)
class Request:
    """`partner` empty: not to a partner's address."""

    partner: str
    path: str  # behind the partner's secret
    query: str = ""
    body: bytes | None = None
    kind: str = ""
    method: str = "POST"


_turns = count()
_odd = [
    "", "0", "-1", "1e999", "NaN", "1,234", "１２", "99999999999999999999", "\x00", "{click_id}", "[[[x]]]", "null",
    "1551445200", "2019-03-01T12:00:00Z", "0000-00-00", "9" * 400, "' OR 1=1", "%00", "%D0%B", "ß", "[]",
]  # fmt: skip
_plain = ["approved", "declined", "pending", "paid", "1", "2", "3", "1000.00", "-50.00", "RUB", "USD", "web", "true"]
_values = st.sampled_from([*_odd, *_plain, *_plain]) | st.text(max_size=8)
_json = st.recursive(
    _values | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_values, inner, max_size=3),
    max_leaves=5,
).map(lambda value: json.dumps(value).encode())
_kinds = st.sampled_from(
    [
        "application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain",
        "multipart/form-data", "application/json; charset=utf-16", "x/y; charset=none", "",
    ]
)  # fmt: skip
_shapes = [(dialect, shape) for dialect in DIALECTS.values() for shape in dialect.shapes]


@st.composite
def spoken_requests(draw: st.DrawFn) -> Request:
    """A request as a dialect has it, some of its fields said oddly; in the query, in a form or as JSON."""
    dialect, shape = draw(st.sampled_from(_shapes))
    odd = draw(st.lists(st.sampled_from(sorted(shape.fields)), max_size=4, unique=True))
    said = {field: draw(_values) for field in odd} | {"order_id": f"ORD-{next(_turns)}"}
    try:
        _, query = spoken(dialect, shape, said).split("?", 1)
    except ValueError:
        query = ""
    path = shape.paths[0] if shape.paths else ""
    request = Request(dialect.name, path, query, method=draw(st.sampled_from(["GET", "POST", "HEAD"])))
    match draw(st.sampled_from(["query", "query", "form", "json", "both"])):
        case "form":
            return replace(
                request, method="POST", query="", body=query.encode(), kind="application/x-www-form-urlencoded"
            )
        case "json" | "both" as way:
            field = {shape.json_field or "x": draw(_values)}
            body = json.dumps({**field, "order_id": said["order_id"], "click_id": draw(_values)}).encode()
            return replace(
                request, method="POST", query=query if way == "both" else "", body=body, kind="application/json"
            )
    return request


anything = st.builds(
    Request,
    partner=st.sampled_from(sorted(DIALECTS)),
    path=st.sampled_from(["", "/", "/r", "/x/y"]),
    query=_values.map(lambda value: urlencode({value: value})) | st.binary(max_size=20).map(lambda raw: raw.hex("%")),
    body=st.none() | st.binary(max_size=60) | _json,
    kind=_kinds,
    method=st.sampled_from(["GET", "POST", "HEAD", "PUT"]),
)
elsewhere = st.builds(
    Request,
    partner=st.just(""),
    path=st.sampled_from(
        ["/tag", "/go/generic/check", "/go/generic", "/pb/generic/wrong", "/r", "/rp", "/postback", "/my"]
    ),
    query=_values.map(lambda value: urlencode({"s": value, "url": value, "t": value})),
    body=st.none() | st.binary(max_size=60) | _json,
    kind=_kinds,
    method=st.sampled_from(["GET", "POST"]),
)


@dataclass(frozen=True)
class Polyglot:
    """A tracker with a partner of every dialect, and one click at each."""

    tracker: RunningTracker
    clicks: Mapping[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def polyglot() -> AsyncIterator[Polyglot]:
    with data_folder() as data:
        partners = data.parent / "partners.yaml"
        entries = [PARTNER.format(name=name, variable=name.upper().replace("-", "_")) for name in DIALECTS]
        partners.write_text("".join([PROGRAMME, *entries]))
        partners.chmod(0o644)
        async with RunningTracker(data, partners) as running:
            yield Polyglot(running, await _click_everywhere(running))


async def _click_everywhere(tracker: RunningTracker) -> dict[str, str]:
    ids, now = SignedClickIds(secrets_of(tracker).click), int(time.time())
    connection = await asyncpg.connect(tracker.postgres_dsn)
    rows = await connection.fetch("SELECT partner_id, version FROM terms_in_force")
    versions = {row["partner_id"]: row["version"] for row in rows}
    await connection.close()
    made = {name: ids.make(name, 0, now, number) for number, name in enumerate(DIALECTS)}
    async with open_node(tracker.valkey_url) as valkey:
        store = ClickStore(valkey, hot_days=1)
        for name, click_id in made.items():
            fact = click_fact(
                click_id=click_id, partner_id=name, clicked_at_us=now * 1_000_000, terms_version=versions[name]
            )
            await store.record(fact, attributable=True)
    return made


@dataclass(frozen=True)
class Answer:
    request: Request
    status: int
    text: str


async def _send(client: aiohttp.ClientSession, polyglot: Polyglot, request: Request) -> Answer:
    tracker, click_id = polyglot.tracker, polyglot.clicks.get(request.partner, "{click_id}")
    base = tracker.postback_url(request.partner) if request.partner else tracker.url
    url = URL(f"{base}{request.path}?{request.query}".replace("{click_id}", click_id), encoded=True)
    body = request.body and request.body.replace(b"{click_id}", click_id.encode())
    headers = {"Content-Type": request.kind} if request.kind else {}
    async with client.request(request.method, url, data=body, headers=headers, allow_redirects=False) as answer:
        return Answer(request, answer.status, await answer.text(errors="replace"))


async def _send_all(polyglot: Polyglot, requests: Sequence[Request]) -> list[Answer]:
    """Each twice at once, as impatient senders do."""
    async with aiohttp.ClientSession() as client:
        return list(await asyncio.gather(*(_send(client, polyglot, one) for one in [*requests, *requests])))


_TWICE = """
SELECT partner_id, order_id, count(*) FROM conversion_revisions WHERE order_id LIKE 'ORD-%'
GROUP BY partner_id, order_id HAVING count(*) > 1
"""


async def _stored(dsn: str) -> tuple[int, list[str], list[str]]:
    """How many requests, those that failed, and orders that one message changed twice."""
    connection = await asyncpg.connect(dsn)
    try:
        requests = await connection.fetchval("SELECT count(*) FROM postbacks")
        failed = await connection.fetch("SELECT query, note FROM postbacks WHERE verdict = 'failed'")
        twice = await connection.fetch(_TWICE)
    finally:
        await connection.close()
    return requests, [str(row) for row in failed], [str(row) for row in twice]


def test_nothing_that_is_sent_makes_us_fail_or_store_twice(polyglot: Polyglot) -> None:
    dsn = polyglot.tracker.postgres_dsn
    with asyncio.Runner() as runner:
        kept, _, _ = runner.run(_stored(dsn))

        @settings(max_examples=EXAMPLES, derandomize=not LONGER, suppress_health_check=list(HealthCheck))
        @given(
            st.lists(
                spoken_requests() | mutated().map(lambda sent: Request(*sent)) | anything | elsewhere,
                min_size=5,
                max_size=15,
            )
        )
        def fuzz(requests: list[Request]) -> None:
            nonlocal kept
            answers = runner.run(_send_all(polyglot, requests))
            kept += sum(bool(one.request.partner) and one.status in KEPT for one in answers)
            stored = runner.run(_stored(dsn))
            for answer in answers:
                assert answer.status < 500, answer
                assert "Traceback" not in answer.text, answer
            assert stored == (kept, [], [])

        fuzz()
        audited = runner.run(audit(dsn))
    assert (audited.unbalanced, sum(audited.balances.values())) == (0, 0)
    assert len(audited.balances) > 1  # some earned
    assert "Traceback" not in polyglot.tracker.log.read_text()

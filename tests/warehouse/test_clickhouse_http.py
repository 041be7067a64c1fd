"""ClickHouse's HTTP protocol, as curl and `tracker query` speak it."""

import asyncio
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from tests.store.factories import CLICKED_AT, SECOND, click_fact, click_id
from tests.warehouse.setting import put
from tracker.core.click import Check, CheckResult, Click, Confidence, Device, Finding, Surface
from tracker.core.reasons import ClickReason, Reason
from tracker.errors import StoreUnavailableError, WarehouseQueryError
from tracker.reports.clickhouse_http import AnalystHttp
from tracker.store.find_click import OldClicks
from tracker.store.hot_click import pack, unpack
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.old_clicks import EngineOldClicks, SocketOldClicks
from tracker.store.warehouse.shopper_clicks import EngineShopperClicks
from tracker.store.warehouse.socket_client import WarehouseClient
from tracker.store.warehouse.threads import EngineThreads

Http = TestClient[web.Request, web.Application]


@pytest.fixture
async def http(threads: EngineThreads) -> AsyncIterator[Http]:
    app = web.Application()
    app.add_routes(AnalystHttp(threads, EngineOldClicks(threads), EngineShopperClicks(threads)).routes())
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.fixture
def run_folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tracker-") as folder:
        yield Path(folder)


@dataclass
class Process:
    """The warehouse process, as far as others see it."""

    client: WarehouseClient
    runner: web.AppRunner


@pytest.fixture
async def process(threads: EngineThreads, run_folder: Path) -> AsyncIterator[Process]:
    app = web.Application()
    app.add_routes(AnalystHttp(threads, EngineOldClicks(threads), EngineShopperClicks(threads)).internal_routes())
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(run_folder / "s")).start()
    client = WarehouseClient(run_folder / "s")
    yield Process(client, runner)
    await client.close()
    await runner.cleanup()


@pytest.mark.parametrize(
    ("path", "body", "format_", "answer"),
    [
        ("/?query=SELECT+1", None, "TabSeparated", "1\n"),
        ("/", "SELECT 1", "TabSeparated", "1\n"),
        ("/?query=SELECT+1%2C", "2", "TabSeparated", "1\t2\n"),
        ("/?query=SELECT+1+AS+x&default_format=JSONEachRow", None, "JSONEachRow", '{"x":1}\n'),
        ("/?query=SELECT+1+AS+x+FORMAT+CSVWithNames&default_format=JSON", None, "CSVWithNames", '"x"\n1\n'),
        ("/?query=SELECT+%7Bx%3AUInt8%7D+%2B+1&param_x=41", None, "TabSeparated", "42\n"),
        ("/?query=SELECT+%7Bx%3AString%7D&param_x=it's", None, "TabSeparated", "it\\'s\n"),
        ("/?database=analytics&query=SELECT+count()+FROM+clicks", None, "TabSeparated", "1\n"),
        ("/?database=default", "SELECT count() FROM clicks", "TabSeparated", "1\n"),
        ("/?user=default&max_threads=3&wait_end_of_query=1", "SELECT 1", "TabSeparated", "1\n"),
        ("/", "SELECT 'заказ'", "TabSeparated", "заказ\n"),
    ],
)
async def test_a_question_is_answered_in_the_format_asked_for(
    http: Http, engine: EmbeddedEngine, path: str, body: str | None, format_: str, answer: str
) -> None:
    put(engine, click_fact())
    response = await http.request("GET" if body is None else "POST", path, data=body)
    assert (response.status, await response.text()) == (200, answer)
    assert response.headers["X-ClickHouse-Format"] == format_
    assert "X-ClickHouse-Exception-Code" not in response.headers


async def test_the_header_names_the_format_too_and_its_type_is_told(http: Http) -> None:
    response = await http.get("/?query=SELECT+1+AS+x", headers={"X-ClickHouse-Format": "JSON"})
    assert response.content_type == "application/json"
    assert json.loads(await response.text())["data"] == [{"x": 1}]
    binary = await http.get("/?query=SELECT+1+AS+x&default_format=Parquet")
    assert binary.content_type == "application/octet-stream"
    assert (await binary.read())[:4] == b"PAR1"


@pytest.mark.parametrize("path", ["/ping", "/"])
async def test_it_says_that_it_is_there(http: Http, path: str) -> None:
    response = await http.get(path)
    assert (response.status, await response.text()) == (200, "Ok.\n")


@pytest.mark.parametrize(
    ("path", "status", "code", "name"),
    [
        ("/?query=SELEC+1+1", 400, 62, "SYNTAX_ERROR"),
        ("/?query=SELECT+nope", 404, 47, "UNKNOWN_IDENTIFIER"),
        ("/?query=SELECT+*+FROM+nope", 404, 60, "UNKNOWN_TABLE"),
        ("/?query=SELECT+*+FROM+tracker.clicks", 403, 497, "ACCESS_DENIED"),
        ("/?query=SELECT+1+FORMAT+Nonsense", 404, 73, "UNKNOWN_FORMAT"),
        ("/?query=SELECT+%7Bx%3AUInt8%7D", 400, 456, "UNKNOWN_QUERY_PARAMETER"),
        ("/?query=SELECT+%7Bx%3AUInt8%7D&param_x=y", 400, 457, "BAD_QUERY_PARAMETER"),
        ("/?query=SELECT+1&database=tracker", 404, 81, "UNKNOWN_DATABASE"),
        ("/?query=SELECT+1&compress=1", 501, 344, "SUPPORT_IS_DISABLED"),
        ("/?query=SELECT+1&decompress=1", 501, 344, "SUPPORT_IS_DISABLED"),
        ("/?query=SELECT+throwIf(1)", 500, 395, "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO"),
    ],
)
async def test_an_error_is_clickhouse_s_text_its_code_and_a_status(
    http: Http, path: str, status: int, code: int, name: str
) -> None:
    response = await http.get(path)
    text = await response.text()
    assert (response.status, response.headers["X-ClickHouse-Exception-Code"]) == (status, str(code)), text
    assert text.startswith(f"Code: {code}. DB::Exception: ")
    assert f"({name})" in text


async def test_a_body_that_is_no_text_is_no_fault_of_ours(http: Http) -> None:
    response = await http.post("/", data=b"SELECT '\xff'", headers={"Content-Type": "text/plain; charset=nonsense"})
    assert (response.status, await response.text()) == (200, "\ufffd\n")


async def test_clicks_are_given_to_our_own_processes_only(http: Http) -> None:
    response = await http.get(f"/click/{click_id()}/{SECOND}")
    assert response.status == 404


async def test_another_process_asks_through_the_socket(process: Process, engine: EmbeddedEngine) -> None:
    put(engine, click_fact())
    assert await process.client.ping()
    assert await process.client.query("SELECT count() FROM clicks", "CSV") == b"1\n"
    with pytest.raises(WarehouseQueryError, match="nope") as refused:
        await process.client.query("SELECT nope", "CSV")
    assert refused.value.code == 47
    with pytest.raises(WarehouseQueryError):
        await process.client.query("SELECT * FROM tracker.clicks", "CSV")


async def test_a_warehouse_process_that_is_away_is_told_and_found_again(
    process: Process, run_folder: Path, threads: EngineThreads
) -> None:
    old_clicks = SocketOldClicks(process.client)
    assert await old_clicks.find(click_id(), SECOND) is None
    await process.runner.cleanup()
    assert not await process.client.ping()
    with pytest.raises(StoreUnavailableError, match="did not answer"):
        await process.client.query("SELECT 1", "CSV")
    with pytest.raises(StoreUnavailableError, match="did not answer"):
        await old_clicks.find(click_id(), SECOND)
    app = web.Application()
    app.add_routes(AnalystHttp(threads, EngineOldClicks(threads), EngineShopperClicks(threads)).internal_routes())
    again = web.AppRunner(app)
    await again.setup()
    await web.UnixSite(again, str(run_folder / "s")).start()
    assert await process.client.ping()
    await again.cleanup()


@pytest.fixture(params=["in this process", "over the socket"])
def old_clicks(request: pytest.FixtureRequest, threads: EngineThreads, process: Process) -> OldClicks:
    if request.param == "in this process":
        return EngineOldClicks(threads)
    return SocketOldClicks(process.client)


async def test_an_old_click_is_what_it_was_when_it_was_young(old_clicks: OldClicks, engine: EmbeddedEngine) -> None:
    fact = click_fact(
        after=0.123456,
        surface="app",
        device="phone",
        refusals=["ad_blocker"],
        traffic=["datacenter"],
        checks=[
            ("ad_blocker", "found", "high", "script:blocked", 63),
            ("cookies", "ok", "high", "", 0),
            ("private_mode", "unknown", "low", "", 0),
        ],
    )
    put(engine, fact, click_fact(1), times=2)
    found = await old_clicks.find(fact.click_id, SECOND)
    assert found == unpack(fact.click_id, pack(fact))
    assert found is not None
    assert found == Click(
        fact.click_id, "lamoda", found.clicked_at, "0123456789abcdef", "shopper-0042", Surface.APP, Device.PHONE,
        checks=(
            CheckResult(Check.AD_BLOCKER, Finding.FOUND, Confidence.HIGH),
            CheckResult(Check.COOKIES, Finding.OK, Confidence.HIGH),
            CheckResult(Check.PRIVATE_MODE),
            CheckResult(Check.SECOND_TAB),
        ),
        refusals=(Reason.AD_BLOCKER,),
        traffic=(ClickReason.DATACENTER,),
    )  # fmt: skip
    assert found.clicked_at.timestamp() == SECOND + 0.123456


@pytest.mark.parametrize(
    ("overs", "superseded_after"),
    [
        ([], None),
        ([90.123456], 90.123456),
        ([7200, 90, 86_399], 90),  # the first one counts, whatever came first
        ([86_400], 86_400),  # of the longest session
        ([-5], -5),  # the clocks of two machines
        ([86_500], None),  # no session is that long
    ],
)
async def test_an_old_click_carries_the_moment_at_which_another_one_started_over(
    old_clicks: OldClicks, engine: EmbeddedEngine, overs: list[float], superseded_after: float | None
) -> None:
    later = [click_fact(number, after=after, supersedes=[click_id()]) for number, after in enumerate(overs, start=1)]
    of_another = click_fact(99, after=30, supersedes=[click_id(random=98)])
    put(engine, click_fact(), *later, of_another, times=2)
    found = await old_clicks.find(click_id(), SECOND)
    assert found is not None
    if superseded_after is None:
        assert found.superseded_at is None
    else:
        assert found.superseded_at == CLICKED_AT + timedelta(seconds=superseded_after)


@pytest.mark.parametrize("second", [0, 2**32 - 1])
async def test_a_click_of_the_first_and_of_the_last_second_is_looked_up_too(
    old_clicks: OldClicks, engine: EmbeddedEngine, second: int
) -> None:
    fact = click_fact(after=second - SECOND)
    put(engine, fact)
    found = await old_clicks.find(fact.click_id, second)
    assert found is not None
    assert found.superseded_at is None


@pytest.mark.parametrize("outcome", ["plain", "again", "stopped"])
async def test_a_click_that_was_not_sent_on_with_its_id_earns_nothing(
    old_clicks: OldClicks, engine: EmbeddedEngine, outcome: str
) -> None:
    put(engine, click_fact(outcome=outcome))
    assert await old_clicks.find(click_id(), SECOND) is None


async def test_a_click_without_a_shopper_is_found_without_one(old_clicks: OldClicks, engine: EmbeddedEngine) -> None:
    put(engine, click_fact(shopper_id=""))
    found = await old_clicks.find(click_id(), SECOND)
    assert found is not None
    assert found.shopper_id is None


@pytest.mark.parametrize("text", ["", "x' OR '1'='1", "../ping", "C" * 30, "c" * 29, "заказ", "a/b?c=d#e"])
async def test_what_is_no_click_id_is_not_looked_up(old_clicks: OldClicks, text: str) -> None:
    assert await old_clicks.find(text, SECOND) is None


async def test_a_lookup_that_cannot_be_done_is_not_the_answer_no(old_clicks: OldClicks, engine: EmbeddedEngine) -> None:
    engine.execute("RENAME TABLE tracker.clicks TO tracker.elsewhere")
    try:
        with pytest.raises(StoreUnavailableError):
            await old_clicks.find(click_id(), SECOND)
    finally:
        engine.execute("RENAME TABLE tracker.elsewhere TO tracker.clicks")


async def test_on_a_shopper_s_own_page_stands_only_what_led_to_a_shop(
    threads: EngineThreads, engine: EmbeddedEngine
) -> None:
    """Who is stopped by the checks, and goes on then, has clicked once."""
    stopped = [click_fact(number, after=number, outcome="stopped", refusals=["ad_blocker"]) for number in (1, 2)]
    went_on = click_fact(3, after=30, refusals=["ad_blocker"])
    put(engine, *stopped, went_on, times=2)
    day = timedelta(days=1)
    listed = await EngineShopperClicks(threads).clicks("shopper-0042", CLICKED_AT - day, CLICKED_AT + day, limit=10)
    assert [(one.click_id, one.refusals) for one in listed] == [(went_on.click_id, (Reason.AD_BLOCKER,))]


async def test_a_lookup_reads_a_few_rows_of_many(threads: EngineThreads, engine: EmbeddedEngine) -> None:
    engine.execute(
        "INSERT INTO tracker.clicks (click_id, clicked_at, outcome)"
        " SELECT toString(number), toDateTime('2026-11-01 00:00:00', 'UTC') + number, 'go' FROM numbers(1000000)"
    )
    put(engine, click_fact())
    that_second = f"clicked_at = toDateTime({SECOND})"
    a_day = f"clicked_at BETWEEN toDateTime({SECOND - 60}) AND toDateTime({SECOND + 86_460})"
    for condition in (that_second, f"{a_day} AND has(supersedes, '{click_id()}')"):
        plan = engine.query(f"EXPLAIN ESTIMATE SELECT 1 FROM tracker.clicks WHERE {condition}", format_="TSV")
        rows = plan.split(b"\t")[3] if plan else b"0"
        assert int(rows) < 20_000
    assert await asyncio.wait_for(EngineOldClicks(threads).find(click_id(), SECOND), 1) is not None

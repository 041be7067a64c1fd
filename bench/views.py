"""Every view of the analysts over one month, and one click by its id, in the embedded engine.

Environment: BENCH_MONTH_CLICKS, how many clicks the month has (50,000,000).
"""

import os
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

from bench.month import fill, rows_of
from bench.table import Table
from tests.running import data_folder
from tracker.store.warehouse.embedded import EmbeddedEngine
from tracker.store.warehouse.migrate import migrate_clickhouse
from tracker.store.warehouse.old_clicks import EngineOldClicks
from tracker.store.warehouse.threads import EngineThreads

CLICKS = int(os.environ.get("BENCH_MONTH_CLICKS", "50_000_000"))
BAR_SECONDS = 1.0
CLICK_BAR_SECONDS = 0.05
RUNS = 5
_IDS = 20
_MONTH = "day >= '2026-10-01' AND day <= '2026-10-31'"

# By view, a question to it about one month: that of docs/analysts.md, or else one that reads all rows.
QUESTIONS = {
    "clicks": f"""
        SELECT toHour(clicked_at, 'Europe/Moscow') AS hour, countIf(outcome != 'stopped') AS clicks, sum(valid) AS valid
        FROM clicks WHERE {_MONTH} GROUP BY hour ORDER BY hour""",
    "partner_daily": f"""
        SELECT partner_id, sum(valid_clicks) AS valid, sum(conversions) AS orders,
            toDecimal128(orders, 6) / valid AS cr, sum(commission) AS rubles, toDecimal128(rubles, 4) / valid AS epc
        FROM partner_daily WHERE {_MONTH} GROUP BY partner_id HAVING valid > 0 ORDER BY epc DESC""",
    "check_daily": f"""
        SELECT check, sum(asked) AS times, sumIf(asked, finding = 'found') AS found,
            sumIf(asked, refused) AS without_cashback
        FROM check_daily WHERE {_MONTH} GROUP BY check ORDER BY check""",
    "check_outcomes": f"""
        SELECT check, count() AS asked, countIf(finding = 'found') AS found, sum(refused) AS refused
        FROM check_outcomes WHERE {_MONTH} GROUP BY check ORDER BY check""",
    "tag_reports": f"""
        SELECT partner_id, tab, count() AS reports
        FROM tag_reports WHERE {_MONTH} AND final GROUP BY partner_id, tab ORDER BY partner_id, tab""",
    "postbacks": f"""
        SELECT partner_id, verdict, count() AS postbacks, max(received_at) AS last_received
        FROM postbacks WHERE {_MONTH} GROUP BY partner_id, verdict ORDER BY partner_id, verdict""",
    "conversions": f"""
        SELECT status, hold, count() AS orders, sum(cashback) AS rubles
        FROM conversions WHERE {_MONTH} AND cashback > 0 GROUP BY status, hold ORDER BY status, hold""",
    "conversion_revisions": """
        SELECT status, count() AS revisions, sum(cashback_change) AS rubles
        FROM conversion_revisions WHERE revised_at >= '2026-10-01' AND revised_at < '2026-11-01'
        GROUP BY status ORDER BY status""",
    "conversion_lines": """
        SELECT tariff, status, count() AS lines, sum(goods) AS goods
        FROM conversion_lines WHERE revised_at >= '2026-10-01' AND revised_at < '2026-11-01'
        GROUP BY tariff, status ORDER BY tariff, status""",
    "refusals": f"""
        SELECT reason, count() AS orders, sum(base) AS goods
        FROM refusals WHERE {_MONTH} GROUP BY reason ORDER BY orders DESC""",
    "confirmation_times": f"""
        SELECT partner_id, count() AS confirmed, quantileExact(0.5)(hours_from_click) AS median,
            quantileExact(0.9)(hours_from_click) AS nine_of_ten, quantileExact(0.99)(hours_from_click) AS ninety_nine
        FROM confirmation_times WHERE {_MONTH} AND isNotNull(hours_from_click) GROUP BY partner_id ORDER BY median""",
    "origin_exceptions": f"""
        SELECT partner_id, origin, count() AS orders, sum(cashback) AS rubles
        FROM origin_exceptions WHERE {_MONTH} GROUP BY partner_id, origin ORDER BY rubles DESC""",
    "reconciliations": f"""
        SELECT partner_id, causes, count() AS orders, sum(difference) AS rubles
        FROM reconciliations WHERE {_MONTH} GROUP BY partner_id, causes ORDER BY partner_id, causes""",
}


@dataclass(frozen=True, slots=True)
class Timed:
    first: float
    least: float
    median: float
    cpu: float  # of the median run, seconds

    @property
    def cells(self) -> list[str]:
        return [f"{seconds * 1000:,.0f} ms" for seconds in (self.first, self.least, self.median, self.cpu)]


async def measure() -> AsyncIterator[Table]:
    with data_folder() as data:
        engine = EmbeddedEngine(data / "warehouse")
        threads = EngineThreads(engine)
        try:
            migrate_clickhouse(engine)
            await fill(engine, threads, CLICKS)
            views = {view: _timed(partial(_ask, engine, sql)) for view, sql in QUESTIONS.items()}
            by_id = await _one_click(threads)
            counted = {name: rows_of(engine, name) for name in ("clicks", "conversion_revisions", "postbacks")}
        finally:
            await threads.close()
    slow = ", ".join(view for view, timed in views.items() if timed.median >= BAR_SECONDS)
    yield Table(
        title="Views over one month",
        head=["view", "first", "least", "median", "CPU"],
        rows=[
            *([f"`{view}`", *timed.cells] for view, timed in views.items()),
            ["one click by its id", *by_id.cells],
        ],
        notes=[
            (
                f"A month of {counted['clicks']:,} clicks, {counted['conversion_revisions']:,} revisions and "
                f"{counted['postbacks']:,} postbacks, over, merged and counted as upkeep does it; asked as an analyst "
                f"asks, by the statements in bench/views.py. First: before anything of it is cached; then {RUNS} runs."
            ),
            (
                f"Bars: every view under {BAR_SECONDS:.0f} s, {f'missed by {slow}' if slow else 'met'}; "
                f"one click under {CLICK_BAR_SECONDS * 1000:.0f} ms, "
                f"{'met' if by_id.median < CLICK_BAR_SECONDS else 'missed'}."
            ),
        ],
    )


def _ask(engine: EmbeddedEngine, sql: str) -> None:
    answer = engine.query(sql, format_="TSV", as_analyst=True)
    if not answer:
        raise SystemExit(f"no rows: {sql}")


def _timed(run: Callable[[], None]) -> Timed:
    times: list[tuple[float, float]] = []
    for _ in range(1 + RUNS):
        began, worked = time.perf_counter(), time.process_time()
        run()
        times.append((time.perf_counter() - began, time.process_time() - worked))
    (first, _), *warm = times
    warm.sort()
    return Timed(first, warm[0][0], *warm[len(warm) // 2])


async def _one_click(threads: EngineThreads) -> Timed:
    """As a postback looks for the click of an order: each time another one."""
    sql = f"""SELECT click_id, toString(toUnixTimestamp(clicked_at)) FROM tracker.clicks
        WHERE outcome = 'go' AND cityHash64(click_id) % {max(CLICKS // 1000, 1)} = 7 LIMIT {_IDS}"""
    old_clicks = EngineOldClicks(threads)
    times: list[tuple[float, float]] = []
    for click_id, second in await threads.rows(sql):
        began, worked = time.perf_counter(), time.process_time()
        if await old_clicks.find(click_id, int(second)) is None:
            raise SystemExit(f"not found: {click_id}")
        times.append((time.perf_counter() - began, time.process_time() - worked))
    (first, _), *warm = times
    warm.sort()
    return Timed(first, warm[0][0], *warm[len(warm) // 2])

"""Finds one click in ClickHouse by its id: the second that the id tells is where the row is sorted."""

import msgspec

from tracker.core.click import Check, CheckResult, Click, Confidence, Device, Finding, Surface
from tracker.core.click_id import is_click_id
from tracker.core.reasons import ClickReason, Reason
from tracker.core.unix_time import moment
from tracker.errors import StoreUnavailableError, WarehouseQueryError
from tracker.store.warehouse.socket_client import WarehouseClient
from tracker.store.warehouse.threads import EngineThreads

# A session lasts a day at most (`tracker.partners_schema`), and the clocks of two machines differ.
_LONGEST_SESSION_SECONDS = 86_400
_CLOCKS_DIFFER_SECONDS = 60
_LAST_SECOND = 2**32 - 1  # of what a DateTime holds
_FIND = """
SELECT clicked_at_us, partner_id, shopper_id, terms_version, surface, device, refusals, traffic,
    (
        SELECT min(clicked_at_us)
        FROM tracker.clicks
        WHERE clicked_at >= toDateTime({earliest}) AND clicked_at <= toDateTime({latest})
            AND has(supersedes, '{click_id}')
    ) AS superseded_at_us,
    check_names, check_findings, check_confidences
FROM tracker.clicks
WHERE clicked_at = toDateTime({second}) AND click_id = '{click_id}' AND outcome = 'go'
LIMIT 1
"""
_Row = tuple[
    int | str, str, str, str, Surface, Device, tuple[Reason, ...], tuple[ClickReason, ...], int | str,
    list[Check], list[Finding], list[Confidence],
]  # fmt: skip


class _Answer(msgspec.Struct):
    data: list[_Row]


class EngineOldClicks:
    """On an engine of this process. Satisfies `tracker.store.find_click.OldClicks`."""

    def __init__(self, threads: EngineThreads) -> None:
        self._threads = threads

    async def find(self, click_id: str, clicked_at_seconds: int) -> Click | None:
        """Only a click that was sent on with its id can earn. Raises StoreUnavailableError."""
        if not is_click_id(click_id):  # and so it needs no quotes and no escapes
            return None
        try:
            answer = await self._threads.query(_find(click_id, int(clicked_at_seconds)))
        except WarehouseQueryError as error:
            raise StoreUnavailableError(f"ClickHouse cannot look up a click: {error}") from error
        found = msgspec.json.decode(answer, type=_Answer).data
        return _click(click_id, found[0]) if found else None


class SocketOldClicks:
    """On the engine of the warehouse process. Satisfies `tracker.store.find_click.OldClicks`."""

    def __init__(self, client: WarehouseClient) -> None:
        self._client = client

    async def find(self, click_id: str, clicked_at_seconds: int) -> Click | None:
        """Raises StoreUnavailableError when that process is away."""
        if not is_click_id(click_id):
            return None
        return await self._client.find_click(click_id, clicked_at_seconds)


def _find(click_id: str, second: int) -> str:
    return _FIND.format(
        click_id=click_id,
        second=second,
        earliest=max(second - _CLOCKS_DIFFER_SECONDS, 0),
        latest=min(second + _LONGEST_SESSION_SECONDS + _CLOCKS_DIFFER_SECONDS, _LAST_SECOND),
    )


def _click(click_id: str, row: _Row) -> Click:
    clicked_at_us, partner_id, shopper_id, terms_version, surface, device, refusals, traffic, superseded, *checks = row
    known = {check: CheckResult(check, finding, sure) for check, finding, sure in zip(*checks, strict=True)}
    return Click(
        click_id=click_id,
        partner_id=partner_id,
        clicked_at=moment(int(clicked_at_us)),
        terms_version=terms_version,
        shopper_id=shopper_id or None,
        surface=surface,
        device=device,
        checks=tuple(known.get(check, CheckResult(check)) for check in Check),
        refusals=refusals,
        traffic=traffic,
        superseded_at=moment(int(superseded)) if int(superseded) else None,
    )

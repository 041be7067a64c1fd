"""The click that a message names, or why there is none."""

import asyncio
from dataclasses import dataclass

from tracker.core.click import Click
from tracker.core.order import Order
from tracker.core.reasons import Reason
from tracker.core.report import Report
from tracker.errors import StoreUnavailableError
from tracker.ports import ClickFinder, ClickIds

LOOKUP_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Named:
    click: Click | None = None
    problem: Reason | None = None


class NamedClicks:
    def __init__(self, click_ids: ClickIds, clicks: ClickFinder) -> None:
        self._click_ids = click_ids
        self._clicks = clicks

    async def find(self, order: Order, report: Report) -> Named:
        """From the order itself if it has that click; else from where clicks are recorded. Raises
        StoreUnavailableError when that cannot be told now."""
        if report.click_id is None:
            return Named(problem=Reason.UNKNOWN_CLICK)
        click_id = self._click_ids.read(report.click_id, order.partner_id)
        if click_id is None:
            return Named(problem=Reason.BAD_SIGNATURE)
        for message in order.messages:
            if message.click is not None and message.click.click_id == click_id:
                return Named(message.click)
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                click = await self._clicks.find(click_id, order.partner_id)
        except TimeoutError as late:
            sentence = f"The click was not found within {LOOKUP_SECONDS} s."
            raise StoreUnavailableError(sentence) from late
        return Named(click) if click is not None else Named(problem=Reason.UNKNOWN_CLICK)

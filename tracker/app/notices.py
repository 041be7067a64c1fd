"""What an operator does about notifications: list them, send them again, try the way, read the secret."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from tracker import keys
from tracker.app.desk import refuse_unless_running
from tracker.app.installation import load, running, with_embedded
from tracker.core.partner import Notify
from tracker.errors import TrackerError
from tracker.notify.body import trial_body
from tracker.notify.post import Answer, Post, open_client
from tracker.settings import Settings
from tracker.store.notices import Notices, open_notices


def refuse_unless_notified(settings: Settings) -> None:
    """Raises TrackerError when there is nobody to tell: notices would wait for ever."""
    if not running(settings).demo:  # which tells its own page
        notify_settings(settings)


def notify_settings(settings: Settings) -> Notify:
    """Raises TrackerError when partners.yaml does not say where the programme is notified."""
    notify = load(settings, keys.load(settings.data)).notify
    if notify is None and running(settings).demo:
        raise TrackerError("This is the demo: it notifies its own page /messages, on the port of the demo shops.")
    if notify is None:
        raise TrackerError("Nobody is notified: add programme.notify to partners.yaml (docs/notifications.md).")
    return notify


@asynccontextmanager
async def open_notice_list(settings: Settings) -> AsyncIterator[Notices]:
    """On the stores of a running tracker."""
    keys.load(settings.data)  # says so when there is no installation
    refuse_unless_running(settings)
    async with open_notices(with_embedded(settings).postgres_url or "") as notices:
        yield notices


async def send_trial(settings: Settings) -> Answer:
    """A signed message about nothing, sent once."""
    notify = notify_settings(settings)
    now = datetime.now(UTC)
    async with open_client() as client:
        return await Post(client, notify)(f"ntc_test_{now:%Y%m%d%H%M%S%f}", trial_body(now), now)

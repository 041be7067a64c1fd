"""When a notification that was not taken is sent again."""

from datetime import datetime, timedelta

from tracker.notify.post import Answer

GIVE_UP_AFTER = timedelta(days=3)
_MINUTE, _HOUR = 60, 3600
_PAUSES = (5, 30, 2 * _MINUTE, 10 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR, 4 * _HOUR)
_JITTER = 0.2  # of a pause: those that failed together do not come back together


def next_attempt(
    answer: Answer, *, attempts: int, waiting_since: datetime, now: datetime, chance: float
) -> datetime | None:
    """None: given up. `attempts` counts those before this one; `chance` is from 0 to 1.

    A refusal of any kind is tried again, since a receiver can be mended; only one that is gone is believed.
    """
    if answer.is_gone:
        return None
    pause = timedelta(seconds=_PAUSES[min(attempts, len(_PAUSES) - 1)] * (1 + _JITTER * chance))
    at = now + max(pause, answer.retry_after or timedelta())
    return at if at < waiting_since + GIVE_UP_AFTER else None

"""The rules that a click-out is screened by: named, in order, each one plain. Every one that applies is a reason.

The standard behind them is the filtration of IAB/MRC click measurement (reliability.md 2.1, 2.2). A filter changes what
a click counts for, never whether a person reaches the shop.
"""

from collections.abc import Callable

from tracker.core.reasons import ClickReason
from tracker.fraud.signals import Signals
from tracker.fraud.user_agent import read_agent

_EARLY_PURPOSES = ("prefetch", "prerender", "preview")


def is_other_method(signals: Signals) -> bool:
    """HEAD asks where a link leads; nobody goes there."""
    return signals.method != "GET"


def is_prefetch(signals: Signals) -> bool:
    """The browser fetches ahead: not a click until the shopper really goes. Chrome sends `prefetch;prerender`."""
    return bool(signals.purposes) and any(purpose in signals.purposes for purpose in _EARLY_PURPOSES)


def is_not_navigation(signals: Signals) -> bool:
    """An image, a frame or a script asks: the signature of cookie stuffing."""
    return signals.fetch_mode not in ("", "navigate") or signals.fetch_dest not in ("", "document")


def is_bot(signals: Signals) -> bool:
    return read_agent(signals.user_agent).is_bot


RULES: tuple[tuple[ClickReason, Callable[[Signals], bool]], ...] = (
    (ClickReason.METHOD, is_other_method),
    (ClickReason.PREFETCH, is_prefetch),
    (ClickReason.NOT_NAVIGATION, is_not_navigation),
    (ClickReason.BOT_UA, is_bot),
    # `repeat` is found by the store in the same round trip that records the click (tracker.store.clicks).
)

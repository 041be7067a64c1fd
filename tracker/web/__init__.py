"""What every endpoint shares: who asks, what a failure looks like from outside, and slow senders kept in check."""

from tracker.web.address import TrustedProxies
from tracker.web.errors import LARGEST_BODY, middleware, refusal, request_id
from tracker.web.guard import Patience
from tracker.web.health import Health, Part
from tracker.web.runner import GuardedRunner, make_runner
from tracker.web.watch import Watch, watched

__all__ = [
    "LARGEST_BODY",
    "GuardedRunner",
    "Health",
    "Part",
    "Patience",
    "TrustedProxies",
    "Watch",
    "make_runner",
    "middleware",
    "refusal",
    "request_id",
    "watched",
]

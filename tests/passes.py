"""Cookies of a browser that was here before, for tests that are about something else than the checks page."""

import time

from tests.running import RunningTracker, secrets_of
from tracker.core.click import Check
from tracker.redirect.tokens import PassClaim, Tokens

_CLEAN = [(str(check), "ok", "high") for check in Check if check is not Check.SECOND_TAB]


class Passes:
    """Signs as one tracker does."""

    def __init__(self, tracker: RunningTracker) -> None:
        secrets = secrets_of(tracker)
        self._tokens = Tokens(secrets.link, secrets.cookie)

    def known(self, browser_id: str) -> dict[str, str]:
        """It was here, and has no pass: it is asked."""
        return {"browser": self._tokens.make_browser_cookie(browser_id, time.time())}

    def passed(self, browser_id: str) -> dict[str, str]:
        """It was found clean a moment ago: it is not asked unless that shop is open."""
        claim = PassClaim(browser_id, int(time.time()), int(time.time()), _CLEAN)
        return self.known(browser_id) | {"pass": self._tokens.make_pass_cookie(claim)}

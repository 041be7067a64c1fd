"""The cookies of a click-out, and how they are set: `__Host-`, HttpOnly, Secure, SameSite=Lax wherever there is TLS."""

from collections.abc import Mapping

import msgspec

from tracker.core.signing_keys import BROWSER_COOKIE_SECONDS
from tracker.redirect.tokens import (
    PASS_SECONDS,
    SHOPPER_COOKIE_SECONDS,
    PassClaim,
    Tokens,
)

# An older browser cookie is written anew: browsers forget a cookie some time after it was last set.
_RENEW_BROWSER_SECONDS = 30 * 86_400


class Known(msgspec.Struct, frozen=True, gc=False):
    """What the cookies say. Empty: no such cookie, or none that we signed."""

    shopper_id: str = ""
    browser_id: str = ""
    renew_browser: bool = True
    pass_: PassClaim | None = None  # also when it is no longer good

    def passed(self, now: float) -> PassClaim | None:
        """The pass, while the browser need not be asked again."""
        return self.pass_ if self.pass_ is not None and _is_fresh(self.pass_, now) else None


def _is_fresh(pass_: PassClaim, now: float) -> bool:
    return now - pass_.t <= PASS_SECONDS


class Cookies:
    def __init__(self, tokens: Tokens, *, over_tls: bool) -> None:
        prefix = "__Host-" if over_tls else ""  # browsers refuse the prefix on plain http
        self._tokens = tokens
        self._shopper = f"{prefix}shopper"
        self._browser = f"{prefix}browser"
        self._pass = f"{prefix}pass"
        self._attributes = f"; Path=/; HttpOnly; SameSite=Lax{'; Secure' if over_tls else ''}"

    def read(self, sent: Mapping[str, str], now: float) -> Known:
        shopper = self._tokens.read_shopper_cookie(sent.get(self._shopper, ""), now)
        shopper_id = shopper.s if shopper else ""
        pass_ = self._tokens.read_pass_cookie(sent.get(self._pass, ""), now)
        if pass_ is not None and _is_fresh(pass_, now):  # it names the browser, whose own cookie has time
            return Known(shopper_id, pass_.b, renew_browser=False, pass_=pass_)
        browser = self._tokens.read_browser_cookie(sent.get(self._browser, ""), now)
        return Known(
            shopper_id=shopper_id,
            # Two first tabs at once are given two names; the one that passed stays.
            browser_id=pass_.b if pass_ else browser.b if browser else "",
            renew_browser=browser is None
            or now - browser.t > _RENEW_BROWSER_SECONDS
            or (pass_ is not None and pass_.b != browser.b),
            pass_=pass_,
        )

    def set_shopper(self, shopper_id: str, now: float) -> str:
        """The value of a Set-Cookie header."""
        token = self._tokens.make_shopper_cookie(shopper_id, now)
        return f"{self._shopper}={token}; Max-Age={SHOPPER_COOKIE_SECONDS}{self._attributes}"

    def set_browser(self, browser_id: str, now: float) -> str:
        token = self._tokens.make_browser_cookie(browser_id, now)
        return f"{self._browser}={token}; Max-Age={BROWSER_COOKIE_SECONDS}{self._attributes}"

    def set_pass(self, claim: PassClaim) -> str:
        """Without an age: it ends with the browser, and so do the sessions."""
        return f"{self._pass}={self._tokens.make_pass_cookie(claim)}{self._attributes}"

    def forget_shopper(self) -> str:
        return f"{self._shopper}=; Max-Age=0{self._attributes}"

"""The pages of the shops: the shop's name on the sign, the shared kit beneath it."""

from decimal import Decimal

from aiohttp import web

from tracker.core.partner import Partner, Programme
from tracker.demo.baits import FOLDER
from tracker.demo.goods import RUBLE
from tracker.demo.texts import TEXTS
from tracker.web.language import language_of
from tracker.web.pages import Pages

_SPACE = "\u00a0"  # one that does not break


class DemoPages:
    def __init__(self, programme: Programme, tracker_url: str) -> None:
        self._pages = Pages(
            "tracker.demo",
            tracker_url=tracker_url,
            money=money,
            bait_folder=FOLDER,
            messages_url=_messages_url(programme),
        )
        self._programme = programme
        self._tag_policy = f"; script-src 'self' {tracker_url}; connect-src 'self' {tracker_url}"

    def of_shop(
        self, request: web.Request, template: str, partner: Partner, *, status: int = 200, **values: object
    ) -> web.Response:
        """With the programme's tag, which the shop's policy must allow."""
        response = self._response(request, template, partner.name, status=status, partner=partner, **values)
        response.headers["Content-Security-Policy"] += self._tag_policy
        return response

    def of_programme(self, request: web.Request, template: str, *, status: int = 200, **values: object) -> web.Response:
        return self._response(request, template, self._programme.name, status=status, **values)

    def _response(
        self, request: web.Request, template: str, sign: str, *, status: int, **values: object
    ) -> web.Response:
        language = language_of(request)
        other = request.rel_url.update_query(lang="en" if language == "ru" else "ru")
        return self._pages.response(
            request,
            template,
            language=language,
            status=status,
            programme=sign,
            home="/",
            other_language=str(other.relative() if other.is_absolute() else other),
            text=TEXTS[language],
            **values,
        )


def _messages_url(programme: Programme) -> str:
    """On the programme's own host, beside its sign-in."""
    return f"{(programme.sign_in or '').removesuffix('/sign-in')}/messages"


def money(amount: Decimal, currency: str) -> str:
    """As people write it, kopecks only where there are any."""
    whole = amount == amount.to_integral_value()
    digits = f"{amount:,.0f}" if whole else f"{amount:,.2f}"
    if currency == "USD":
        return f"${digits}"
    return f"{digits} {'₽' if currency == RUBLE else currency}".replace(",", _SPACE).replace(" ", _SPACE)

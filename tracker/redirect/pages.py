"""What a shopper is told instead of, or before, a redirect: small pages, without script."""

from urllib.parse import urlencode

from aiohttp import web

from tracker.core.partner import Programme
from tracker.redirect.answer import STATUSES, Notice, Told
from tracker.redirect.click_out import ClickOut, address_of
from tracker.redirect.destination import is_deep_link, plain_address
from tracker.redirect.texts import TEXTS, PageText
from tracker.web.language import language_of
from tracker.web.pages import Pages

_EARNS_NOTHING = frozenset({Notice.NO_SHOPPER, Notice.LINK_EXPIRED})


class ToldPages:
    def __init__(self, programme: Programme, public_url: str) -> None:
        self._pages = Pages("tracker.redirect", programme=programme.name, home="/")
        self._programme = programme
        self._public_url = public_url

    def response(self, request: web.Request, told: Told, asked: ClickOut) -> web.Response:
        """Its links lead to us, to the partner, or to the programme's sign-in."""
        language = language_of(request)
        text = TEXTS[language]
        names = {"partner": told.partner.name if told.partner else "", "programme": self._programme.name}
        wrong = any(notice in STATUSES for notice in told.notices)
        response = self._pages.response(
            request,
            "told.html",
            language=language,
            status=max((STATUSES.get(notice, 200) for notice in told.notices), default=200),
            heading=text.sorry if wrong else text.before_leaving.format_map(names),
            notices=[
                (text.notices[notice].heading.format_map(names), text.notices[notice].body.format_map(names))
                for notice in told.notices
            ],
            actions=self._actions(told, asked, text),
            other_language=address_of(asked, lang="en" if language == "ru" else "ru"),
        )
        response.headers["X-Robots-Tag"] = "noindex"
        if Notice.NOT_RECORDED in told.notices:
            response.headers["Retry-After"] = "60"
        return response

    def _actions(self, told: Told, asked: ClickOut, text: PageText) -> list[tuple[str, str]]:
        """Links with their words; the first one is what we advise."""
        if told.partner is None or Notice.BAD_LINK in told.notices:
            return []
        if Notice.NOT_RECORDED in told.notices:
            safe = is_deep_link(asked.deep_link, told.partner.hosts)
            return [(text.to_shop, plain_address(told.partner, asked.deep_link if safe else None))]
        actions = []
        without = not _EARNS_NOTHING.isdisjoint(told.notices)
        if self._programme.sign_in and without:
            back = self._public_url + address_of(asked, s="")
            sign_in = self._programme.sign_in
            actions.append((text.sign_in, f"{sign_in}{'&' if '?' in sign_in else '?'}{urlencode({'back': back})}"))
        actions.append((text.go_on_without if without else text.go_on, address_of(asked, go="1")))
        if Notice.OTHER_SHOPPER in told.notices:
            actions.append((text.switch, address_of(asked, switch="1")))
        return actions

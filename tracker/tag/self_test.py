"""`/tag/self-test`: a partner's snippets, and the way to a test of its own shop. The test itself runs in the shop."""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from tracker.core.partner import Partner
from tracker.tag.baits import BAITS
from tracker.tag.texts import TEXTS
from tracker.web.language import language_of
from tracker.web.pages import Pages


class SelfTestPage:
    def __init__(self, partners: Callable[[], Mapping[str, Partner]], *, name: str, public_url: str) -> None:
        """`name` of the programme; `public_url` is how a shop reaches us."""
        self._partners = partners
        self._public_url = public_url.rstrip("/")
        self._pages = Pages("tracker.tag", programme=name, home="/")

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/tag/self-test", self.show)]

    async def show(self, request: web.Request) -> web.Response:
        """Raises HTTPNotFound for a partner that is none."""
        asked = request.query.get("partner", "")
        partners = self._partners()
        if asked and asked not in partners:
            raise web.HTTPNotFound
        partner = partners.get(asked)
        language = language_of(request)
        other = {"partner": asked} if asked else {}
        response = self._pages.response(
            request,
            "self_test.html",
            language=language,
            text=TEXTS[language],
            partner=partner,
            partners=partners.values(),
            server=self._public_url,
            baits=BAITS,
            start=test_address(partner.home) if partner else "",
            other_language=f"/tag/self-test?{urlencode(other | {'lang': 'en' if language == 'ru' else 'ru'})}",
        )
        response.headers["X-Robots-Tag"] = "noindex"
        return response


def test_address(home: str) -> str:
    """The shop's first page, with the word that starts the test."""
    parts = urlsplit(home)
    return parts._replace(query=f"{parts.query}&ct_test=1".lstrip("&"), path=parts.path or "/").geturl()

"""A failure as a person sees it: a page in their language with a way on, where programs get JSON."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Middleware

from tracker.web.errors import request_id
from tracker.web.language import language_of
from tracker.web.pages import Pages

# language -> (what happened, what to do), by status; the first of each is for any other.
_WORDS = {
    "ru": {
        0: ("Запрос не понят", "Вернитесь назад и попробуйте ещё раз."),
        HTTPStatus.NOT_FOUND: ("Такой страницы нет", "Возможно, ссылка устарела или в ней опечатка."),
        HTTPStatus.TOO_MANY_REQUESTS: (
            "Слишком много запросов",
            "Из вашей сети их очень много. Подождите минуту.",
        ),
        HTTPStatus.SERVICE_UNAVAILABLE: ("Сейчас ответить не получается", "Попробуйте ещё раз через минуту."),
        HTTPStatus.INTERNAL_SERVER_ERROR: ("У нас что-то сломалось", "Сообщите в поддержку номер запроса."),
    },
    "en": {
        0: ("We could not understand that", "Go back and try again."),
        HTTPStatus.NOT_FOUND: ("There is no such page", "The link may be old, or have a typing error in it."),
        HTTPStatus.TOO_MANY_REQUESTS: ("Too many requests", "Very many came from your network at once. Wait a minute."),
        HTTPStatus.SERVICE_UNAVAILABLE: ("We cannot answer now", "Please try again in a minute."),
        HTTPStatus.INTERNAL_SERVER_ERROR: ("Something broke on our side", "Tell support the number of the request."),
    },
}
_HOME = {"ru": "К магазинам", "en": "To the shops"}


def pages_for_people(programme: str) -> Middleware:
    """Outside of `tracker.web.middleware`: what that refused as JSON becomes a page for whoever asks for one."""
    pages = Pages("tracker.web", programme=programme, home="/")

    @web.middleware
    async def told(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        answer = await handler(request)
        if answer.status < 400 or answer.content_type != "application/json" or not _is_person(request):
            return answer
        language = language_of(request)
        what, advice = _WORDS[language].get(answer.status, _WORDS[language][0])
        page = pages.response(
            request,
            "wrong.html",
            language=language,
            status=answer.status,
            what=what,
            advice=advice,
            number=request_id(request) if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "",
            to_home=_HOME[language],
            other_language="/?lang=" + ("en" if language == "ru" else "ru"),
        )
        kept = {name: answer.headers[name] for name in ("Allow", "Retry-After") if name in answer.headers}
        page.headers.update(kept)
        return page

    return told


def _is_person(request: web.Request) -> bool:
    """A browser asks for HTML by name; a partner is answered in its own words, whatever it asks for."""
    return "text/html" in request.headers.get("Accept", "") and not request.path.startswith("/pb/")

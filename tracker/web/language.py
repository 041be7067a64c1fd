"""Russian or English: what the shopper chose, else what the browser prefers."""

from aiohttp import web

from tracker.web.cookies import sent_cookies

LANGUAGES = ("ru", "en")
_COOKIE = "language"
_YEAR = 365 * 86_400


def language_of(request: web.Request) -> str:
    """`?lang=en` is a choice; it is kept in a cookie by `remember_language`."""
    kept = sent_cookies(request.headers.get("Cookie", "")).get(_COOKIE, "")
    return choose(request.headers.get("Accept-Language", ""), request.query.get("lang", ""), kept)


def choose(accept_language: str, *chosen: str) -> str:
    """The first choice that is one; else the first language of the browser's that we speak. A browser that names
    languages, and none of ours, gets English; one that names none Russian."""
    for language in chosen:
        if language in LANGUAGES:
            return language
    for part in accept_language.split(",")[:20]:
        language = part.partition(";")[0].strip().lower().partition("-")[0]
        if language in LANGUAGES:
            return language
    return "en" if accept_language.strip() else "ru"


def remember_language(request: web.Request, response: web.StreamResponse) -> None:
    chosen = request.query.get("lang", "")
    if chosen in LANGUAGES:
        response.set_cookie(_COOKIE, chosen, max_age=_YEAR, path="/", samesite="Lax")

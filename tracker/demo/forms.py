"""Forms of our own pages: what another site sends in a visitor's name is refused."""

from aiohttp import web

from tracker.web.forms import read_form


async def own_form(request: web.Request) -> dict[str, str]:
    """The fields. Raises HTTPForbidden for a form of another page, HTTPBadRequest for what is no form."""
    if not _is_own(request):
        raise web.HTTPForbidden
    sent = await read_form(request)
    return {name: value for name, value in sent.items() if isinstance(value, str)}


def _is_own(request: web.Request) -> bool:
    """By Sec-Fetch-Site, since our pages send no referrer and so `Origin: null`; an older browser by Origin."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    return request.headers.get("Origin") in (None, f"{request.scheme}://{request.host}")


def see_other(address: str) -> web.Response:
    """What follows a form: a page that can be loaded again without sending anything twice."""
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})

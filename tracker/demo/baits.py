"""The four files that the programme gives its partners (docs/partners.md), served as a partner would."""

from collections.abc import Mapping

from aiohttp import web

FOLDER = "/static"
_SCRIPT = ("text/javascript", "document.currentScript.dataset.ran = 'cashback-bait'\n")
_DATA = ("application/json", '{"text": "cashback-bait"}\n')
FILES: Mapping[str, tuple[str, str]] = {
    "ads-front.min.js": _SCRIPT,
    "x_468x60_y.json": _DATA,
    "front.min.js": _SCRIPT,
    "front.json": _DATA,
}


def bait_routes() -> list[web.RouteDef]:
    return [web.get(f"{FOLDER}/{{name}}", _serve)]


async def _serve(request: web.Request) -> web.Response:
    """Raises HTTPNotFound."""
    content_type, text = FILES.get(request.match_info["name"], ("", ""))
    if not text:
        raise web.HTTPNotFound
    return web.Response(text=text, content_type=content_type, headers={"Cache-Control": "no-cache"})

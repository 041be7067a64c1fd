"""A form that somebody sent: its fields, or 400."""

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from multidict import MultiDictProxy

Fields = MultiDictProxy[str | bytes | bytearray | web.FileField]


async def read_form(request: web.Request) -> Fields:
    """Raises HTTPBadRequest for what is no form: aiohttp has half a dozen exceptions for that, unknown charsets and
    headers of parts that cannot be read among them."""
    try:
        return await request.post()
    except (ValueError, LookupError, HttpProcessingError):
        raise web.HTTPBadRequest from None

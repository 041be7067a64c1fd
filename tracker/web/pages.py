"""Pages: templates in one shell and one style, no third party, no script unless a page says so."""

import base64
import hashlib
from importlib.resources import files

from aiohttp import web
from jinja2 import DictLoader, Environment, StrictUndefined

from tracker.web.language import remember_language

_SCRIPTS = "script-src 'self'; connect-src 'self'; "


class Pages:
    """The templates of one package's folder `templates`, and the shared ones of ours that it has none of itself: the
    shell, and a page that only tells something (`said`: title, lead, steps)."""

    def __init__(self, package: str, *, style: str | None = None, script: bool = False, **shared: object) -> None:
        """`style` instead of the shared one; `script`: the pages may run our own scripts, which may ask our own
        addresses. `shared` values are there in every template."""
        ours = files("tracker.web") / "templates"
        theirs = files(package) / "templates"
        sources = {
            file.name: file.read_text("utf-8")
            for folder in (ours, theirs)
            for file in folder.iterdir()
            if file.name.endswith(".html")
        }
        self._environment = Environment(
            loader=DictLoader(sources),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        style = style or (ours / "style.css").read_text("utf-8")
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self._environment.globals |= {"style": style, **shared}
        self._headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; img-src 'self' data:; "
            f"{_SCRIPTS if script else ''}form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
        }

    def render(self, template: str, **values: object) -> str:
        return self._environment.get_template(template).render(values)

    def response(
        self, request: web.Request, template: str, *, language: str, status: int = 200, **values: object
    ) -> web.Response:
        """The page, in that language."""
        html = self.render(template, language=language, **values)
        headers = self._headers | {"Content-Language": language}
        response = web.Response(status=status, text=html, content_type="text/html", headers=headers)
        remember_language(request, response)
        return response

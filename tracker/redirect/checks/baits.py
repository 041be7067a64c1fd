"""What the checks page's script asks for: two baits that ad blockers block, two controls that they do not, and itself.

A blocker may answer a bait itself with something harmless, so a bait counts only when it repeats the page's number.
"""

import hashlib
import re
from importlib.resources import files

from aiohttp import web

from tracker.web import refusal
from tracker.web.scripts import as_sent

CONTROL_SCRIPT = "/checks/control.js"
CONTROL_FETCH = "/checks/control.json"
PAGE_SCRIPT = "/checks/page.js"
PRIVATE_MODE = "/checks/private.js"

_NUMBER = re.compile(r"[A-Za-z0-9_-]{1,80}")
# The module carries the same licence text twice; the first one stays.
_SECOND_LICENSE = re.compile(r"\n/\*!.*?\*\*/\n", re.DOTALL)
_OURS_ALONE = {"X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin"}
_NEVER_KEPT = _OURS_ALONE | {"Cache-Control": "no-store"}
_KEPT = _OURS_ALONE | {"Cache-Control": "public, max-age=31536000, immutable"}


class Baits:
    def __init__(self, script: str, fetch: str) -> None:
        """`script` and `fetch` are the paths of the two baits."""
        folder = files("tracker.redirect.checks")
        private_mode = (folder / "vendor" / "detectIncognito.esm.js").read_text("utf-8")
        self.script = script
        self.fetch = fetch
        self._kept = {
            PAGE_SCRIPT: as_sent((folder / "checks.js").read_text("utf-8")),
            PRIVATE_MODE: _SECOND_LICENSE.sub("\n", private_mode),
        }
        self._versions = {path: hashlib.sha256(text.encode()).hexdigest()[:10] for path, text in self._kept.items()}

    @property
    def version(self) -> str:
        """Of the page's script: the evidence of a click names it."""
        return self._versions[PAGE_SCRIPT]

    def address(self, path: str) -> str:
        """Of PAGE_SCRIPT or PRIVATE_MODE, with the version in it: browsers keep it for a year."""
        return f"{path}?v={self._versions[path]}"

    def routes(self) -> list[web.RouteDef]:
        scripts = [web.get(path, _script) for path in (self.script, CONTROL_SCRIPT)]
        fetches = [web.get(path, _fetch) for path in (self.fetch, CONTROL_FETCH)]
        return [*scripts, *fetches, *(web.get(path, self._keep) for path in self._kept)]

    async def _keep(self, request: web.Request) -> web.Response:
        """Another version is asked for while servers are replaced one by one: it gets ours, and may not keep it."""
        current = request.query.get("v") == self._versions[request.path]
        headers = _KEPT if current else _NEVER_KEPT
        return web.Response(text=self._kept[request.path], content_type="text/javascript", headers=headers)


async def _script(request: web.Request) -> web.Response:
    number = _number(request)
    if number is None:
        return _no_number()
    return web.Response(text=f'served["{number}"]=1', content_type="text/javascript", headers=_NEVER_KEPT)


async def _fetch(request: web.Request) -> web.Response:
    number = _number(request)
    return _no_number() if number is None else web.json_response({"n": number}, headers=_NEVER_KEPT)


def _number(request: web.Request) -> str | None:
    number = request.query.get("n", "")
    return number if _NUMBER.fullmatch(number) else None


def _no_number() -> web.Response:
    return refusal(400, "malformed", "Only the checks page asks for this, and with its number.")

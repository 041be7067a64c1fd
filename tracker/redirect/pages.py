"""Pages of the click-out: small, without script, without third parties."""

import base64
import hashlib
from importlib.resources import files
from urllib.parse import urlencode

from jinja2 import DictLoader, Environment, StrictUndefined

from tracker.core.partner import Programme
from tracker.redirect.answer import STATUSES, Notice, Told
from tracker.redirect.click_out import ClickOut
from tracker.redirect.destination import is_deep_link, plain_address
from tracker.redirect.texts import EN, PageText

_EARNS_NOTHING = frozenset({Notice.NO_SHOPPER, Notice.LINK_EXPIRED})


class Pages:
    def __init__(self, programme: Programme, public_url: str) -> None:
        folder = files("tracker.redirect") / "templates"
        style = (folder / "page.css").read_text("utf-8")
        environment = Environment(
            loader=DictLoader({"page": (folder / "page.html").read_text("utf-8")}),
            autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        self._template = environment.get_template("page")
        self._style = style
        self._programme = programme
        self._public_url = public_url
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        self.headers = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'",
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
        }

    def render(self, told: Told, asked: ClickOut, text: PageText) -> str:
        """The page as HTML. Its links lead to us, to the partner, or to the programme's sign-in."""
        names = {"partner": told.partner.name if told.partner else "", "programme": self._programme.name}
        wrong = any(notice in STATUSES for notice in told.notices)
        return self._template.render(
            text=text,
            title=text.sorry if wrong else text.before_leaving.format_map(names),
            programme=self._programme.name,
            style=self._style,
            notices=[
                (text.notices[notice].heading.format_map(names), text.notices[notice].body.format_map(names))
                for notice in told.notices
            ],
            actions=self._actions(told, asked, text),
            other_language=_address(asked, lang="ru" if text is EN else "en"),
        )

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
            back = self._public_url + _address(asked, s="")
            sign_in = self._programme.sign_in
            actions.append((text.sign_in, f"{sign_in}{'&' if '?' in sign_in else '?'}{urlencode({'back': back})}"))
        actions.append((text.go_on_without if without else text.go_on, _address(asked, go="1")))
        if Notice.OTHER_SHOPPER in told.notices:
            actions.append((text.switch, _address(asked, switch="1")))
        return actions


def _address(asked: ClickOut, **changes: str) -> str:
    """The same click-out again, with changes."""
    said = {"s": asked.link_token, "url": asked.deep_link, "b": asked.banner, "surface": str(asked.surface)} | changes
    if said["surface"] == "site":
        del said["surface"]
    return f"/go/{asked.partner_id}?{urlencode({name: value for name, value in said.items() if value})}"

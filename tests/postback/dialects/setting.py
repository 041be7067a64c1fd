"""Requests in one dialect through the real pure pipeline: dialect, reading, the rules, the reply. No store."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from tests.core.factories import CLICKED_AT, LAB
from tracker.core.partner import Category, Origin, Partner, PostbackProfile, Programme, TermsVersion
from tracker.core.signing_keys import since_ever
from tracker.postback.dialects.dialect import PATH, Dialect, Shape
from tracker.postback.trial import Trial, try_postback
from tracker.redirect.click_id import SignedClickIds

SECRET = "SECRET"  # as the samples of postbacks.md write it
ANYWHERE = replace(LAB, origins=frozenset(Origin))  # orders of apps and phones earn, too

_IDS = SignedClickIds(since_ever("00" * 32))


def speaker(
    dialect: str, *, terms: TermsVersion = LAB, currencies: frozenset[str] = frozenset({"RUB"}), **profile: Any
) -> Partner:
    """A partner of that dialect, and of its name, at 5 %; its address is `/pb/DIALECT/SECRET`."""
    return Partner(
        id=dialect,
        name=dialect,
        category=next(iter(Category)),
        link="https://shop.example/?sub={click_id}",
        home="https://shop.example/",
        hosts=frozenset({"shop.example"}),
        currencies=currencies,
        postback=PostbackProfile(dialect=dialect, secrets=(SECRET,), **profile),
        terms=replace(terms, partner_id=dialect),
    )


def tried(
    partner: Partner | str, *requests: str, clicked_at: datetime = CLICKED_AT, after: timedelta = timedelta(hours=1)
) -> dict[str, Any]:
    """What `tracker try-postback` prints of the last request, the others having come before. `{click_id}` in a request
    is a click of this partner's; `partner` may be the name of a dialect."""
    partner = speaker(partner) if isinstance(partner, str) else partner
    programme = Programme(
        name="Programme", timezone="Europe/Moscow", sign_in=None, checks=(), partners={partner.id: partner}
    )
    *previous, last = requests
    trial = Trial(
        partner_id=partner.id,
        request=last,
        previous=tuple(previous),
        clicked_at=clicked_at,
        now=clicked_at + after,
    )
    return try_postback(trial, programme, _IDS)


def query(**said: str) -> str:
    """Parameters, encoded but for the placeholder of a click."""
    return urlencode(said, safe="{}")


def posted(dialect: str, body: str, kind: str = "application/json", sent: str = "") -> str:
    """A whole HTTP request: a POST to the partner's address, with `sent` in its query."""
    return f"POST /pb/{dialect}/{SECRET}?{sent} HTTP/1.1\nContent-Type: {kind}\n\n{body}"


def spoken(dialect: Dialect, shape: Shape, said: Mapping[str, str]) -> str:
    """A request of that shape that says it, by our fields' names: in the parameters it names first, with a made-up
    order and a click of ours, at its own path if it has one."""
    names = {field: names[0] for field, names in shape.fields.items()}
    said = {"click_id": "{click_id}", "order_id": "ORD-77", "line_id": "1", "amount": "1000"} | dict(said)
    sent = {names[field]: value for field, value in said.items() if field in names}
    path = shape.paths[0] if shape.paths else ""
    for name in [name for name in sent if name.startswith(PATH)]:
        path = path.replace("{" + name.removeprefix(PATH) + "}", sent.pop(name))
    return f"/pb/{dialect.name}/{SECRET}{path}?{urlencode(sent, safe='{}')}"

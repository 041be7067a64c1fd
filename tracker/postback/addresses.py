"""The addresses that a partner, or its network, is given: with the network's macros, and the paths of its shapes."""

from collections.abc import Iterator
from urllib.parse import quote

from tracker.core.partner import Partner
from tracker.core.partner_address import Address, Purpose
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import Direction, Shape
from tracker.postback.dialects.generic import GENERIC
from tracker.postback.sample import filled_path, proof_query, template


def addresses(partner: Partner, public_url: str) -> list[Address]:
    """They hold secrets: the newest, while two are active."""
    dialect = DIALECTS[partner.postback.dialect]
    ours = f"{public_url}/pb/{partner.id}/{quote(partner.postback.secrets[0], safe='')}"
    shape = dialect.shapes[0]
    if dialect.direction is Direction.NETWORK:
        return [Address(dialect.title, _joined(ours, _renamed(partner, dialect.macros), proof_query(partner, shape)))]
    if not shape.paths:
        label = "" if dialect is GENERIC else dialect.title
        return [Address(label, _joined(ours, template(partner, shape), proof_query(partner, shape)))]
    found = list(_own(partner, ours, dialect.title))
    if partner.postback.auth is not None:
        found += _own(partner, public_url, f"{dialect.title}: {public_url.partition('://')[2]}")
    return found


def paths(dialect: str) -> str:
    """Where a kept message came, by the dialect as it was kept (`tune-sender/update`); empty: at our address alone."""
    name, _, shape = dialect.partition("/")
    return " · ".join(DIALECTS[name].shape(shape).paths) if name in DIALECTS else ""


def _own(partner: Partner, root: str, label: str) -> Iterator[Address]:
    """What stands in braces the sender fills in, as it does for its network."""
    for shape in DIALECTS[partner.postback.dialect].shapes:
        for path in shape.paths:
            address = root + filled_path(partner, shape, path)
            query = (template(partner, shape), proof_query(partner, shape, path))
            yield Address(label, _joined(address, *query), _purpose(partner, shape))


def _purpose(partner: Partner, shape: Shape) -> Purpose:
    if "click_id" not in shape.fields:
        return Purpose.CHANGES
    stated = "status" in shape.fields or "status" in dict(partner.postback.mapping) or "status" in shape.implied
    return Purpose.ALL if stated else Purpose.NEW


def _joined(address: str, *queries: str) -> str:
    query = "&".join(filter(None, queries))
    return f"{address}?{query}" if query else address


def _renamed(partner: Partner, macros: str) -> str:
    """With the names that `map:` gives: the network lets them be chosen."""
    if not macros:
        return ""
    names: dict[str, str] = {}
    fields = DIALECTS[partner.postback.dialect].shapes[0].fields
    for field, renamed in partner.postback.mapping:
        names |= dict.fromkeys(fields.get(field, ()), renamed[0])
    pairs = (pair.partition("=") for pair in macros.split("&"))
    return "&".join(f"{names.get(name, name)}={value}" for name, _, value in pairs)

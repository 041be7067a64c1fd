"""The addresses that a partner, or its network, is given: with the network's macros, and the paths of its shapes."""

from collections.abc import Iterator
from urllib.parse import quote

from tracker.core.partner import Partner
from tracker.core.partner_address import Address
from tracker.core.proof import ParameterProof, leaves
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import Direction, Shape


def addresses(partner: Partner, public_url: str) -> list[Address]:
    """They hold secrets: the newest, while two are active."""
    dialect = DIALECTS[partner.postback.dialect]
    ours = f"{public_url}/pb/{partner.id}/{quote(partner.postback.secrets[0], safe='')}"
    if dialect.direction is Direction.NETWORK or not dialect.shapes[0].paths:
        query = f"?{_renamed(partner, dialect.macros)}" if dialect.macros else ""
        return [Address(dialect.title, ours + query, "")]
    found = [Address(dialect.title, ours + path, "") for path in _paths(dialect.shapes)]
    if partner.postback.auth is not None:
        host = public_url.partition("://")[2]
        found += [
            Address(f"{dialect.title}: {host}", public_url + path, _proof(partner)) for path in _paths(dialect.shapes)
        ]
    return found


def _paths(shapes: tuple[Shape, ...]) -> Iterator[str]:
    """What stands in braces the sender fills in, as it does for its network."""
    for shape in shapes:
        yield from shape.paths


def _renamed(partner: Partner, macros: str) -> str:
    """With the names that `map:` gives: the network lets them be chosen."""
    names: dict[str, str] = {}
    fields = DIALECTS[partner.postback.dialect].shapes[0].fields
    for field, renamed in partner.postback.mapping:
        names |= dict.fromkeys(fields.get(field, ()), renamed[0])
    pairs = (pair.partition("=") for pair in macros.split("&"))
    return "&".join(f"{names.get(name, name)}={value}" for name, _, value in pairs)


def _proof(partner: Partner) -> str:
    """The parameters that the sender must bring there."""
    named = [one.name for one in leaves(partner.postback.auth) if isinstance(one, ParameterProof) and not one.public]
    return ", ".join(dict.fromkeys(named))

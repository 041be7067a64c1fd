"""One order as a partner's messages say it: with words in braces for an address, with values for an example."""

import re
from collections.abc import Iterator, Mapping

from tracker.core.partner import AmountIs, Partner
from tracker.core.proof import AllOf, AnyOf, ParameterProof, Proof, SignatureProof, Source, leaves
from tracker.core.rates import RUBLES
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import PATH, Shape
from tracker.postback.read import amounts_of
from tracker.postback.status_words import status_words

_FIELDS = ("order_id", "click_id", "line_id", "quantity", "status", "amount", "delivery", "commission", "currency")
_VALUES = {"order_id": "A-1", "line_id": "1", "quantity": "1", "amount": "2490.00", "delivery": "0"}
_VALUES |= {"commission": "120.00", "status": "approved"}


def template(partner: Partner, shape: Shape) -> str:
    """The query with every field in braces: `order_id={order_id}&…`."""
    return _query({name: f"{{{field}}}" for field, name in _named(partner, shape)})


def filled_path(partner: Partner, shape: Shape, path: str) -> str:
    """Its words are those of the query; what proves something, as in `/{key}/postback`, stands in it already."""
    words = {name: f"{{{field}}}" for field, names in shape.fields.items() for name in names}
    words |= {one.name: one.secrets[0] for one in leaves(partner.postback.auth)
              if isinstance(one, ParameterProof) and one.secrets}  # fmt: skip
    return re.sub(r"\{(\w+)\}", lambda found: words.get(PATH + found[1], found[0]), path)


def sample(partner: Partner, shape: Shape, click_id: str) -> dict[str, str]:
    """An approved order, in the sender's names and words; without a word for that, it says no status."""
    values = _VALUES | {"click_id": click_id, "currency": min(partner.currencies - {RUBLES}, default=RUBLES)}
    words = dict(status_words(partner).known).get("approved", ())
    own = [theirs for theirs, ours in partner.postback.statuses if ours.startswith("approved")]
    of_shape = [word for word, said in shape.statuses.items() if word in words and not said.hold]
    word = next(iter([*own, *of_shape]), "")
    said = {name: word if field == "status" else values[field] for field, name in _named(partner, shape)
            if field != "status" or word}  # fmt: skip
    return dict.fromkeys(_signed(partner), "1") | said


def example_query(partner: Partner, click_id: str = "{click_id}") -> str:
    """As it is typed behind our address."""
    return _query(sample(partner, DIALECTS[partner.postback.dialect].shapes[0], click_id))


def proof_query(partner: Partner, shape: Shape, path: str = "") -> str:
    """What the address has for its proof beside the order: a signature in braces, and all that is signed; of several
    proofs of which one is enough, the first."""
    named = {name for _, name in _named(partner, shape)}
    found = {name: f"{{{name}}}" for name in _signed(partner) if name not in named}
    for one in leaves(_first(partner.postback.auth)):
        if isinstance(one, ParameterProof) and not one.in_header and not _in_path(one.name, path):
            found[one.name] = one.secrets[0] if one.secrets else f"{{{one.name}}}"
        elif isinstance(one, SignatureProof) and not one.in_header:
            found[one.name] = "{sign}"
    return _query(found)


def _signed(partner: Partner) -> Iterator[str]:
    for one in leaves(_first(partner.postback.auth)):
        if isinstance(one, SignatureProof) and not isinstance(one.over, Source):
            yield from one.over


def _in_path(name: str, path: str) -> bool:
    return name.startswith(PATH) and f"{{{name.removeprefix(PATH)}}}" in path


def _first(proof: Proof | None) -> Proof | None:
    match proof:
        case AnyOf(proofs):
            return _first(proofs[0])
        case AllOf(proofs):
            return AllOf(tuple(one for each in proofs if (one := _first(each)) is not None))
        case _:
            return proof


def _named(partner: Partner, shape: Shape) -> Iterator[tuple[str, str]]:
    """The fields that an order needs, each by the sender's name, and no name twice."""
    seen: set[str] = set()
    mapped = dict(partner.postback.mapping)
    for field in _FIELDS:
        names = mapped.get(field) or shape.fields.get(field, ())
        in_path = names and names[0].startswith(PATH)
        if names and not in_path and names[0] not in seen and _needed(field, partner, shape, mapped):
            seen.add(names[0])
            yield field, names[0]


def _needed(field: str, partner: Partner, shape: Shape, mapped: Mapping[str, object]) -> bool:
    amounts = amounts_of(partner.postback, shape)
    match field:
        case "line_id":
            return field in mapped or amounts.is_ is not AmountIs.ORDER_TOTAL
        case "quantity":
            return field in mapped or amounts.is_ is AmountIs.UNIT_PRICE
        case "delivery":
            return amounts.include_delivery
        case "commission":
            return field in mapped or ("amount" not in mapped and "amount" not in shape.fields)
        case "currency":
            return partner.currencies != {RUBLES}
        case _:
            return True


def _query(pairs: Mapping[str, str]) -> str:
    return "&".join(f"{name}={value}" for name, value in pairs.items())

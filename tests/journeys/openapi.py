"""The endpoints that take messages, described for the tests that make requests from a description."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]

_TEXTS: dict[str, Json] = {name: {"type": "string", "maxLength": 300} for name in (
    "click_id", "order_id", "line_id", "status", "amount", "delivery", "currency", "order_time", "event_time", "origin",
    "subid4", "admitad_id", "payment_status", "order_sum", "transaction_id", "adv_sub", "held", "positions", "test",
)}  # fmt: skip
_WORDS: Json = {"enum": ["approved", "declined", "pending", "new", "rejected", "", "1"]}
_ANY: Json = {"type": "string", "maxLength": 40}
_TAG: Json = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "pattern": "^[a-z0-9]{16,32}$"},
        "partner": {"enum": ["lab", "nobody"]},
        "kind": {"enum": ["landing", "confirmation"]},
        "tab": {"type": "string"},
        "click": {"type": "string"},
        "cookie": {"type": "string"},
        "order": {"type": "string"},
        "storage": {"enum": ["ok", "blocked", ""]},
        "final": {"type": "boolean"},
    },
    "required": ["id", "partner", "kind", "tab"],
}


@dataclass(frozen=True)
class Spoken:
    """A partner's address, and the parameter that proves it beside the secret, if it needs one."""

    partner: str
    secret: str
    proof: tuple[str, str] | None = None


def description(partners: list[Spoken]) -> Json:
    """OpenAPI 3 of the addresses of these partners, of networks' own paths, the tag, and a partner's page."""
    message = {"type": "object", "properties": {**_TEXTS, "status": _WORDS, "payment_status": _WORDS}}
    paths: Json = {}
    for one in partners:
        address = f"/pb/{one.partner}/{{secret}}"
        secret = _parameter("secret", "path", {"enum": [one.secret, "wrong"]})
        said = list(_query(one.proof))
        paths[address] = _operations([secret, *said], message)
        paths[f"{address}/{{tail}}"] = _operations([secret, _parameter("tail", "path", _ANY), *said], message)
    proof = next((one.proof for one in partners if one.proof), None)
    for path in ("/aff_lsr", "/r", "/rp"):
        paths[path] = _operations(list(_query(proof)), message)
    paths["/tag"] = {"post": _operation([], {"application/json": {"schema": _TAG}})}
    texts = {"type": "object", "properties": {"request": {"type": "string"}, "previous": {"type": "string"}}}
    forms = {kind: {"schema": texts} for kind in ("application/x-www-form-urlencoded", "multipart/form-data")}
    page = _parameter("partner", "path", {"enum": ["lab", "nobody"]})
    paths["/partner/{partner}/try"] = {"post": _operation([page], forms)}
    return {"openapi": "3.0.3", "info": {"title": "Messages", "version": "1"}, "paths": paths}


def _operations(parameters: list[Json], message: Json) -> Json:
    kinds = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
    bodies = {kind: {"schema": message} for kind in kinds} | {"text/plain": {"schema": {"type": "string"}}}
    return {"get": _operation(parameters), "post": _operation(parameters, bodies)}


def _operation(parameters: list[Json], bodies: Mapping[str, Json] | None = None) -> Json:
    answers = {"responses": {"default": {"description": "An answer in the sender's words"}}}
    body = {"requestBody": {"content": dict(bodies)}} if bodies else {}
    return {"parameters": parameters, **body, **answers}


def _query(proof: tuple[str, str] | None) -> Iterator[Json]:
    for name, schema in {**_TEXTS, "status": _WORDS, "payment_status": _WORDS}.items():
        yield _parameter(name, "query", schema)
    if proof is not None:
        yield _parameter(proof[0], "query", {"enum": [proof[1]]}, required=True)


def _parameter(name: str, place: str, schema: Json, *, required: bool = False) -> Json:
    return {"name": name, "in": place, "required": required or place == "path", "schema": schema}

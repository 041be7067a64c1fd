"""Which partner speaks at a network's own path, where no partner stands in the address: its server was told our host
and nothing else (postbacks.md, direction B)."""

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from urllib.parse import urlencode

from tracker.core.partner import Partner
from tracker.core.proof import HEADER, handles
from tracker.postback.authenticate import Presented, proved
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import Shape
from tracker.postback.read import parameters
from tracker.postback.refusal import Refusal
from tracker.postback.request import RawRequest, fields, legible

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Call:
    """A request with what came beside it. Headers are asked for by their names in small letters; none of it is ever
    kept."""

    request: RawRequest
    path: str = ""  # the network's own, or what follows the secret of our address
    headers: Mapping[str, str] | None = None
    address: str = ""

    def __repr__(self) -> str:
        return f"Call({self.request.method})"


@dataclass(frozen=True, slots=True)
class Shaped:
    """A call as one partner's dialect sees it: the request with what its path says, and what it brings as proof; None
    where the partner asks for none."""

    request: RawRequest
    presented: Presented | None


def shaped(partner: Partner, call: Call) -> Shaped:
    """A path that is none of the dialect's own is that of our address."""
    return _Parsed(call).of(partner)


class _Parsed:
    """A call that is parsed once, however many partners it may be of."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._inside: dict[str, Mapping[str, str]] = {}  # by the field that holds more

    @cached_property
    def plain(self) -> Mapping[str, str]:
        return _sent(self._call.request, None)

    def of(self, partner: Partner) -> Shaped:
        dialect = DIALECTS[partner.postback.dialect]
        shape, captured = dialect.at(self._call.path) or (dialect.shapes[0], {})
        read_of_path = {name: value for name, value in captured.items() if name in parameters(partner)}
        query = "&".join(filter(None, (self._call.request.query, urlencode(read_of_path))))
        request = replace(self._call.request, query=query, shape=shape.name)
        if partner.postback.auth is None:
            return Shaped(request, None)
        presented = Presented(
            self._call.request,
            {**self._said(partner.postback.json_field or shape.json_field), **captured},
            self._call.headers or {},
            self._call.address,
            _read_of(partner, shape),
            frozenset(read_of_path),
        )
        return Shaped(request, presented)

    def _said(self, json_field: str | None) -> Mapping[str, str]:
        if json_field is None or json_field not in self.plain:
            return self.plain
        if json_field not in self._inside:
            self._inside[json_field] = _sent(self._call.request, json_field)
        return self._inside[json_field]


def _sent(request: RawRequest, json_field: str | None) -> Mapping[str, str]:
    """What cannot be read may bring its proof all the same: then it is kept, and its sender is told."""
    found = fields(request, json_field)
    return legible(request, json_field) if isinstance(found, Refusal) else found


def _read_of(partner: Partner, shape: Shape) -> frozenset[str]:
    """Every parameter that decides anything, and the roots of those that do."""
    json_field = partner.postback.json_field or shape.json_field
    others = {"test", *shape.listed, *shape.events, *([json_field] if json_field else [])}
    return parameters(partner) | others | ({shape.items.path} if shape.items else set())


def is_proved(partner: Partner, presented: Presented | None, now: datetime) -> bool:
    """Whether what the partner asks for beside the secret of its address was brought."""
    if partner.postback.auth is None:
        return True
    return presented is not None and proved(partner.postback.auth, presented, now)


class Senders:
    """Partners that may speak at networks' own paths: those with `auth`. Found by the constants that each of their
    messages brings, so that their number does not matter; those who bring none are tried one by one."""

    def __init__(self, partners: Iterable[Partner]) -> None:
        self._by_constant: dict[tuple[str, bytes], list[Partner]] = {}
        self._others: dict[str, list[Partner]] = {}  # by dialect
        for partner in partners:
            if partner.postback.auth is None or not any(shape.paths for shape in _shapes(partner)):
                continue
            constants = handles(partner.postback.auth)
            for name, value in constants or ():
                self._by_constant.setdefault((name, _digest(value)), []).append(partner)
            if constants is None:
                self._others.setdefault(partner.postback.dialect, []).append(partner)
        self._names = {name for name, _ in self._by_constant}

    def find(self, call: Call, now: datetime) -> tuple[Partner, Shaped] | None:
        """The one whose proof the request brings; if it proves more than one, nobody can know which was meant."""
        parsed = _Parsed(call)
        each = ((partner, parsed.of(partner)) for partner in self._candidates(call, parsed.plain))
        found = [(partner, said) for partner, said in each if is_proved(partner, said.presented, now)]
        if len(found) > 1:
            known = ", ".join(partner.id for partner, _ in found)
            _log.warning("A message may be of %s: their auth does not tell them apart", known)
        return found[0] if len(found) == 1 else None

    def _candidates(self, call: Call, sent: Mapping[str, str]) -> Iterator[Partner]:
        said = [*sent.items()]
        said += [(HEADER + name.lower(), value) for name, value in (call.headers or {}).items()]
        speaking = set()
        for dialect in DIALECTS.values():
            if at := dialect.at(call.path):
                speaking.add(dialect.name)
                said += at[1].items()
        named = (self._by_constant.get((name, _digest(value)), ()) for name, value in said if name in self._names)
        found = {partner.id: partner for partners in named for partner in partners}
        yield from (partner for partner in found.values() if partner.postback.dialect in speaking)
        for dialect_name in speaking:
            yield from self._others.get(dialect_name, ())


def own_paths() -> list[str]:
    """Every path of every network's shape, to be mounted."""
    paths = {path.rstrip("/") for dialect in DIALECTS.values() for shape in dialect.shapes for path in shape.paths}
    return sorted(path for path in paths if path)


def _shapes(partner: Partner) -> tuple[Shape, ...]:
    return DIALECTS[partner.postback.dialect].shapes


def _digest(value: str) -> bytes:
    """So that no comparison of a secret ends early."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()

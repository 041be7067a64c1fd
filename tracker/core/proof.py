"""How a message proves whose it is, beside the secret of its address. `postback/authenticate.py` judges it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum


class Algorithm(StrEnum):
    SHA1 = "sha1"
    SHA256 = "sha256"
    SHA512 = "sha512"
    MD5 = "md5"


class Encoding(StrEnum):
    HEX = "hex"
    BASE64 = "base64"


class Source(StrEnum):
    """What a signature covers, if not the values of listed parameters."""

    QUERY = "query"  # as it came, without the signature
    BODY = "body"


@dataclass(frozen=True, slots=True)
class ParameterProof:
    """A constant in a parameter or a header: a secret, two of which are active while rotating, or a public name."""

    name: str
    secrets: tuple[str, ...] = field(repr=False)
    in_header: bool = False
    public: bool = False  # proves nothing alone: tells which partner a signature must be of


@dataclass(frozen=True, slots=True)
class SignatureProof:
    """An HMAC. `over`: the parameters whose values are signed, joined by `separator`, or a Source."""

    name: str
    secrets: tuple[str, ...] = field(repr=False)
    over: tuple[str, ...] | Source = Source.BODY
    algorithm: Algorithm = Algorithm.SHA256
    encoding: Encoding = Encoding.HEX
    separator: str = ""
    in_header: bool = False


@dataclass(frozen=True, slots=True)
class WebhookProof:
    """Standard Webhooks: id, timestamp and body are signed, and the timestamp is of now."""

    secrets: tuple[str, ...] = field(repr=False)  # whsec_ and base64, or the text itself


@dataclass(frozen=True, slots=True)
class AddressProof:
    """The sender's networks, as our own proxies saw it."""

    networks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    proofs: tuple["Proof", ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    proofs: tuple["Proof", ...]


HEADER = "header "  # before the name of one, among parameters
Proof = ParameterProof | SignatureProof | WebhookProof | AddressProof | AllOf | AnyOf


def leaves(proof: Proof | None) -> Iterator[ParameterProof | SignatureProof | WebhookProof | AddressProof]:
    """Every single proof of a combined one."""
    if isinstance(proof, AllOf | AnyOf):
        for one in proof.proofs:
            yield from leaves(one)
    elif proof is not None:
        yield proof


def proof_secrets(proof: Proof | None) -> tuple[str, ...]:
    """All that must never be kept or shown."""
    return tuple(secret for one in _hidden(proof) for secret in one.secrets)


def lacks_secrets(proof: Proof | None) -> bool:
    """Whether a secret is not known here, so that nothing can be proved."""
    return not all(one.secrets for one in _hidden(proof))


def proof_parameters(proof: Proof | None) -> frozenset[str]:
    """The parameters that carry a secret or a signature."""
    return frozenset(one.name for one in _hidden(proof) if not isinstance(one, WebhookProof) and not one.in_header)


def proves(proof: Proof) -> bool:
    """Whether it asks for anything that others cannot bring: a public name alone proves nothing."""
    match proof:
        case AnyOf(proofs):
            return all(proves(one) for one in proofs)
        case AllOf(proofs):
            return any(proves(one) for one in proofs)
        case ParameterProof():
            return not proof.public
        case _:
            return True


def handles(proof: Proof) -> frozenset[tuple[str, str]] | None:
    """Parameters, and headers behind HEADER, with their values, one of which every message of this sender brings; None:
    there are none such."""
    match proof:
        case ParameterProof(name, secrets, in_header):
            return frozenset((HEADER + name.lower() if in_header else name, secret) for secret in secrets)
        case AllOf(proofs):
            return next((found for one in proofs if (found := handles(one)) is not None), None)
        case AnyOf(proofs):
            each = [handles(one) for one in proofs]
            return None if None in each else frozenset().union(*(found for found in each if found))
        case _:
            return None


def _hidden(proof: Proof | None) -> Iterator[ParameterProof | SignatureProof | WebhookProof]:
    for one in leaves(proof):
        if not isinstance(one, AddressProof) and not (isinstance(one, ParameterProof) and one.public):
            yield one

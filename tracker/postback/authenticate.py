"""Whether a message comes from whom it says (postbacks.md 6.5): by the secret of its address, two of which are active
while rotating, by a parameter, a signature, its sender's network, or several of these together.

Every comparison takes the same time whatever is right, and every part of a combined proof is tried. A signature over
the query or the body proves nothing of a message that says something elsewhere.
"""

import base64
import hmac
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from tracker.core.partner import Partner
from tracker.core.proof import (
    AddressProof,
    Algorithm,
    AllOf,
    AnyOf,
    Encoding,
    ParameterProof,
    Proof,
    SignatureProof,
    Source,
    WebhookProof,
)
from tracker.core.standard_webhooks import key_of, signature
from tracker.postback.request import RawRequest, query_names

# How old, or how early, a signed timestamp may be: clocks differ, and a network may be slow.
TIMESTAMP_TOLERANCE_SECONDS = 300
_NOBODY = ("no partner has this secret",)
_DIGEST_BYTES = {Algorithm.MD5: 16, Algorithm.SHA1: 20, Algorithm.SHA256: 32, Algorithm.SHA512: 64}
_WEBHOOK_SIGNATURE = re.compile("v1,[A-Za-z0-9+/]{43}=")


@dataclass(frozen=True, slots=True)
class Presented:
    """What a request brings as proof. Headers by their names in small letters. `read`: the parameters that a message of
    this partner says anything in; `in_path`: those of them that its path holds."""

    request: RawRequest
    parameters: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    address: str = ""
    read: Collection[str] = frozenset()
    in_path: Collection[str] = frozenset()


def find_partner(partners: Mapping[str, Partner], partner_id: str, secret: str) -> Partner | None:
    """The partner, if the secret is one of its own. Takes the same time whoever is asked for."""
    partner = partners.get(partner_id)
    secrets = partner.postback.secrets if partner else _NOBODY
    matches = _is_one_of(secret, secrets or _NOBODY)
    return partner if partner and partner.postback.secrets and matches else None


def proved(proof: Proof, presented: Presented, now: datetime) -> bool:
    """Whether a request brings what the partner's `auth` asks for."""
    match proof:
        case AnyOf(proofs):
            return True in [proved(one, presented, now) for one in proofs]
        case AllOf(proofs):
            return False not in [proved(one, presented, now) for one in proofs]
        case ParameterProof():
            given = (
                presented.headers.get(proof.name.lower()) if proof.in_header else presented.parameters.get(proof.name)
            )
            return given is not None and _is_one_of(given, proof.secrets)
        case SignatureProof():
            return _signed(proof, presented)
        case WebhookProof():
            return _webhook_signed(proof, presented, now)
        case AddressProof(networks):
            return _within(presented.address, networks)


def _is_one_of(given: str, secrets: tuple[str, ...]) -> bool:
    sent = given.encode("utf-8", "surrogatepass")
    return True in [hmac.compare_digest(secret.encode(), sent) for secret in secrets]


def _signed(proof: SignatureProof, presented: Presented) -> bool:
    places: Mapping[str, str] = presented.headers if proof.in_header else presented.parameters
    given = places.get(proof.name.lower() if proof.in_header else proof.name, "")
    given = given.strip().removeprefix(f"{proof.algorithm}=")  # GitHub's way: sha256=…
    if proof.encoding is Encoding.HEX:
        given = given.lower()
    if not _plausible(given, proof) or not _covered(proof.over, presented):
        return False
    text = _canonical(proof, presented)
    return _is_one_of(given, tuple(signature_of(proof, secret, text) for secret in proof.secrets))


def signature_of(proof: SignatureProof, secret: str, text: bytes) -> str:
    """As the sender writes it."""
    digest = hmac.digest(secret.encode(), text, str(proof.algorithm))
    return digest.hex() if proof.encoding is Encoding.HEX else base64.b64encode(digest).decode()


def _plausible(given: str, proof: SignatureProof) -> bool:
    """Whether it looks like a signature at all: else none is made to compare it with."""
    size = _DIGEST_BYTES[proof.algorithm]
    if proof.encoding is Encoding.HEX:
        return len(given) == 2 * size and re.fullmatch("[0-9a-f]+", given) is not None
    return len(given) == (size + 2) // 3 * 4 and re.fullmatch("[A-Za-z0-9+/]+={0,2}", given) is not None


def _covered(over: tuple[str, ...] | Source, presented: Presented) -> bool:
    """Whether what the message says is what is signed. A list covers what it lists, and at least something of it must
    be there: the signature of nothing is the same for ever."""
    match over:
        case Source.QUERY:
            return not presented.request.body.strip() and not presented.in_path
        case Source.BODY:
            return _body_says_all(presented)
        case names:
            return any(presented.parameters.get(name) for name in names)


def _body_says_all(presented: Presented) -> bool:
    """There is a body, and nothing that is read stands in the address."""
    beside = {
        name
        for name in query_names(presented.request)
        for one in presented.read
        if name == one or name.startswith(f"{one}.")
    }
    return bool(presented.request.body.strip()) and not beside and not presented.in_path


def _canonical(proof: SignatureProof, presented: Presented) -> bytes:
    match proof.over:
        case Source.BODY:
            return presented.request.body
        case Source.QUERY:
            pairs = presented.request.query.split("&")
            kept = "&".join(pair for pair in pairs if pair.partition("=")[0] != proof.name)
            return kept.encode("utf-8", "surrogatepass")
        case names:
            values = (presented.parameters.get(name, "") for name in names)
            return proof.separator.join(values).encode("utf-8", "surrogatepass")


def _webhook_signed(proof: WebhookProof, presented: Presented, now: datetime) -> bool:
    identity, timestamp, signatures = (
        presented.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
    )
    given = [one for one in signatures.split()[:10] if _WEBHOOK_SIGNATURE.fullmatch(one)]
    if not given or not identity.isascii() or not identity or not re.fullmatch("[0-9]{9,11}", timestamp):
        return False
    fresh = abs(now.timestamp() - int(timestamp)) <= TIMESTAMP_TOLERANCE_SECONDS
    if not fresh or not _body_says_all(presented):
        return False
    keys = (key_of(secret) or secret.encode() for secret in proof.secrets)
    made = tuple(signature(key, identity, int(timestamp), presented.request.body) for key in keys)
    return True in [_is_one_of(one, made) for one in given]


def _within(address: str, networks: tuple[str, ...]) -> bool:
    try:
        sender = ip_address(address)
    except ValueError:
        return False
    return any(sender in _network(network) for network in networks)


@cache
def _network(text: str) -> IPv4Network | IPv6Network:
    """There are as many as partners.yaml names."""
    return ip_network(text)

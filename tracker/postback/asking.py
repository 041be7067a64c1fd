"""What a partner's `auth` asks for, told so that its programmer can do it: each signature with a worked example."""

from collections.abc import Iterator

from tracker.core.partner import Partner
from tracker.core.partner_address import Asked, AskedKind, Asking, Signing
from tracker.core.proof import AddressProof, AnyOf, ParameterProof, SignatureProof, Source, leaves
from tracker.postback.authenticate import signature_of
from tracker.postback.dialects import DIALECTS
from tracker.postback.sample import sample

EXAMPLE_CLICK = "c7k2m9x4q8w3e5r6t1y2h3j4k5m6n7"


def asking(partner: Partner) -> Asking:
    """With the partner's own keys in it."""
    return Asking(tuple(_asked(partner)), isinstance(partner.postback.auth, AnyOf))


def _asked(partner: Partner) -> Iterator[Asked]:
    for one in leaves(partner.postback.auth):
        match one:
            case ParameterProof(name, secrets, in_header):
                yield Asked(AskedKind.PARAMETER, name, next(iter(secrets), ""), in_header)
            case SignatureProof(name, secrets, in_header=in_header):
                yield Asked(AskedKind.SIGNATURE, name, next(iter(secrets), ""), in_header, _signing(partner, one))
            case AddressProof(networks):
                yield Asked(AskedKind.NETWORKS, value=", ".join(networks))
            case _:
                yield Asked(AskedKind.WEBHOOK, value=next(iter(one.secrets), ""))


def _signing(partner: Partner, proof: SignatureProof) -> Signing | None:
    """None while the key is not known."""
    if not proof.secrets:
        return None
    said = sample(partner, DIALECTS[partner.postback.dialect].shapes[0], EXAMPLE_CLICK)
    text = "&".join(f"{name}={value}" for name, value in said.items())
    over = str(proof.over)
    if not isinstance(proof.over, Source):
        over = ", ".join(proof.over)
        text = proof.separator.join(said.get(name, "") for name in proof.over)
    made = signature_of(proof, proof.secrets[0], text.encode())
    return Signing(str(proof.algorithm), str(proof.encoding), over, proof.separator, text, made)

"""Whose a message is: each proof alone, several combined, two secrets while they rotate, and nothing that leaks."""

import base64
import hmac
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any

import pytest

from tests.postback.setting import SECRET, partner
from tracker.core.partner import PostbackProfile
from tracker.core.proof import (
    AddressProof,
    AllOf,
    AnyOf,
    Encoding,
    ParameterProof,
    Proof,
    SignatureProof,
    Source,
    WebhookProof,
    handles,
    proof_parameters,
    proof_secrets,
    proves,
)
from tracker.core.standard_webhooks import secret_of, signature
from tracker.postback.authenticate import TIMESTAMP_TOLERANCE_SECONDS, Presented, find_partner, proved
from tracker.postback.request import RawRequest

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEY = b"the key of signatures, 32 bytes."
SECRET_KEY = secret_of(KEY)
BODY = b'{"order_id":"A-1"}'
NEVER = AddressProof(("192.0.2.0/24",))
ALWAYS = AddressProof(("0.0.0.0/0",))


def presented(
    query: str = "",
    *,
    body: bytes = b"",
    address: str = "203.0.113.7",
    headers: dict[str, str] | None = None,
    **said: str,
) -> Presented:
    return Presented(RawRequest("POST", query, body=body), said, headers or {}, address)


def brings(proof: Proof, **more: Any) -> bool:
    query = more.pop("query", "")
    return proved(proof, presented(query, **more), NOW)


def test_a_constant_in_a_parameter_or_a_header_is_compared_whole() -> None:
    token = ParameterProof("token", ("the-token-0123",))
    for given, good in (("the-token-0123", True), ("the-token-012", False), ("The-token-0123", False), ("", False)):
        assert brings(token, token=given) is good
    assert not brings(token, key="the-token-0123")
    assert not brings(token, headers={"token": "the-token-0123"})

    bearer = ParameterProof("Authorization", ("Bearer the-token-0123",), in_header=True)
    assert brings(bearer, headers={"authorization": "Bearer the-token-0123"})
    assert not brings(bearer, headers={"authorization": "the-token-0123"})
    assert not brings(bearer, Authorization="Bearer the-token-0123")


@pytest.mark.parametrize("given", ["\ud800", "п", "\x00", "x" * 100_000])
def test_any_text_can_be_compared(given: str) -> None:
    assert not brings(ParameterProof("token", ("the-token-0123",)), token=given)
    assert not brings(SignatureProof("sign", ("key",), over=("order",)), sign=given, order=given)
    assert find_partner({"lab": partner()}, "lab", given) is None


def test_while_secrets_rotate_both_count_and_an_unset_one_never() -> None:
    assert [brings(ParameterProof("token", ("new", "old")), token=one) for one in ("new", "old", "older")] == [
        True, True, False,
    ]  # fmt: skip
    both = SignatureProof("sign", ("new", "old"), over=("order",))
    for key, good in ((b"new", True), (b"old", True), (b"older", False)):
        assert brings(both, sign=hmac.new(key, b"A-1", "sha256").hexdigest(), order="A-1") is good

    for nothing in (ParameterProof("token", ()), SignatureProof("token", ()), WebhookProof(())):
        assert not brings(nothing, token="")
    no_key = hmac.new(b"", b"", "sha256").hexdigest()
    assert not brings(SignatureProof("sign", ()), sign=no_key)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512", "md5"])
@pytest.mark.parametrize("encoding", list(Encoding))
def test_a_signature_by_each_algorithm_in_each_encoding(algorithm: Any, encoding: Encoding) -> None:
    digest = hmac.new(b"key", b"A-1|10.00", algorithm).digest()
    sent = digest.hex() if encoding is Encoding.HEX else base64.b64encode(digest).decode()
    proof = SignatureProof("sign", ("key",), ("order", "sum"), algorithm, encoding, separator="|")

    assert brings(proof, sign=sent, order="A-1", sum="10.00")
    assert brings(proof, sign=f"{algorithm}={sent}", order="A-1", sum="10.00")
    assert not brings(proof, sign=sent, order="A-1", sum="10.01")
    assert not brings(proof, sign=sent[:-2], order="A-1", sum="10.00")
    assert not brings(proof, order="A-1", sum="10.00")


def test_a_signature_in_capital_hex_counts_but_not_in_another_base64() -> None:
    digest = hmac.new(b"key", b"A-1", "sha256").digest()
    assert brings(SignatureProof("sign", ("key",), ("order",)), sign=digest.hex().upper(), order="A-1")
    text = base64.b64encode(digest).decode()
    proof = SignatureProof("sign", ("key",), ("order",), encoding=Encoding.BASE64)
    assert not brings(proof, sign=text.swapcase(), order="A-1")


def test_what_is_signed_may_be_the_body_or_the_query_without_the_signature() -> None:
    in_header = SignatureProof("X-Signature", ("key",), Source.BODY, in_header=True)
    body_sign = hmac.new(b"key", BODY, "sha256").hexdigest()
    assert brings(in_header, body=BODY, headers={"x-signature": f"sha256={body_sign}"})
    assert not brings(in_header, body=BODY + b" ", headers={"x-signature": body_sign})

    of_query = SignatureProof("sign", ("key",), Source.QUERY)
    sign = hmac.new(b"key", b"order_id=A%2D1&sum=10", "sha256").hexdigest()
    for query in (f"order_id=A%2D1&sum=10&sign={sign}", f"sign={sign}&order_id=A%2D1&sum=10"):
        assert brings(of_query, query=query, sign=sign)
    for changed in (f"order_id=A-1&sum=10&sign={sign}", f"sum=10&order_id=A%2D1&sign={sign}"):
        assert not brings(of_query, query=changed, sign=sign)


def webhook(
    *, seconds: int = 0, key: bytes = KEY, identity: str = "msg_1", sent_as: str = "", also: str = ""
) -> dict[str, str]:
    """The headers of Standard Webhooks for BODY, so many seconds from now."""
    moment = int((NOW + timedelta(seconds=seconds)).timestamp())
    signed = signature(key, identity, moment, BODY)
    return {
        "webhook-id": identity,
        "webhook-timestamp": sent_as or str(moment),
        "webhook-signature": f"{also} {signed}".strip(),
    }


@pytest.mark.parametrize(
    ("headers", "good"),
    [
        (webhook(), True),
        (webhook(also="v1,bm90IHRoaXMgb25l"), True),  # the sender rotates
        (webhook(seconds=-TIMESTAMP_TOLERANCE_SECONDS), True),
        (webhook(seconds=TIMESTAMP_TOLERANCE_SECONDS), True),
        (webhook(seconds=-TIMESTAMP_TOLERANCE_SECONDS - 1), False),
        (webhook(seconds=TIMESTAMP_TOLERANCE_SECONDS + 1), False),
        (webhook(key=b"another key of at least 24 bytes"), False),
        (webhook() | {"webhook-id": "msg_2"}, False),
        (webhook() | {"webhook-timestamp": str(int(NOW.timestamp()) + 1)}, False),
        (webhook(sent_as="soon"), False),
        (webhook(sent_as="1e9"), False),
        (webhook(sent_as="٠١٢٣٤٥٦٧٨٩"), False),
        (webhook(sent_as="9" * 400), False),
        (webhook(identity=""), False),
        (webhook() | {"webhook-signature": ""}, False),
        ({}, False),
    ],
)  # fmt: skip
def test_standard_webhooks_sign_identity_time_and_body(headers: dict[str, str], good: bool) -> None:
    assert brings(WebhookProof((SECRET_KEY,)), headers=headers, body=BODY) is good
    assert (
        brings(WebhookProof((secret_of(b"the next one: also 24 bytes!"), SECRET_KEY)), headers=headers, body=BODY)
        is good
    )
    assert not brings(WebhookProof((SECRET_KEY,)), headers=headers, body=BODY + b" ")


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("203.0.113.7", True),
        ("203.0.114.7", False),
        ("198.51.100.9", True),
        ("198.51.100.10", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("203.0.113.7, 198.51.100.9", False),
    ],
)
def test_a_sender_is_of_the_listed_networks(address: str, good: bool) -> None:
    networks = AddressProof(("203.0.113.0/24", "198.51.100.9/32", "2001:db8::/32"))
    assert brings(networks, address=address) is good


@pytest.mark.parametrize("yes", list(product([True, False], repeat=3)))
def test_proofs_are_combined_as_written(yes: tuple[bool, bool, bool]) -> None:
    first, second, third = (ALWAYS if one else NEVER for one in yes)
    assert brings(AllOf((first, second, third))) is all(yes)
    assert brings(AnyOf((first, second, third))) is any(yes)
    assert brings(AnyOf((first, AllOf((second, third))))) is (yes[0] or (yes[1] and yes[2]))
    assert brings(AllOf((first, AnyOf((second, third))))) is (yes[0] and (yes[1] or yes[2]))


def test_every_part_of_a_proof_is_tried_and_every_comparison_is_of_constant_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compared: list[bytes] = []
    genuine = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append(one)
        return genuine(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    token, other = ParameterProof("token", ("new-secret", "old-secret")), ParameterProof("key", ("a-key-secret",))
    for proof in (AllOf((token, other)), AnyOf((token, other))):
        for said in (("new-secret", "wrong"), ("wrong", "a-key-secret"), ("wrong", "wrong")):
            compared.clear()
            proved(proof, presented(token=said[0], key=said[1]), NOW)
            assert compared == [b"new-secret", b"old-secret", b"a-key-secret"]

    partners = {"lab": partner(), "admi": partner("admi", "admitad")}
    for who, secret in (("lab", SECRET), ("lab", "wrong"), ("nobody", SECRET), ("admi", "wrong")):
        compared.clear()
        find_partner(partners, who, secret)
        assert len(compared) == 1, who


def test_secrets_are_in_no_text_of_a_proof() -> None:
    proof = AllOf((
        ParameterProof("token", ("canary-1",)),
        SignatureProof("sign", ("canary-2",)),
        AnyOf((WebhookProof(("canary-3",)), ParameterProof("campaign", ("public",), public=True))),
    ))  # fmt: skip
    assert "canary" not in f"{proof!r} {proof}"
    assert "canary" not in repr(partner(auth=proof))
    assert proof_secrets(proof) == ("canary-1", "canary-2", "canary-3")
    assert proof_parameters(proof) == {"token", "sign"}


def test_a_public_name_alone_proves_nothing() -> None:
    public = ParameterProof("campaign", ("1a2b",), public=True)
    secret = ParameterProof("token", ("the-token-0123",))
    assert not proves(public)
    assert not proves(AnyOf((public, secret)))
    assert not proves(AllOf((public, public)))
    assert proves(AllOf((public, secret)))
    assert proves(AnyOf((secret, ALWAYS)))


def test_a_sender_is_found_by_what_every_one_of_its_messages_brings() -> None:
    public = ParameterProof("campaign", ("1a2b",), public=True)
    secret = ParameterProof("token", ("new", "old"))
    signed = SignatureProof("sign", ("key",))
    found: dict[Proof, set[tuple[str, str]]] = {
        secret: {("token", "new"), ("token", "old")},
        ParameterProof("X-Key", ("k",), in_header=True): {("header x-key", "k")},
        AllOf((signed, public)): {("campaign", "1a2b")},
        AnyOf((secret, AllOf((public, signed)))): {("token", "new"), ("token", "old"), ("campaign", "1a2b")},
    }
    for proof, constants in found.items():
        assert handles(proof) == frozenset(constants)
    for none in (signed, ALWAYS, AnyOf((secret, signed))):
        assert handles(none) is None


def test_two_secrets_of_the_address_are_active_while_they_rotate() -> None:
    rotating = replace(partner(), postback=PostbackProfile("generic", ("the-newest-secret-0123", SECRET)))
    found = [find_partner({"lab": rotating}, "lab", one) for one in ("the-newest-secret-0123", SECRET, "older")]
    assert found == [rotating, rotating, None]
    closed = replace(partner(), postback=PostbackProfile("generic", ()))
    assert find_partner({"lab": closed}, "lab", "no partner has this secret") is None

"""What a signature covers: a message that says something elsewhere is not proved by it."""

import hmac
from dataclasses import replace

import pytest

from tests.postback.dialects.setting import speaker, tried
from tests.postback.test_authenticate import BODY, KEY, NOW, SECRET_KEY, brings, presented
from tracker.core.proof import SignatureProof, Source, WebhookProof
from tracker.core.standard_webhooks import signature
from tracker.postback.authenticate import proved


def signed(text: str) -> str:
    return hmac.new(b"key", text.encode(), "sha256").hexdigest()


READ = frozenset({"click_id", "order_id", "amount", "status", "items", "path.click"})


@pytest.mark.parametrize(
    ("query", "body", "in_path", "good"),
    [
        ("order_id=1", b"", (), True),
        ("order_id=1", b" \r\n", (), True),
        ("order_id=1", b"amount=900000", (), False),
        ("order_id=1", b"", ("path.click",), False),
    ],
)
def test_a_signature_over_the_query_proves_no_body_and_no_path(
    query: str, body: bytes, in_path: tuple[str, ...], good: bool
) -> None:
    proof = SignatureProof("X-Sign", ("key",), Source.QUERY, in_header=True)
    shown = presented(query, body=body, headers={"x-sign": signed(query)})
    assert proved(proof, replace(shown, read=READ, in_path=in_path), NOW) is good


@pytest.mark.parametrize(
    ("query", "body", "in_path", "good"),
    [
        ("", BODY, (), True),
        ("source=site", BODY, (), True),
        ("status=approved", BODY, (), False),
        ("%73tatus=approved", BODY, (), False),
        ("+status=approved", BODY, (), False),
        ("items.0.price=1", BODY, (), False),
        ("path.click=C", BODY, (), False),
        ("", BODY, ("path.click",), False),
        ("order_id=1", b"", (), False),
        ("", b"", (), False),  # the signature of nothing is a constant
        ("", b"\n", (), False),
    ],
)
def test_a_signature_over_the_body_proves_nothing_that_stands_elsewhere(
    query: str, body: bytes, in_path: tuple[str, ...], good: bool
) -> None:
    moment = int(NOW.timestamp())
    of_webhook = {
        "webhook-id": "1",
        "webhook-timestamp": str(moment),
        "webhook-signature": signature(KEY, "1", moment, body),
    }
    headers = of_webhook | {"x-sign": signed(body.decode())}
    shown = replace(presented(query, body=body, headers=headers), read=READ, in_path=in_path)
    for proof in (SignatureProof("X-Sign", ("key",), Source.BODY, in_header=True), WebhookProof((SECRET_KEY,))):
        assert proved(proof, shown, NOW) is good


def test_a_signature_over_a_list_covers_what_it_lists_and_something_must_be_there() -> None:
    proof = SignatureProof("sign", ("key",), ("campaign", "order"))
    assert brings(proof, sign=signed("c1"), campaign="c", order="1", status="whatever")
    assert not brings(proof, sign=signed(""), status="approved")


@pytest.mark.parametrize("given", ["", "0", "g" * 64, "0" * 63, "0" * 65, "sha256=", "sha256=" + "0" * 63, "п" * 64])
def test_no_signature_is_made_to_compare_with_what_is_none(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setattr(hmac, "digest", None)
    assert not brings(SignatureProof("sign", ("key",)), body=BODY, sign=given)


def test_a_signature_seen_once_cannot_be_carried_to_another_click_or_another_sum() -> None:
    in_query = SignatureProof("sig", ("key",), Source.QUERY)
    query = "order_id=1&amount=1000"
    signed_query = f"{query}&sig={signed(query)}"
    form = "Content-Type: application/x-www-form-urlencoded"
    shop = speaker("generic", auth=in_query)
    assert tried(shop, f"GET /pb/generic/SECRET?{signed_query} HTTP/1.1\n\n")["http_status"] == 200
    forged = f"POST /pb/generic/SECRET?{signed_query} HTTP/1.1\n{form}\n\namount=900000&status=approved"
    assert tried(shop, forged)["http_status"] == 403
    lender = speaker("unicom24", auth=in_query)
    status = "status=accept&external_id=7"
    assert tried(lender, f"/offer/postback/{{click_id}}/?{status}&sig={signed(status)}")["http_status"] == 403

    in_body = speaker("generic", auth=SignatureProof("X-Sign", ("key",), Source.BODY, in_header=True))
    honest = f"POST /pb/generic/SECRET? HTTP/1.1\nX-Sign: {signed(query)}\n{form}\n\n{query}"
    assert tried(in_body, honest)["http_status"] == 200
    assert tried(in_body, honest.replace("?", "?click_id={click_id}&status=approved"))["http_status"] == 403

"""Networks' own paths: a partner's server was told our host and nothing else, and is known by its proof alone."""

import hmac
import logging
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import pytest

from tests.core.factories import CLICK
from tests.postback.dialects.test_senders import SAMPLES, Sample
from tests.postback.setting import SECRET, Setting, open_setting, partner
from tracker.core.partner import Partner
from tracker.core.proof import AddressProof, AllOf, AnyOf, ParameterProof, Proof, SignatureProof
from tracker.core.report import Report
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import PATH
from tracker.postback.read import read
from tracker.postback.request import RawRequest
from tracker.postback.senders import Call, Senders, shaped
from tracker.web import TrustedProxies

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OFFICE = AddressProof(("203.0.113.0/24",))
C = CLICK.click_id


@pytest.fixture
async def setting(postgres_dsn: str) -> AsyncIterator[Setting]:
    async with open_setting(postgres_dsn) as opened:
        yield opened


def call(address: str, *, sender: str = "203.0.113.7", headers: Mapping[str, str] | None = None) -> Call:
    path, _, query = address.partition("?")
    return Call(RawRequest("GET", query), path, headers or {}, sender)


def found(senders: Senders, address: str, sender: str = "203.0.113.7") -> str | None:
    """Whose it is."""
    one = senders.find(call(address, sender=sender), NOW)
    return one[0].id if one else None


def proof_of(sample: Sample) -> Proof:
    """What a sender of that shape can bring: its secret where it has one, else its address."""
    dialect = DIALECTS[sample.dialect]
    path, _, query = sample.request.partition("?")
    shape, captured = dialect.at(path) or (dialect.shapes[0], {})
    said = dict(parse_qsl(query)) | captured
    secret = next((ParameterProof(name, (said[name],)) for name in dialect.proof if name in said), OFFICE)
    assert shape.paths
    return secret


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_every_shape_is_the_same_at_its_own_path_and_behind_our_secret(sample: Sample) -> None:
    there = partner("shop", sample.dialect, auth=proof_of(sample))
    at_own_path = Senders([there]).find(call(sample.request), NOW)
    assert at_own_path is not None
    whose, said = at_own_path

    assert whose is there
    assert said.request == shaped(there, call(sample.request)).request  # what /pb/shop/SECRET hands on
    report = read(replace(there, currencies=frozenset({"RUB", "USD"})), said.request)
    assert isinstance(report, Report)
    assert (report.order_id, report.click_id) == ("ORD-77", "C")
    assert found(Senders([there]), sample.request.rstrip("/").replace("/?", "?")) == "shop"


@pytest.mark.parametrize("sample", {one.dialect: one for one in SAMPLES}.values(), ids=str)
def test_without_auth_or_with_another_proof_the_own_path_is_closed(sample: Sample) -> None:
    assert found(Senders([partner("shop", sample.dialect)]), sample.request) is None
    other = ParameterProof("token", ("another-secret-0123",))
    assert found(Senders([partner("shop", sample.dialect, auth=other)]), sample.request) is None
    assert found(Senders([partner("shop", sample.dialect, auth=OFFICE)]), sample.request, "198.51.100.1") is None


def test_a_path_is_open_to_its_own_dialects_alone() -> None:
    affise = partner("affise", "affise-sender", auth=ParameterProof("secure", ("the-affise-secret",)))
    assert found(Senders([affise]), "/postback?secure=the-affise-secret") == "affise"
    for path in ("/aff_lsr", "/click.php", "/postback/x", "/x/postback", "/", ""):
        assert found(Senders([affise]), f"{path}?secure=the-affise-secret") is None


def test_partners_of_one_dialect_and_of_one_path_are_told_apart_by_their_secrets() -> None:
    shops = [
        partner("one", "affise-sender", auth=ParameterProof("secure", ("secret-of-one",))),
        partner("two", "affise-sender", auth=ParameterProof("secure", ("secret-of-two", "older-of-two"))),
        partner("three", "leadtarget", auth=ParameterProof("key", ("secret-of-three",))),
        partner("four", "voluum-sender", auth=AddressProof(("198.51.100.4/32",))),
    ]
    senders = Senders(shops)
    assert found(senders, "/postback?clickid=C&secure=secret-of-one") == "one"
    assert found(senders, "/postback?clickid=C&secure=secret-of-two") == "two"
    assert found(senders, "/postback?clickid=C&secure=older-of-two") == "two"
    assert found(senders, "/postback?click_id=C&key=secret-of-three") == "three"
    assert found(senders, "/postback?cid=C", "198.51.100.4") == "four"
    assert found(senders, "/postback?clickid=C&secure=secret-of-three") is None
    assert found(senders, "/postback?clickid=C") is None


def test_whoever_cannot_be_told_apart_is_nobody(caplog: pytest.LogCaptureFixture) -> None:
    senders = Senders([partner("one", "leads-tech", auth=OFFICE), partner("two", "leads-tech", auth=OFFICE)])
    with caplog.at_level(logging.WARNING):
        assert found(senders, "/add-conversion?click_id=C&transaction_id=1") is None
    assert "A message may be of one, two" in caplog.text


@pytest.mark.parametrize("signed", ["1a2b", "3c4d"])
def test_a_public_campaign_tells_whose_signature_it_must_be(signed: str) -> None:
    shops = [
        partner(code, "admitad-sender", auth=AllOf((
            ParameterProof("campaign_code", (code,), public=True),
            SignatureProof("revision_sign", (f"key of {code}",), ("campaign_code", "order_id")),
        )))
        for code in ("1a2b", "3c4d")
    ]  # fmt: skip
    sign = hmac.new(f"key of {signed}".encode(), f"{signed}77".encode(), "sha256").hexdigest()
    said = {"order_id": "77", "revision_sign": sign}
    assert found(Senders(shops), f"/rp?{urlencode(said | {'campaign_code': signed})}") == signed
    for campaign in {"1a2b", "3c4d", "5e6f"} - {signed}:
        assert found(Senders(shops), f"/rp?{urlencode(said | {'campaign_code': campaign})}") is None


def test_a_secret_in_the_path_and_a_second_way_beside_it() -> None:
    keitaro = partner("keitaro", "keitaro-sender", auth=ParameterProof(f"{PATH}key", ("the-path-key",)))
    pixel = AllOf((ParameterProof(f"{PATH}aim", ("16242",), public=True), OFFICE))
    actionpay = partner(
        "actionpay", "actionpay-sender", auth=AnyOf((ParameterProof("key", ("the-status-key",)), pixel))
    )
    senders = Senders([keitaro, actionpay])

    assert found(senders, "/the-path-key/postback?subid=C") == "keitaro"
    assert found(senders, "/another-key/postback?subid=C&path.key=the-path-key") is None
    assert found(senders, "/ok/16242.png?actionpay=C") == "actionpay"
    assert found(senders, "/ok/16242.png?actionpay=C", "198.51.100.1") is None
    assert found(senders, "/ok/16243.png?actionpay=C") is None
    assert found(senders, "/status?key=the-status-key", "198.51.100.1") == "actionpay"


def test_a_proof_may_stand_in_a_body_or_a_header() -> None:
    token = partner("shop", "advertise", auth=ParameterProof("token", ("the-token-0123",)))
    form = RawRequest("POST", "", "application/x-www-form-urlencoded", b"token=the-token-0123&uid=C")
    json = RawRequest("POST", "", "application/json", b'{"token": "the-token-0123"}')
    assert all(Senders([token]).find(Call(one, "/postback/x"), NOW) for one in (form, json))
    twice = RawRequest("POST", "token=other&token=the-token-0123", "", b"")
    assert Senders([token]).find(Call(twice, "/postback/x"), NOW) is None

    bearer = partner("shop", "advertise", auth=ParameterProof("X-Key", ("the-token-0123",), in_header=True))
    assert Senders([bearer]).find(call("/postback/x", headers={"x-key": "the-token-0123"}), NOW)
    assert not Senders([bearer]).find(call("/postback/x?X-Key=the-token-0123"), NOW)


@pytest.mark.parametrize(
    ("peer", "forwarded", "good"),
    [
        ("10.0.0.1", "203.0.113.7", True),
        ("10.0.0.1", "198.51.100.1, 203.0.113.7", True),
        ("10.0.0.1", "203.0.113.7, 198.51.100.1", False),  # the sender wrote the first
        ("198.51.100.1", "203.0.113.7", False),  # no proxy of ours
        ("203.0.113.7", "198.51.100.1", True),
    ],
)
def test_an_address_is_the_one_that_our_own_proxies_saw(peer: str, forwarded: str, good: bool) -> None:
    sender = TrustedProxies(["10.0.0.0/8"]).client_address(peer, [forwarded])
    shop = partner("shop", "leads-tech", auth=OFFICE)
    assert (found(Senders([shop]), "/add-conversion?click_id=C", sender) is not None) is good


def test_one_of_5_000_partners_is_found_without_trying_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def own(number: int) -> Partner:
        return partner(f"shop-{number}", "affise-sender", auth=ParameterProof("secure", (f"secret-{number:04}",)))

    senders = Senders([own(number) for number in range(5_000)])
    compared = 0
    genuine = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        nonlocal compared
        compared += 1
        return genuine(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    began = time.perf_counter()
    for number in range(0, 5_000, 50):
        assert found(senders, f"/postback?clickid=C&secure=secret-{number:04}") == f"shop-{number}"
        assert found(senders, f"/postback?clickid=C&secure=unknown-{number}") is None
    assert compared == 100
    assert time.perf_counter() - began < 1


async def test_a_sender_is_answered_in_its_words_and_kept_without_its_secret(
    setting: Setting, caplog: pytest.LogCaptureFixture
) -> None:
    """One partner after another at the same paths, as if each were the only one."""
    caplog.set_level("DEBUG", "tracker")
    canary = "canary-secret-0123"
    setting.partners.clear()
    for dialect in dict.fromkeys(one.dialect for one in SAMPLES):
        name = DIALECTS[dialect].proof[0] if DIALECTS[dialect].proof else "no_such"
        auth = AnyOf(
            (AllOf((ParameterProof("whose", (dialect,), public=True), OFFICE)), ParameterProof(name, (canary,)))
        )
        setting.partners[dialect] = replace(partner(dialect, dialect, auth=auth), currencies=frozenset({"RUB", "USD"}))

    for number, sample in enumerate(SAMPLES):
        address = re.sub(r"(?<=[=/])C(?=[&/]|$)", C, sample.request)
        address = re.sub("TOKEN|SECRET|KEY|CONST", canary, address).replace("=T&", f"={canary}&")
        for prefix in ("", f"/pb/{sample.dialect}/{SECRET}"):
            answer = await setting.client.get(f"{prefix}{address}&whose={sample.dialect}", allow_redirects=False)
            assert answer.status == 200, await answer.text()
            if sample.answer.startswith("("):
                assert (answer.content_type, (await answer.read())[:8]) == ("image/png", b"\x89PNG\r\n\x1a\n")
                assert answer.headers["Cache-Control"] == "no-store"
            else:
                assert await answer.text() == sample.answer
        assert len(setting.counted) == 2 * number + 2

    assert {who for who, _ in setting.counted} == set(setting.partners)
    # Without auth the network's own secret is sent for nothing, and kept as little.
    setting.partners["tbank"] = partner("tbank", "tbank")
    await setting.client.get(
        f"/pb/tbank/{SECRET}/api/postbacks?tcpa_id={canary}&tcpa_request_id=A-9&tcpa_event_id=sale"
    )
    kept = await setting.rows("SELECT * FROM postbacks")
    assert len(kept) == 2 * len(SAMPLES) + 1
    everything = f"{[dict(one) for one in kept]} {[dict(one) for one in await setting.rows('SELECT * FROM outbox')]}"
    for secret in (canary, SECRET):
        assert secret not in everything
        assert secret not in caplog.text


async def test_nothing_is_stored_of_what_nobody_proved(setting: Setting) -> None:
    setting.partners["lab"] = partner("lab", "tune-sender", auth=ParameterProof("token", ("the-token-0123",)))
    order, good = f"transaction_id={C}&adv_sub=A-1&amount=10", "token=the-token-0123"
    sentence = "wrong_auth: The message is not proved to be the partner's."
    tune = f"success=false; err_msg={sentence};"
    admitad = f'{{"success": false, "errors": ["{sentence}"]}}'

    async def ask(path: str, query: str = order, method: str = "GET") -> tuple[int, str]:
        answer = await setting.client.request(method, f"{path}?{query}", allow_redirects=False)
        return answer.status, await answer.text()

    wrong = {"/aff_lsr": tune, "/aff_goal/": tune, "/status/": sentence, "/rp": admitad, "/KEY/postback": sentence}
    for path, answer in wrong.items():
        assert await ask(path, f"{order}&token=the-token-0124") == (403, answer)
    assert await ask(f"/pb/lab/{SECRET}/aff_lsr") == (403, tune)
    assert (await ask(f"/pb/lab/{SECRET}x/aff_lsr", f"{order}&{good}"))[0] == 404
    assert setting.counted == [("", "wrong_auth")] * 5 + [("lab", "wrong_auth"), ("", "wrong_secret")]
    assert await setting.value("SELECT count(*) FROM postbacks") == 0

    await setting.rows("ALTER TABLE outbox ADD CONSTRAINT broken CHECK (false) NOT VALID")
    assert await ask("/aff_lsr", f"{order}&{good}") == (
        503, "success=false; err_msg=not_stored: The message could not be stored, send it again.;",
    )  # fmt: skip
    await setting.rows("ALTER TABLE outbox DROP CONSTRAINT broken")
    assert await setting.value("SELECT count(*) FROM postbacks") == 0

    for method, path in (("HEAD", "/aff_lsr"), ("HEAD", "/aff_lsr/"), ("POST", "/aff_goal/"), ("GET", "/aff_goal")):
        assert await ask(path, f"{order}&{good}", method) == (200, "" if method == "HEAD" else "success=true;")
    kept = await setting.rows("SELECT verdict FROM postbacks ORDER BY verdict")
    assert [row["verdict"] for row in kept] == ["decided", "duplicate", "duplicate", "duplicate"]


async def test_over_the_limit_of_refused_ones_an_address_is_busy_and_a_partner_s_own_is_heard(
    postgres_dsn: str,
) -> None:
    async with open_setting(postgres_dsn, refused_a_minute=4) as setting:
        setting.partners["lab"] = partner("lab", "tune-sender", auth=ParameterProof("token", ("the-token-0123",)))
        order = f"transaction_id={C}&adv_sub=A-1&amount=10"

        async def statuses(path: str, address: str, times: int) -> list[int]:
            setting.address = address
            return [(await setting.client.get(path)).status for _ in range(times)]

        unproved, proved = f"/aff_lsr?{order}&token=wrong", f"/aff_lsr?{order}&token=the-token-0123"
        assert await statuses(unproved, "2001:db8::1", 2) == [403] * 2
        assert await statuses(f"/pb/lab/{SECRET}x?{order}", "2001:db8::2", 4) == [404, 404, 503, 503]
        assert await statuses(unproved, "2001:db8::3", 1) == [503]
        assert setting.counted == [("", "wrong_auth")] * 2 + [("", "wrong_secret")] * 2 + [("", "busy")] * 3
        behind_our_secret = f"/pb/lab/{SECRET}/aff_lsr?{order}&token=the-token-0123"
        assert await statuses(behind_our_secret, "2001:db8::3", 1) == [200]
        assert await statuses(proved, "198.51.100.1", 1) == [200]
        assert await statuses(unproved, "198.51.100.1", 6) == [403] * 6
        assert await statuses(proved, "198.51.100.1", 1) == [200]

"""What a partner is told to send works when it is sent: addresses, words for a status, worked signatures."""

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest

from tests.core.factories import CLICKED_AT
from tests.postback.setting import SECRET, partner
from tracker.commands.told import told
from tracker.core.partner import Amounts, Partner
from tracker.core.partner_address import Address, Purpose
from tracker.core.proof import Algorithm, AllOf, AnyOf, Encoding, ParameterProof, Proof, SignatureProof, Source
from tracker.core.report import Report
from tracker.postback.addresses import addresses, paths
from tracker.postback.asking import EXAMPLE_CLICK, asking
from tracker.postback.dialects import DIALECTS
from tracker.postback.read import read
from tracker.postback.request import RawRequest
from tracker.postback.sample import example_query
from tracker.postback.senders import Call, is_proved, shaped
from tracker.postback.status_words import is_known, status_words

KEY = "a-signing-key-of-the-lab-0123456"
OURS = f"https://go.example/pb/lab/{SECRET}"
SIGNED = SignatureProof("sign", (KEY,), ("order_id", "amount", "basket"), separator=":")


def urls(who: Partner) -> list[str]:
    return [one.url for one in addresses(who, "https://go.example")]


def received(who: Partner, address: Address, **values: str) -> Report:
    url = address.url
    for word, value in ({"amount": "10.00", "commission": "1.00", "delivery": "2", "quantity": "1"} | values).items():
        url = url.replace(f"{{{word}}}", quote(value))
    path, _, query = url.removeprefix(OURS).partition("?")
    read_of_it = read(who, shaped(who, Call(RawRequest("GET", query), path)).request)
    assert isinstance(read_of_it, Report), read_of_it
    return read_of_it


@pytest.mark.parametrize(
    "dialect", [name for name, one in DIALECTS.items() if one.shapes[0].paths or name == "generic"]
)
def test_an_address_works_when_its_braces_are_filled_in(dialect: str) -> None:
    who = partner(dialect=dialect)
    for address in addresses(who, "https://go.example"):
        report = received(who, address, order_id="A-1", click_id=EXAMPLE_CLICK, status="approved", line_id="1")
        assert report.order_id == "A-1"
        assert report.click_id == (None if address.purpose is Purpose.CHANGES else EXAMPLE_CLICK)


def test_the_address_of_a_partner_with_its_own_names_has_delivery_and_signature() -> None:
    who = partner(
        mapping=(("order_id", ("txid",)), ("amount", ("sum",))), amounts=Amounts(include_delivery=True), auth=SIGNED
    )
    [url] = urls(who)
    assert url.partition("?")[2] == (
        "txid={order_id}&click_id={click_id}&status={status}&sum={amount}&delivery={delivery}"
        "&order_id={order_id}&amount={amount}&basket={basket}&sign={sign}"
    )


@pytest.mark.parametrize(
    ("auth", "ending"),
    [
        (ParameterProof("token", (KEY,)), f"&token={KEY}"),
        (ParameterProof("X-Key", (KEY,), in_header=True), "{amount}"),
        (replace(SIGNED, in_header=True, over=Source.BODY), "{amount}"),
        (AnyOf((ParameterProof("token", (KEY,)), SIGNED)), f"{{amount}}&token={KEY}"),
        (
            AllOf((ParameterProof("shop", ("7",), public=True), replace(SIGNED, over=Source.QUERY))),
            "&shop=7&sign={sign}",
        ),
    ],
)
def test_an_address_has_what_proves_it(auth: Proof, ending: str) -> None:
    assert urls(partner(auth=auth))[0].endswith(ending)


def test_a_secret_that_stands_in_a_path_is_there() -> None:
    who = partner(dialect="keitaro-sender", auth=ParameterProof("path.key", (KEY,)))
    assert urls(who)[1].startswith(f"https://go.example/{KEY}/postback?tid=")


@pytest.mark.parametrize("over", [("order_id", "amount", "status"), ("basket",), Source.QUERY, Source.BODY])
@pytest.mark.parametrize(
    ("algorithm", "encoding"), [(Algorithm.SHA256, Encoding.HEX), (Algorithm.MD5, Encoding.BASE64)]
)
def test_the_worked_example_of_a_signature_is_one_that_we_take(
    over: Any, algorithm: Algorithm, encoding: Encoding
) -> None:
    who = partner(auth=SignatureProof("sign", (KEY,), over, algorithm, encoding, separator=":"))
    [asked] = asking(who).each
    assert asked.signing is not None
    query = asked.signing.text if isinstance(over, Source) else example_query(who, EXAMPLE_CLICK)
    sign = f"sign={quote(asked.signing.made)}"
    sent = RawRequest("POST", sign, "", query.encode()) if over is Source.BODY else RawRequest("GET", f"{query}&{sign}")
    assert is_proved(who, shaped(who, Call(sent)).presented, CLICKED_AT)
    assert not is_proved(who, shaped(who, Call(RawRequest("GET", query))).presented, CLICKED_AT)


@pytest.mark.parametrize(
    ("dialect", "profile", "missing"),
    [
        ("generic", {}, ()),
        ("tune-sender", {}, ("declined",)),
        ("tune-sender", {"statuses": (("rejected", "declined"),)}, ()),
        ("voluum-sender", {}, ("approved", "declined")),
        ("voluum-sender", {"defaults": (("status", "approved"),)}, ("declined",)),
        ("rakuten", {}, ("approved",)),
    ],
)
def test_a_status_that_no_word_says_is_named(dialect: str, profile: dict[str, Any], missing: tuple[str, ...]) -> None:
    assert status_words(partner(dialect=dialect, **profile)).missing == missing


def test_words_of_partners_yaml_win() -> None:
    who = partner(dialect="affise-sender", statuses=(("2", "declined"), ("Paid", "approved+settled")))
    assert dict(status_words(who).known)["declined"] == ("2", "3")
    assert [is_known(who, word) for word in ("PAID", "1", "new")] == [True, True, False]


def test_a_kept_message_shows_the_path_it_came_by() -> None:
    assert [paths(one) for one in ("tune-sender/update", "affise-sender", "generic", "gone")] == [
        "/autostats/v1/postbacks", "/postback", "", "",
    ]  # fmt: skip


def test_an_example_is_in_the_partner_s_own_words() -> None:
    assert dict(parse_qsl(example_query(partner(dialect="affise-sender")))) == {
        "action_id": "A-1", "clickid": "{click_id}", "status": "1", "sum": "2490.00",
    }  # fmt: skip


def test_the_command_prints_the_notes_of_the_page() -> None:
    who = partner(dialect="tune-sender", auth=AllOf((SIGNED, ParameterProof("X-Key", (KEY,), in_header=True))))
    said = "\n".join(told(addresses(who, "https://go.example"), status_words(who), asking(who)))
    for one in (
        "# no word says declined",
        f"header X-Key = {KEY}",
        "HMAC-SHA256 as hex over order_id, amount, basket, joined by ':'",
    ):
        assert one in said

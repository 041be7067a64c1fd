"""Any bytes are fields or a refusal, and never a fault."""

import json
import random
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from tests.core.factories import CLICK
from tests.postback.setting import SECRET, Setting, open_setting, partner
from tracker.core.proof import ParameterProof
from tracker.core.reasons import MessageCode
from tracker.postback.dialects.dialect import ReplyStyle
from tracker.postback.read import read
from tracker.postback.refusal import Refusal
from tracker.postback.reply import Voice, reply
from tracker.postback.request import RawRequest, fields, legible

PARTS = "multipart/form-data; boundary=b"
NAMED = 'Content-Disposition: form-data; name="order_id"'


@pytest.fixture
async def setting(postgres_dsn: str) -> AsyncIterator[Setting]:
    async with open_setting(postgres_dsn) as opened:
        yield opened


def part(head: str, value: str = "A-1") -> str:
    return f"--b\r\n{head}\r\n\r\n{value}\r\n"


@pytest.mark.parametrize(
    ("kind", "body", "found"),
    [
        (PARTS, part(NAMED) + part(NAMED.replace("order_id", "promo_code"), "СКИДКА") + "--b--\r\n",
         {"order_id": "A-1", "promo_code": "СКИДКА"}),
        (PARTS, part(NAMED.replace('"', "")) + "--b--", {"order_id": "A-1"}),
        (PARTS, part(f"Content-Type: text/plain\r\n{NAMED}; filename=x") + "--b--", {"order_id": "A-1"}),
        (PARTS, part(NAMED.replace("; ", ";\r\n  ")) + "--b--", {"order_id": "A-1"}),
        (PARTS, (part(NAMED) + "--b--").replace("\r\n", "\n"), {"order_id": "A-1"}),
        (PARTS, f"preamble\r\n{part(NAMED, '')}--b--\r\nepilogue", {"order_id": ""}),
        ('multipart/form-data; charset=utf-8; boundary="b"', part(NAMED) + "--b--", {"order_id": "A-1"}),
        ("application/json", '{"order_id": "A-1", "amount": 10.00}', {"order_id": "A-1", "amount": "10.00"}),
    ],
)  # fmt: skip
def test_a_readable_body_is_its_fields(kind: str, body: str, found: dict[str, str]) -> None:
    assert fields(RawRequest("POST", "", kind, body.encode())) == found


UNREADABLE = {
    "parts with a boundary longer than any may be": (
        f"multipart/form-data; boundary={'b' * 71}",
        f"--{'b' * 71}\r\n{NAMED}\r\n\r\nA-1\r\n--{'b' * 71}--",
    ),
    "half a character in the currency": ("application/json", json.dumps({"currency": "\ud800"})),
    "half a character in a long parameter": ("application/json", json.dumps({"\ud800": "x" * 2001})),
    "half a character in the order id": ("application/json", json.dumps({"order_id": "A-\ud800"})),
    "parts of an extended name": (PARTS, part("Content-Disposition: form-data; name*2*=y; name*=x") + "--b--"),
    "an extended name without a semicolon": (PARTS, part("Content-Disposition: form-data name*=x") + "--b--"),
    "parts of an extended file name": (PARTS, part(f"{NAMED}; filename*=x; filename*2*=y") + "--b--"),
    "a name of nothing": (PARTS, part("Content-Disposition: form-data; name=") + "--b--"),
    "a part without a head": (PARTS, "--b\r\n\r\nA-1\r\n--b--"),
    "a part in base64": (PARTS, part(f"{NAMED}\r\nContent-Transfer-Encoding: base64") + "--b--"),
    "no boundary": ("multipart/form-data", "order_id=A-1"),
    "no parts": (PARTS, "--b--"),
    "too many parts": (PARTS, part(NAMED) * 201 + "--b--"),
}


@pytest.mark.parametrize(("kind", "body"), UNREADABLE.values(), ids=UNREADABLE)
async def test_an_unreadable_body_is_kept_refused_and_not_replayed(setting: Setting, kind: str, body: str) -> None:
    response = await setting.client.post(f"/pb/lab/{SECRET}", data=body.encode(), headers={"Content-Type": kind})
    assert (response.status, (await response.json())["verdict"]) == (400, "unparseable")
    assert await setting.value("SELECT verdict FROM postbacks") == "unparseable"
    assert (await setting.replay()).seen == 0


def grown(depth: int, name: int) -> bytes:
    """As many leaves as fit, so deep below names that long."""
    head, tail = ('{"' + "k" * name + '":') * depth, "}" * depth
    leaves = ",".join(f'"{number:x}":1' for number in range(6000))
    return f"{head}{{{leaves[: 65_500 - len(head) - depth].rpartition(',')[0]}}}{tail}".encode()


@pytest.mark.parametrize(("depth", "name"), [(0, 1), (10, 1500), (19, 900), (19, 100), (100, 300), (450, 60)])
def test_what_a_small_json_body_would_grow_to_is_never_made(depth: int, name: int) -> None:
    request = RawRequest("POST", "", "application/json", grown(depth, name))
    tracemalloc.start()
    try:
        assert isinstance(fields(request), Refusal)
        legible(request)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_json_of_the_limits_is_read() -> None:
    deepest: object = "1"
    for _ in range(20):
        deepest = {"a": deepest}
    assert fields(RawRequest("POST", "", "application/json", json.dumps(deepest).encode())) == {".".join("a" * 20): "1"}
    refused = fields(RawRequest("POST", "", "application/json", json.dumps({"a": deepest}).encode()))
    assert refused == Refusal(MessageCode.UNPARSEABLE, "The JSON body is nested too deeply.")


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("", b"token=T&promo_code=%CF%F0"),
        ("", b"token=T&promo_code=\xcf\xf0"),
        ("", b"token=T&a=1&a=2"),
        ("", b"token=T&token=other"),
        ("", b"token=T" + b"&a=1" * 300),
        ("application/json", b'{"token":"T","token":"other"}'),
        ("application/json", b'{"token":"T","a":"\xcf"}'),
        ("application/json", b'{"token":"T","a":' + b'{"a":' * 30 + b"1" + b"}" * 31),
        (PARTS, (part(NAMED.replace("order_id", "token"), "T") + part("X: y") + "--b--").encode()),
    ],
)
def test_of_what_cannot_be_read_the_proof_is_found_all_the_same(kind: str, sent: bytes) -> None:
    request = RawRequest("POST", "", kind, sent)
    assert isinstance(fields(request), Refusal)
    assert legible(request)["token"] == "T"


@pytest.mark.parametrize("path", [f"/pb/shop/{SECRET}/r", "/r", f"/pb/shop/{SECRET}/rp", "/rp"])
async def test_an_unreadable_message_that_brings_its_proof_is_kept(setting: Setting, path: str) -> None:
    setting.partners["shop"] = partner("shop", "admitad-sender", auth=ParameterProof("postback_key", ("the-key-0123",)))
    status = 400 if path.endswith("p") else 200  # of orders its server is always told 200
    for query in ("uid=x&order_id=1&promocode=%CF%F0", "order_id=1&order_id=2"):
        answer = await setting.client.get(f"{path}?postback_key=the-key-0123&{query}")
        assert answer.status == status
        assert (await setting.client.get(f"{path}?postback_key=wrong&{query}")).status == 403
    kept = await setting.rows("SELECT verdict, query FROM postbacks")
    assert [one["verdict"] for one in kept] == ["unparseable"] * 2
    assert "the-key-0123" not in str(kept)


def test_no_multipart_body_raises() -> None:
    chance = random.Random(1)  # noqa: S311
    heads = [
        NAMED,
        "Content-Disposition: form-data; name*=x; name*2*=y",
        'Content-Disposition: form-data; name="a"; filename*="\'\'',
        "Content-Disposition: ;",
        "Content-Transfer-Encoding: x-uuencode",
    ]
    for _ in range(5000):
        body = "".join(part("\r\n".join(chance.choices(heads, k=2))) for _ in range(2)) + "--b--"
        bytes_ = bytearray(body.encode())
        for _ in range(chance.randrange(8)):
            bytes_[chance.randrange(len(bytes_))] = chance.choice(b"\0\xff\";=*'%\\ \r\n:-b")
        read(partner(), RawRequest("POST", "", PARTS, bytes(bytes_)))


@pytest.mark.parametrize("style", [style for style in ReplyStyle if style is not ReplyStyle.PIXEL])
def test_a_reply_can_always_be_made(style: ReplyStyle) -> None:
    made = reply(Voice(style), MessageCode.AMOUNT_BAD, received_id="1", sentence="half \ud800 of a character")
    assert b"ud800" in made.body


@pytest.mark.parametrize("moment", ["9999-12-31T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00%2B03:00",
                                    "9999-12-31T23:59:59-03:00", "1999-12-31T23:59:59Z", "2101-01-01T00:00:00Z",
                                    "9999999999", "100000000"])  # fmt: skip
@pytest.mark.parametrize("field", ["order_time", "event_time"])
async def test_a_time_that_no_order_can_have_is_refused(setting: Setting, field: str, moment: str) -> None:
    query = f"order_id=A-1&click_id={CLICK.click_id}&status=approved&amount=10.00&{field}={moment}"
    status, answer = await setting.send(query)
    assert (status, answer["verdict"]) == (422, "time_bad")
    assert (await setting.replay()).seen == 0


@pytest.mark.parametrize("moment", ["2000-01-01T00:00:00Z", "2100-12-31T23:59:59Z", "1551445200"])
def test_a_time_of_our_century_is_read(moment: str) -> None:
    assert not isinstance(read(partner(), RawRequest("GET", f"order_id=A-1&order_time={moment}")), Refusal)

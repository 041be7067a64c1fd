"""What of a request is kept: everything but its secrets, and in no time."""

import time
from collections.abc import AsyncIterator

import pytest

from tests.core.factories import CLICK
from tests.postback.setting import SECRET, Setting, open_setting, partner
from tracker.postback.mask import mask
from tracker.postback.request import RawRequest

FORM, JSON, PARTS = "application/x-www-form-urlencoded", "application/json", "multipart/form-data; boundary=b"
PART = 'Content-Disposition: form-data; name="token"'


def masked(body: str, kind: str = FORM, used: frozenset[str] = frozenset()) -> str:
    return mask(RawRequest("POST", "", kind, body.encode()), used=used, secrets=(SECRET,)).body.decode()


def part(head: str, value: str = "TOP\r\nSECRET") -> str:
    return f"--b\r\n{head}\r\n\r\n{value}\r\n--b--\r\n"


@pytest.fixture
async def setting(postgres_dsn: str) -> AsyncIterator[Setting]:
    async with open_setting(postgres_dsn) as opened:
        yield opened


@pytest.mark.parametrize(
    ("kind", "sent", "kept"),
    [
        (FORM, "order_id=A-1&token=TOP&a=1", "order_id=A-1&token=***&a=1"),
        (FORM, "order_id=A-1&+token=TOP", "order_id=A-1&+token=***"),
        (FORM, "order_id=A-1& token=TOP", "order_id=A-1& token=***"),
        (FORM, "%74oken=TOP", "%74oken=***"),
        (FORM, "a=1;token=TOP", "a=1;token=***"),
        (FORM, "secret_key=TOP&access_token=TOP", "secret_key=***&access_token=***"),
        (FORM, "auth[token]=TOP&X-Auth-Token=TOP", "auth[token]=***&X-Auth-Token=***"),
        (FORM, f"s={SECRET}", "s=***"),
        (JSON, '{"a": "1", "token" : "T\\"OP", "b": 2}', '{"a": "1", "token" : "***", "b": 2}'),
        (JSON, '{"t\\u006fken":"TOP"}', '{"t\\u006fken":"***"}'),
        (JSON, '{"auth":{"token":"TOP"}}', '{"auth":{"token":"***"}}'),
        (JSON, '{"token":{"a":["}"]},"b":1}', '{"token":"***","b":1}'),
        (JSON, '{"key":17,"b":1}', '{"key":"***","b":1}'),
        (FORM, '{"token":"TOP', '{"token":"***"'),
        (PARTS, part(PART), part(PART, "***")),
        (FORM, part(PART), part(PART, "***")),
        (PARTS, part(PART.replace('"', "")), part(PART.replace('"', ""), "***")),
        (PARTS, part(PART.replace('"', "'")), part(PART.replace('"', "'"), "***")),
        (PARTS, part(f"{PART}\r\nContent-Transfer-Encoding: base64"),
         part(f"{PART}\r\nContent-Transfer-Encoding: base64", "***")),
        (PARTS, part("X: y"), part("X: y", "***")),
        (PARTS, part(PART).replace("\r\n", "\n"), part(PART, "***").replace("\r\n", "\n")),
    ],
)  # fmt: skip
def test_the_value_of_a_secret_is_masked_and_nothing_else(kind: str, sent: str, kept: str) -> None:
    assert masked(sent, kind) == kept


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        (FORM, "order_id=A;key=1&promo_code=no+token=here&design=1&monkey=2&broken"),
        (JSON, '{"order_id":"token","a":{"b":"\\"key\\": 1"}}'),
        (PARTS, part('Content-Disposition: form-data; name="order_id"', "A-1")),
        (FORM, "\r\n"),
    ],
)
def test_what_is_no_secret_is_kept_byte_for_byte(kind: str, sent: str) -> None:
    assert masked(sent, kind, frozenset({"order_id", "promo_code"})) == sent


@pytest.mark.parametrize(
    ("kind", "sent"), [(FORM, "hash=1"), (JSON, '{"hash":"1"}'), (PARTS, part(PART.replace("token", "hash")))]
)
def test_a_parameter_that_the_partner_uses_is_kept(kind: str, sent: str) -> None:
    assert masked(sent, kind, frozenset({"hash"})) == sent
    assert masked(sent, kind) != sent


PIECES = [
    b'name="key"\r\n', b'"key":"', b'"key": ', b'"token":{', b'"\\"', b'\\"', b"&key=", b"&=", b"&a=", b";key=",
    b"\n--b", b"--b\r\n", b"\r\n\r\n", b'--b\r\nA: ;name="\\"', b"{", b'""', b'"":', b" ", b"%6b=&", b"key=;&", b"\\",
    b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nx\r\n', b"[", b"?", b"sign;",
]  # fmt: skip


@pytest.mark.parametrize("kind", [FORM, JSON, PARTS])
@pytest.mark.parametrize("start", [b"", b"{", b'{"key":', b"--b\r\nContent-Disposition: x", b'"'])
@pytest.mark.parametrize("piece", PIECES)
def test_no_body_of_the_largest_size_holds_a_worker(kind: str, start: bytes, piece: bytes) -> None:
    request = RawRequest("POST", "", kind, (start + piece * 65536)[:65536])
    # Of this process alone: the machine may be busy. What is not linear takes seconds.
    started = time.process_time()
    mask(request, used=(), secrets=(SECRET,))
    assert time.process_time() - started < 0.3


async def test_the_partners_own_secret_is_kept_nowhere_in_the_query(setting: Setting) -> None:
    await setting.send(f"order_id=A-1&status=approved&amount=1.00&s={SECRET}")
    assert SECRET not in await setting.value("SELECT query FROM postbacks")


async def test_a_message_whose_mapped_parameter_is_named_like_a_secret_can_wait(setting: Setting) -> None:
    setting.partners["lab"] = partner(mapping=(("click_id", ("hash",)),))
    setting.clicks.away = True
    _, answer = await setting.send(f"order_id=A-1&hash={CLICK.click_id}&status=approved&amount=1000.00")
    assert answer["verdict"] == "deferred"
    setting.clicks.away = False
    await setting.replay()
    assert (await setting.known()).cashback == 50

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
        (FORM, "--&token=TOP&order_id=5", "--&token=***&order_id=5"),
        (FORM, "data=%7B%22a%22%3A+%22%D0%B6%22%2C%22token%22%3A+%22TOP%22%7D",
         "data=%7B%22a%22%3A%20%22%D0%B6%22%2C%22token%22%3A%20%22***%22%7D"),
        (FORM, 'data={"token":"TOP', "data=%7B%22token%22%3A%22***%22"),
        (JSON, '{"data":"{\\"token\\":\\"TOP\\"}"}', '{"data":"{\\"token\\":\\"***\\"}"}'),
        (PARTS, part('Content-Disposition: form-data; name="data"', '{"token":"TOP"}'),
         part('Content-Disposition: form-data; name="data"', '{"token":"***"}')),
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


SLASHED = "s3cr/et Key+=="


@pytest.mark.parametrize(
    "spelt",
    [
        SLASHED,
        "s3cr\\/et Key+==",
        "s3cr%2Fet+Key%2B%3D%3D",
        "s3cr%2fet%20Key+%3d=",
        "%733cr%252Fet%2520Key%252B%253D%253D",
        "s3cr%5C%2Fet Key+==",
        "\\u00733cr\\u002Fet\\u0020Key\\u002b==",
    ],
)
@pytest.mark.parametrize("around", ["a=%s&b=1", '{"a":["%s"],"b":1}', "--&a=%s&b=1"])
def test_a_secret_of_the_partner_is_masked_in_every_spelling(spelt: str, around: str) -> None:
    kept = mask(RawRequest("POST", around % spelt, FORM, (around % spelt).encode()), used=(), secrets=(SLASHED,))
    assert (kept.query, kept.body.decode()) == (around % "***", around % "***")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('{"meta":{"sg":"TOP"},"sg":"1"}', '{"meta":{"sg":"***"},"sg":"1"}'),
        ('{"meta.sg":"TOP"}', '{"meta.sg":"***"}'),
        ('{"a":{},"meta":{"b":[1,2],"sg":["TOP",{"x":1}],"c":1}}', '{"a":{},"meta":{"b":[1,2],"sg":"***","c":1}}'),
        ('{"rows":[{"sg":"1"},{"sg":"TOP"}]}', '{"rows":[{"sg":"1"},{"sg":"***"}]}'),
        ('{"order":{"key":"A-1"},"other":{"key":"TOP"}}', '{"order":{"key":"A-1"},"other":{"key":"***"}}'),
        ('{"x":{"meta":{"sg":"1"}},"meta":{"sg":"TOP"}}', '{"x":{"meta":{"sg":"1"}},"meta":{"sg":"***"}}'),
    ],
)
def test_what_is_nested_in_json_is_known_by_its_path(sent: str, kept: str) -> None:
    request = RawRequest("POST", "", JSON, sent.encode())
    found = mask(request, used={"order.key"}, secrets=(), hidden={"meta.sg", "rows.1.sg"})
    assert found.body.decode() == kept


PIECES = [
    b'name="key"\r\n', b'"key":"', b'"key": ', b'"token":{', b'"\\"', b'\\"', b"&key=", b"&=", b"&a=", b";key=",
    b"\n--b", b"--b\r\n", b"\r\n\r\n", b'--b\r\nA: ;name="\\"', b"{", b'""', b'"":', b" ", b"%6b=&", b"key=;&", b"\\",
    b'--b\r\nContent-Disposition: form-data; name="key"\r\n\r\nx\r\n', b"[", b"?", b"sign;",
    b"]", b",", b'{"meta":', b'{"a":[', b'"{', b'"[\\"key\\":', b"a={&", b"%7B", b"a=%7B%22key%22:&", b"%", b"%5c",
    b"a-secret", b"%61", b"--&", b'"\\"key\\":\\"',
]  # fmt: skip


@pytest.mark.parametrize("kind", [FORM, JSON, PARTS])
@pytest.mark.parametrize("start", [b"", b"{", b'{"key":', b"--b\r\nContent-Disposition: x", b'"'])
@pytest.mark.parametrize("piece", PIECES)
def test_no_body_of_the_largest_size_holds_a_worker(kind: str, start: bytes, piece: bytes) -> None:
    request = RawRequest("POST", "", kind, (start + piece * 65536)[:65536])
    # Of this process alone: the machine may be busy. What is not linear takes seconds.
    started = time.process_time()
    mask(request, used=(), secrets=(SECRET, "a" * 40), hidden={"meta.sg"})
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

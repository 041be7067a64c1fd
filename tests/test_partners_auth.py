"""`auth` and the secrets of partners.yaml: what each becomes, and every problem at once with its line and its fix."""

from pathlib import Path

import pytest

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
from tracker.errors import ConfigurationError
from tracker.partners import Sources, load_programme, secret_names
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import FIELDS

KEY = "the-key-of-theirs"
OURS = "a-secret-of-the-shop-0123"
WEBHOOK = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
HEAD = "programme: {name: Demo, sign_in: https://programme.example/sign-in}\npartners:\n"
SHOP = """\
  - id: %s
    name: Shop
    category: online-shops
    link: "https://shop.example/?u={click_id}"
    home: https://shop.example/
    hosts: [shop.example]
    terms: [{from: 2019-01-01, rate: 5%%}]
    postback:
      dialect: tune-sender
      secret: %s
      auth: %s
"""
SECRET_LINE, AUTH_LINE = 12, 13


def shop(auth: str, *, name: str = "shop", secret: str = OURS) -> str:
    return SHOP % (name, secret, auth)


def sources(*, require_secrets: bool = False, **environment: str) -> Sources:
    dialects = dict.fromkeys(DIALECTS, FIELDS)
    return Sources(environment, dialects, {}, require_secrets=require_secrets, own_paths={"tune-sender"})


def loaded(folder: Path, auth: str, known: Sources) -> Proof | None:
    path = folder / "partners.yaml"
    path.write_text(HEAD + shop(auth))
    return load_programme(path, known).partners["shop"].postback.auth


def problems(folder: Path, *shops: str, known: Sources | None = None) -> list[str]:
    path = folder / "partners.yaml"
    path.write_text(HEAD + "".join(shops))
    with pytest.raises(ConfigurationError) as raised:
        load_programme(path, known or sources())
    return raised.value.problems


SIGNED = f"signature: sign, secret: {KEY}"


@pytest.mark.parametrize(
    ("auth", "proof"),
    [
        (f"{{parameter: token, secret: {KEY}}}", ParameterProof("token", (KEY,))),
        (f"{{parameter: token, secret: [{KEY}, older-key]}}", ParameterProof("token", (KEY, "older-key"))),
        ("{parameter: token, secret: {env: SET}}", ParameterProof("token", ("from the environment",))),
        ("{parameter: token, secret: [{env: SET}, {env: UNSET}]}", ParameterProof("token", ("from the environment",))),
        ("{parameter: token, secret: {env: UNSET}}", ParameterProof("token", ())),
        (f"{{parameter: path.key, secret: {KEY}}}", ParameterProof("path.key", (KEY,))),
        (f"{{header: X-Key, secret: Bearer {KEY}}}", ParameterProof("X-Key", (f"Bearer {KEY}",), in_header=True)),
        (f"{{{SIGNED}}}", SignatureProof("sign", (KEY,), Source.BODY, Algorithm.SHA256, Encoding.HEX)),
        (
            f"{{{SIGNED}, algorithm: sha1, over: [campaign_code, order_id]}}",
            SignatureProof("sign", (KEY,), ("campaign_code", "order_id"), Algorithm.SHA1),
        ),
        (
            f"{{{SIGNED}, over: query, encoding: base64}}",
            SignatureProof("sign", (KEY,), Source.QUERY, encoding=Encoding.BASE64),
        ),
        (f'{{{SIGNED}, over: [a, 1], separator: ":"}}', SignatureProof("sign", (KEY,), ("a", "1"), separator=":")),
        (f"{{signature_header: X-Sign, secret: {KEY}}}", SignatureProof("X-Sign", (KEY,), in_header=True)),
        (f"{{standard_webhooks: true, secret: {WEBHOOK}}}", WebhookProof((WEBHOOK,))),
        ("{addresses: [203.0.113.0/24, 198.51.100.9]}", AddressProof(("203.0.113.0/24", "198.51.100.9/32"))),
        ("{addresses: ['2001:db8::/32']}", AddressProof(("2001:db8::/32",))),
        (
            f"{{any_of: [{{parameter: pk, secret: {KEY}}}, {{all_of: [{{parameter: c, value: 12}}, {{{SIGNED}}}]}}]}}",
            AnyOf((
                ParameterProof("pk", (KEY,)),
                AllOf((ParameterProof("c", ("12",), public=True), SignatureProof("sign", (KEY,)))),
            )),
        ),
    ],
)  # fmt: skip
def test_auth_is_read(tmp_path: Path, auth: str, proof: Proof) -> None:
    assert loaded(tmp_path, auth, sources(SET="from the environment")) == proof


TWO_KINDS = "write exactly one of parameter, header, signature, signature_header, addresses, standard_webhooks, any_of"


@pytest.mark.parametrize(
    ("auth", "sentence"),
    [
        ("{}", f"auth: nothing in one proof; {TWO_KINDS}"),
        ("token", "auth: input should be a valid dictionary"),
        (f"{{parameter: token, header: X-Key, secret: {KEY}}}", "auth: parameter and header in one proof"),
        (f"{{parameter: token, any_of: [{{{SIGNED}}}]}}", "auth: parameter and any_of in one proof"),
        (f"{{parametre: token, secret: {KEY}}}", "auth.parametre: unknown key; did you mean parameter?"),
        ("{parameter: token}", "auth: parameter needs a secret, or a public value"),
        ("{header: X-Key}", "auth: header needs a secret"),
        ("{signature: sign}", "auth: signature needs a secret"),
        ("{standard_webhooks: true}", "auth: standard_webhooks needs a secret"),
        (f"{{parameter: token, secret: {KEY}, value: public}}", "auth: parameter needs a secret, or a public value"),
        ("{header: X-Key, value: public}", "auth: value does not belong to header; remove it"),
        (f"{{parameter: token, secret: {KEY}, over: body}}", "auth: over does not belong to parameter; remove it"),
        (f"{{header: X, secret: {KEY}, algorithm: sha1}}", "auth: algorithm does not belong to header; remove it"),
        (f"{{addresses: [203.0.113.7], secret: {KEY}}}", "auth: secret does not belong to addresses; remove it"),
        (f"{{{SIGNED}, algorithm: sha3}}", "auth.algorithm: sha3 is not one of 'sha1', 'sha256', 'sha512' or 'md5'"),
        (f"{{{SIGNED}, encoding: base32}}", "auth.encoding: base32 is not one of 'hex' or 'base64'"),
        (f"{{{SIGNED}, over: head}}", "auth.over: head cannot be signed; write query, body, or a list of parameters"),
        (f"{{{SIGNED}, over: []}}", "auth.over: [] cannot be signed"),
        (f"{{{SIGNED}, over: [[a]]}}", "auth.over: [['a']] cannot be signed"),
        ("{addresses: []}", "auth.addresses: list should have at least 1 item"),
        ("{addresses: [nowhere]}", "auth.addresses[0]: nowhere is not a network; write one such as 203.0.113.0/24"),
        ("{addresses: [203.0.113.7/24]}", "auth.addresses[0]: 203.0.113.7/24 is not a network"),
        ("{addresses: [10.0.0.0/8, 0.0.0.0/0]}", "auth.addresses[1]: 0.0.0.0/0 is everybody; write the sender's own"),
        ("{addresses: ['::/0']}", "auth.addresses[0]: ::/0 is everybody"),
        ("{any_of: []}", "auth.any_of: list should have at least 1 item"),
        (f"{{all_of: [{{{SIGNED}}}, {{header: X}}]}}", "auth.all_of[1]: header needs a secret"),
        ("{any_of: [{any_of: [{parameter: token}]}]}", "auth.any_of[0].any_of[0]: parameter needs a secret"),
        ("{parameter: campaign, value: 1a2b}", "auth proves nothing: a public value is no proof; add a secret"),
        (f"{{any_of: [{{parameter: c, value: 12}}, {{{SIGNED}}}]}}", "auth proves nothing: a public value is no proof"),
        ("{standard_webhooks: true, secret: whsec_short}", "what follows whsec_ is not 24 to 64 bytes in base64"),
        ("{parameter: token, secret: a-secret-of-the-shop-0123}", "the same secret as on line 12; every partner needs"),
    ],
)  # fmt: skip
def test_a_problem_of_auth_is_told_with_its_line_and_its_fix(tmp_path: Path, auth: str, sentence: str) -> None:
    [found] = problems(tmp_path, shop(auth))
    assert found.startswith(f"partners.yaml:{AUTH_LINE}: partners[0] shop: ")
    assert sentence in found


BAD_SECRETS = [
    "canary",
    "12345678",
    "{env: lower_case}",
    "{file: canary}",
    "{env: SET, file: canary}",
    "[[canary]]",
    "''",
]


@pytest.mark.parametrize("secret", BAD_SECRETS)
def test_a_secret_that_is_none_is_not_repeated(tmp_path: Path, secret: str) -> None:
    label, sentence = "partners[0] shop: postback", "not a secret; write {env: NAME}, or"
    assert problems(tmp_path, shop(f"{{parameter: token, secret: {KEY}}}", secret=secret)) == [
        f"partners.yaml:{SECRET_LINE}: {label}.secret[0]: {sentence} 16 to 200 letters, digits, _ ~ . -, in quotes"
    ]
    assert problems(tmp_path, shop(f"{{parameter: token, secret: {secret}}}")) == [
        f"partners.yaml:{AUTH_LINE}: {label}.auth.secret[0]: {sentence} a text of 8 to 500 characters, in quotes"
    ]


def test_two_secrets_are_active_at_most_and_none_of_three_is_repeated(tmp_path: Path) -> None:
    three = "[canary-canary-canary-1, canary-canary-canary-2, canary-canary-canary-3]"
    found = problems(tmp_path, shop(f"{{parameter: token, secret: {three}}}", secret=three))
    assert [one.partition(" partners[0] ")[0] for one in found] == ["partners.yaml:12:", "partners.yaml:13:"]
    assert all("at most 2 items" in one and "canary" not in one for one in found)


def test_every_problem_of_several_partners_is_told_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    one = shop("{any_of: [{parameter: token}, {addresses: [nowhere]}]}", name="one", secret="short")
    two = shop("{signature: sign, secret: x, over: []}", name="two", secret="another-secret-0123")
    found = problems(tmp_path, one, two)
    assert [line.split(" ")[0] for line in found] == [
        "partners.yaml:12:", "partners.yaml:13:", "partners.yaml:13:", "partners.yaml:24:", "partners.yaml:24:",
    ]  # fmt: skip


def test_partners_share_no_proof_but_one_partner_may_bring_it_under_two_names(tmp_path: Path) -> None:
    aliases = f"{{any_of: [{{parameter: postback_key, secret: {KEY}}}, {{parameter: pk, secret: {KEY}}}]}}"
    assert loaded(tmp_path, aliases, sources()) == AnyOf(
        (ParameterProof("postback_key", (KEY,)), ParameterProof("pk", (KEY,)))
    )
    other = shop(f"{{{SIGNED}}}", name="other", secret="another-secret-0123")
    assert problems(tmp_path, shop(aliases), other) == [
        "partners.yaml:24: partners[1] other: the same secret as on line 13; every partner needs its own"
    ]


def test_the_environment_s_secrets_of_auth_are_those_that_are_made_and_required(tmp_path: Path) -> None:
    auth = "{any_of: [{parameter: token, secret: {env: SHOP_TOKEN}}, {signature: s, secret: [{env: SHOP_SIGN}]}]}"
    path = tmp_path / "partners.yaml"
    path.write_text(HEAD + shop(auth))
    assert secret_names(path) == {"SHOP_TOKEN", "SHOP_SIGN"}

    found = problems(tmp_path, shop(auth), known=sources(require_secrets=True, SHOP_SIGN="set"))
    assert [one.partition(" shop: ")[2] for one in found] == [
        "the secret is not set in the environment; set it, or start `tracker serve` once"
    ]
    assert load_programme(path, sources(require_secrets=True, SHOP_SIGN="set", SHOP_TOKEN="too"))


def test_a_message_at_an_own_path_is_tried_against_20_partners_of_a_dialect_at_most(tmp_path: Path) -> None:
    def shops(number: int, auth: str, dialect: str = "tune-sender") -> list[str]:
        return [
            shop(auth % one, name=f"shop-{one}", secret=f"a-secret-of-number-{one:04}").replace("tune-sender", dialect)
            for one in range(number)
        ]

    signed = "{signature: sign, secret: the-key-of-number-%04d}"
    path = tmp_path / "partners.yaml"
    named = "{all_of: [{parameter: whose, value: w}, {signature: sign, secret: the-key-of-number-%04d}]}"
    for good in (shops(20, signed), shops(21, named), shops(21, signed, "generic")):
        path.write_text(HEAD + "".join(good))
        load_programme(path, sources())

    [found] = problems(tmp_path, *shops(21, signed))
    assert found.startswith(
        f"partners.yaml:{AUTH_LINE + 20 * (AUTH_LINE - 2)}: partners[20] shop-20: 21 partners of tune-"
    )
    assert "add {parameter: ..., value: ...}" in found

"""partners.yaml: what is read, and every problem at once with its line and its fix."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracker.core.click import Confidence
from tracker.core.partner import Category, CheckPolicy, Origin, Reward, TermsVersion
from tracker.core.reasons import Reason
from tracker.core.terms_json import terms_from_json, terms_to_json
from tracker.errors import ConfigurationError
from tracker.partners import Sources, changed_past, load_programme, secret_names
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import FIELDS

ROOT = Path(__file__).resolve().parent.parent
SOURCES = Sources({}, dict.fromkeys(DIALECTS, FIELDS), {})

SHOP = """\
programme:
  name: Demo
  sign_in: https://programme.example/sign-in
partners:
  - id: shop
    name: Shop
    category: online-shops
    link: "https://net.example/?subid4={click_id}&ulp={url}"
    home: https://www.shop.example/
    hosts: [shop.example, www.shop.example]
    terms:
      - {from: 2026-01-01, rate: 5%, minimum_purchase: 999.50}
    promotions:
      - {from: 2026-11-23, until: 2026-11-29, rate: 10%}
    postback:
      dialect: generic
      secret: {env: SHOP_POSTBACK_SECRET}
"""


def problems(folder: Path, text: str, sources: Sources = SOURCES) -> list[str]:
    path = folder / "partners.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        load_programme(path, sources)
    return raised.value.problems


def test_the_demo_programme_has_every_category_and_kind_of_partner() -> None:
    programme = load_programme(ROOT / "partners.yaml", SOURCES)
    partners = programme.partners.values()

    assert len(partners) >= 12
    assert {"ozon", "aliexpress", "lamoda", "decathlon", "labirint", "bonprix", "dominos"} <= programme.partners.keys()
    assert {partner.category for partner in partners} == set(Category)
    assert programme.partners["aliexpress"].terms.origins == frozenset(Origin)
    assert [one.id for one in partners if one.terms.origins != {Origin.WEB}] == ["aliexpress", "aliexpress-global"]
    entries = [terms for partner in partners for terms in partner.terms.terms]
    assert any(terms.minimum_purchase for terms in entries)
    assert any(terms.tariffs for terms in entries)
    assert any(terms.reward and terms.reward.fixed and terms.once_per_shopper for terms in entries)
    assert any(partner.terms.promotions for partner in partners)
    assert any(partner.currencies == {"USD"} for partner in partners)


def test_a_partner_is_read_with_exact_numbers_and_the_programme_s_midnight(tmp_path: Path) -> None:
    path = tmp_path / "partners.yaml"
    path.write_text(SHOP)

    shop = load_programme(path, SOURCES).partners["shop"]

    [terms] = shop.terms.terms
    assert terms.reward == Reward(rate=Decimal("0.05"))
    assert terms.minimum_purchase == Decimal("999.50")
    assert terms.valid_from == datetime(2025, 12, 31, 21, tzinfo=UTC)
    assert shop.terms.session_hours == 6
    assert shop.currencies == {"RUB"}


@pytest.mark.parametrize(
    ("was", "becomes", "line", "sentence"),
    [
        ("name: Demo", "nmae: Demo", 2, "programme.nmae: unknown key; did you mean name?; remove it or mend its name"),
        ("name: Demo", "name: Demo\n  timezone: Mars/Base", 3, "Mars/Base is not a time zone"),
        (
            "name: Demo",
            "name: Demo\n  window_days: 0",
            3,
            "programme.window_days: input should be greater than or equal",
        ),
        ("name: Demo", "name: Demo\n  session_hours: 30", 3, "30 is not a session's length"),
        ("name: Demo", "name: Demo\n  minimum_cashback: -1", 3, "-1 is not a sum in rubles"),
        ("name: Demo", "name: Demo\n  checks: {adblock: refuse}", 3, "adblock is not one of 'ad_blocker'"),
        (
            "name: Demo",
            "name: Demo\n  checks: {cookies: forbid}",
            3,
            "forbid is not one of 'refuse', 'warn' or 'record'",
        ),
        (
            "name: Demo",
            "name: Demo\n  tag: {ad_blocker: warn}",
            3,
            "programme.tag.ad_blocker: warn: after the order nobody is there to be warned; write refuse or record",
        ),
        ("name: Demo", "name: Demo\n  tag: {second_tab: {policy: warn}}", 3, "write refuse or record"),
        ("name: Demo", "name: Demo\n  tag: {cookies: record}", 3, "cookies is not one of 'ad_blocker'"),
        ("name: Demo", "name: Demo\n  tag: {ad_blocker: {refuse_at: sure}}", 3, "sure is not one of 'low'"),
        (
            "    name: Shop\n",
            "    name: Shop\n    tag: {second_tab: warn}\n",
            7,
            "partners[0] shop: tag.second_tab: warn",
        ),
        ("https://programme.example/sign-in", "http://programme.example/", 3, "is not an https address"),
        ("id: shop", "id: Shop!", 5, "partners[0] Shop!: id: string should match pattern"),
        ("    name: Shop\n", "", 5, "partners[0] shop: name: missing; add it"),
        ("online-shops", "shops", 7, "partners[0] shop: category: shops is not one of 'online-shops'"),
        ("subid4={click_id}&", "", 8, "the link must hold {click_id} once"),
        ("ulp={url}", "ulp={URL}", 8, "{URL} is not filled in; the placeholders are {click_id} and {url}"),
        ("https://net.example/?", "http://net.example/?", 8, "is not an https address"),
        ("https://net.example/?", "https://{url}.net.example/?", 8, "is not an https address"),
        ("https://www.shop.example/", "https://other.example/", 5, "the host of home, other.example, is not in hosts"),
        ("https://www.shop.example/", "ftp://www.shop.example/", 9, "is not an https address"),
        ("[shop.example, www", "[https://shop.example, www", 10, "is not a host; write a lower-case DNS name alone"),
        ("[shop.example, www", "[Shop.example, www", 10, "Shop.example is not a host"),
        ("[shop.example, www", "[127.0.0.1, www", 10, "127.0.0.1 is not a host"),
        ("[shop.example, www", "['shop.example:443', www", 10, "shop.example:443 is not a host"),
        ("hosts: [shop.example, www.shop.example]", "hosts: []", 10, "list should have at least 1 item"),
        ("rate: 5%", "rate: 5", 12, "terms[0].rate: 5 is not a rate; write 5%"),
        ("rate: 5%", "rate: 0.05", 12, "0.05 is not a rate; write 0.05%"),
        ("rate: 5%", "rate: 0%", 12, "0% is not a rate; write a percentage over 0 and up to 100"),
        ("rate: 5%", "rate: 101%", 12, "101% is not a rate"),
        ("rate: 5%", "rate: NaN%", 12, "NaN% is not a rate"),
        ("rate: 5%", "rate: 60%", 12, "a rate over 50%; if it is meant, add rate_confirmed: true"),
        ("rate: 5%", "rate: 5%, fixed: 100", 12, "both a rate and a fixed sum; keep one"),
        ("rate: 5%", "fixed: 99.50", 12, "99.50 is not a fixed reward; write whole rubles"),
        ("rate: 5%", "fixed: 0", 12, "0 is not a fixed reward"),
        ("rate: 5%, ", "", 12, "nothing is earned; add a rate, a fixed sum or tariffs"),
        ("rate: 5%", "rate: 5%, tariffs: {a: {}}", 12, "a tariff without a reward"),
        ("999.50", "999.505", 12, "999.505 is not a sum in rubles; write at most two decimals"),
        ("from: 2026-01-01", "from: yesterday", 12, "from"),
        ("from: 2026-01-01, ", "", 12, "terms[0].from: missing; add it"),
        ("    promotions:", "      - {from: 2026-01-01, rate: 4%}\n    promotions:", 13, "terms overlap"),
        ("until: 2026-11-29", "until: 2026-11-22", 14, "it ends before it begins; until is the last day"),
        ("until: 2026-11-29, ", "", 14, "promotions[0].until: missing; add it"),
        ("dialect: generic", "dialect: admitadd", 16, "no dialect admitadd; did you mean admitad?"),
        (
            "dialect: generic",
            "dialect: tune",
            16,
            "no dialect tune; did you mean tune-sender? known: actionpay-sender, ",
        ),
        ("{env: SHOP_POSTBACK_SECRET}", "short", 17, "postback.secret[0]: not a secret; write {env: NAME}"),
        ("{env: SHOP_POSTBACK_SECRET}", "{env: not a name}", 17, "not a secret; write {env: NAME}"),
        ("{env: SHOP_POSTBACK_SECRET}", "{file: x}", 17, "not a secret; write {env: NAME}"),
        (
            "dialect: generic",
            "dialect: generic\n      map: {clickid: c}",
            17,
            "map renames no field clickid; did you mean",
        ),
        ("dialect: generic", "dialect: generic\n      statuses: {ok: good}", 17, "good is not one of 'pending'"),
        ("dialect: generic", "dialect: generic\n      amounts: {decimal: ';'}", 17, "; is not one of '.' or ','"),
        (
            "    name: Shop\n",
            "    name: Shop\n    name: Again\n",
            7,
            "the key name stands twice, first on line 6; keep one",
        ),
        (
            "    name: Shop\n",
            "    name: Shop\n    currencies: [rub]\n",
            7,
            "rub is not a currency; write its three capital",
        ),
        ("    name: Shop\n", "    name: Shop\n    origins: [desktop]\n", 7, "desktop is not one of 'web'"),
        ("    name: Shop\n", "    name: *nobody\n", 6, "not YAML: found undefined alias"),
        ("    name: Shop\n", "   name: Shop\n", 6, "not YAML"),
        ("  - id: shop", "  - id: [shop", 6, "not YAML"),
    ],
)
def test_a_problem_is_told_with_its_line_and_its_fix(
    tmp_path: Path, was: str, becomes: str, line: int, sentence: str
) -> None:
    assert was in SHOP
    found = problems(tmp_path, SHOP.replace(was, becomes, 1))

    assert any(one.startswith(f"partners.yaml:{line}: ") and sentence in one for one in found), found


def test_all_problems_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    text = SHOP.replace("rate: 5%", "rate: 5").replace("online-shops", "shops").replace("admitad", "x")

    lines = [int(one.split(":")[1]) for one in problems(tmp_path, text.replace("name: Demo", "nmae: Demo"))]

    assert lines == sorted(lines)
    assert {2, 7, 12} <= set(lines)


def test_two_partners_share_neither_id_nor_secret(tmp_path: Path) -> None:
    again = SHOP + SHOP.partition("partners:\n")[2]

    found = problems(tmp_path, again)

    assert any("the id stands twice, first on line 5" in one for one in found)
    assert any("the same secret as on line 17" in one for one in found)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"null",
        b"a: 1",
        b"\xff\xfe",
        b"- " * 5000,
        b"&a [*a]",
        b"[" * 100_000,
        b"{" * 2000,
        b"{{a: b}: c}",
        b"? [a]\n: b",
    ],
)
def test_what_is_no_programme_at_all_is_a_problem_and_no_traceback(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "partners.yaml"
    path.write_bytes(raw)

    with pytest.raises(ConfigurationError):
        load_programme(path, SOURCES)


def test_a_missing_file_is_a_problem_with_its_fix(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="name it by --partners or TRACKER_PARTNERS"):
        load_programme(tmp_path / "nothing.yaml", SOURCES)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(SHOP) - 1), st.text(max_size=4), st.integers(0, 20))
def test_any_damage_is_a_problem_or_nothing(tmp_path: Path, at: int, inserted: str, cut: int) -> None:
    path = tmp_path / "partners.yaml"
    path.write_text(SHOP[:at] + inserted + SHOP[at + cut :], encoding="utf-8", errors="replace")

    told = []
    try:
        load_programme(path, SOURCES)
    except ConfigurationError as error:
        told = error.problems or ["said nothing"]
    assert all(re.match(r"partners\.yaml(:\d+)?: ", problem) for problem in told), told


def test_a_secret_comes_from_the_environment_or_from_those_that_were_made(tmp_path: Path) -> None:
    path = tmp_path / "partners.yaml"
    path.write_text(SHOP)
    assert secret_names(path) == {"SHOP_POSTBACK_SECRET"}

    for environment, made in (({"SHOP_POSTBACK_SECRET": "a" * 20}, {}), ({}, {"SHOP_POSTBACK_SECRET": "a" * 20})):
        programme = load_programme(path, Sources(environment, SOURCES.dialects, made, require_secrets=True))
        assert programme.partners["shop"].postback.secrets == ("a" * 20,)
        assert "a" * 20 not in repr(programme)

    missing = Sources({}, SOURCES.dialects, {}, require_secrets=True)
    assert any("the secret is not set" in one for one in problems(tmp_path, SHOP, missing))


def test_a_terms_version_is_its_content_alone(tmp_path: Path) -> None:
    path = tmp_path / "partners.yaml"
    versions = []
    for text in (SHOP, SHOP.replace("rate: 5%", "rate: 5.0%  "), "# a comment\n" + SHOP, SHOP.replace("5%", "6%")):
        path.write_text(text)
        versions.append(load_programme(path, SOURCES).partners["shop"].terms.version)

    assert versions[0] == versions[1] == versions[2] != versions[3]
    assert re.fullmatch("[0-9a-f]{16}", versions[0])


def read_shop(folder: Path, text: str) -> TermsVersion:
    path = folder / "partners.yaml"
    path.write_text(text)
    return load_programme(path, SOURCES).partners["shop"].terms


def test_a_partner_s_word_on_the_tag_s_evidence_overrides_the_programme_s_reason_by_reason(tmp_path: Path) -> None:
    programme = SHOP.replace("name: Demo", "name: Demo\n  tag: {ad_blocker: refuse, second_tab: refuse}", 1)
    partner = "    name: Shop\n    tag: {second_tab: record, session_ended: {policy: refuse, refuse_at: medium}}\n"

    terms = read_shop(tmp_path, programme.replace("    name: Shop\n", partner, 1))

    assert terms.tag == (
        (Reason.AD_BLOCKER, CheckPolicy()),
        (Reason.SESSION_ENDED, CheckPolicy(refuse_at=Confidence.MEDIUM)),
    )
    assert terms_from_json(terms_to_json(terms)) == terms


def test_terms_that_refuse_nothing_of_the_tag_keep_the_version_that_they_had_before_there_was_one(
    tmp_path: Path,
) -> None:
    plain = read_shop(tmp_path, SHOP)
    recording = read_shop(tmp_path, SHOP.replace("name: Demo", "name: Demo\n  tag: {second_tab: record}", 1))
    refusing = read_shop(tmp_path, SHOP.replace("name: Demo", "name: Demo\n  tag: {second_tab: refuse}", 1))

    assert plain.version == recording.version == "90f10b005010cd61" != refusing.version
    assert "tag" not in terms_to_json(recording)


def test_every_terms_version_of_the_demo_survives_its_json() -> None:
    for partner in load_programme(ROOT / "partners.yaml", SOURCES).partners.values():
        assert terms_from_json(terms_to_json(partner.terms)) == partner.terms


@pytest.mark.parametrize(
    ("was", "becomes", "refused"),
    [
        ("rate: 5%", "rate: 4%", True),
        ("minimum_purchase: 999.50", "minimum_purchase: 1000", True),
        ("from: 2026-01-01", "from: 2026-01-02", True),
        ("    promotions:", "      - {from: 2027-01-01, rate: 4%}\n    promotions:", False),
        ("until: 2026-11-29", "until: 2026-12-29", False),
        ("until: 2026-11-29", "until: 2026-11-23", True),
        ("rate: 10%", "rate: 11%", True),
        ("name: Shop", "name: Shop again", False),
    ],
)
def test_a_reload_that_changes_the_past_is_refused(tmp_path: Path, was: str, becomes: str, refused: bool) -> None:
    path = tmp_path / "partners.yaml"
    versions = []
    for text in (SHOP, SHOP.replace(was, becomes, 1)):
        path.write_text(text)
        versions.append(load_programme(path, SOURCES).partners["shop"].terms)

    found = changed_past(versions[0], versions[1], datetime(2026, 11, 25, 12, tzinfo=UTC))

    assert bool(found) is refused

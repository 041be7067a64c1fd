"""`programme.notify` of partners.yaml, and the secret that is made for it."""

from pathlib import Path

import pytest

from tests.test_partners import SHOP, SOURCES, problems
from tracker.core.partner import Notify
from tracker.core.standard_webhooks import key_of
from tracker.keys import load, load_or_make
from tracker.partners import Sources, load_programme
from tracker.partners_notify import notify_secret_names

SECRET, OTHER = "whsec_" + "MfKQ" * 8, "whsec_" + "KQ9r" * 8
KNOWN = {"NOTIFY_SECRET": SECRET, "NEW_SECRET": OTHER, "SHOP_POSTBACK_SECRET": "a-secret-of-the-shop-0123"}


def text(url: str = "https://programme.example/hooks", signed_by: str = "{env: NOTIFY_SECRET}") -> str:
    return SHOP.replace("partners:", f"  notify: {{url: '{url}', secret: {signed_by}}}\npartners:", 1)


def sources(known: dict[str, str], *, required: bool = True) -> Sources:
    return Sources({}, SOURCES.dialects, known, require_secrets=required)


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ("{env: NOTIFY_SECRET}", (SECRET,)),
        (SECRET, (SECRET,)),
        ("[{env: NEW_SECRET}, {env: NOTIFY_SECRET}]", (OTHER, SECRET)),
    ],
)
def test_where_and_with_which_secrets_the_programme_is_notified(
    tmp_path: Path, secret: str, expected: tuple[str, ...]
) -> None:
    path = tmp_path / "partners.yaml"
    path.write_text(text(signed_by=secret))

    assert load_programme(path, sources(KNOWN)).notify == Notify("https://programme.example/hooks", expected)
    path.write_text(SHOP)
    assert load_programme(path, sources(KNOWN)).notify is None


def test_the_environment_wins_over_what_was_made(tmp_path: Path) -> None:
    path = tmp_path / "partners.yaml"
    path.write_text(text())
    notify = load_programme(path, Sources({"NOTIFY_SECRET": OTHER}, SOURCES.dialects, KNOWN)).notify

    assert notify is not None
    assert notify.secrets == (OTHER,)
    assert SECRET not in repr(notify)
    assert OTHER not in repr(notify)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8081/hooks", "http://localhost/", "http://[::1]:9/x", "https://hooks.example:8443/a?b=c"]
)
def test_without_tls_only_this_machine_is_notified(tmp_path: Path, url: str) -> None:
    path = tmp_path / "partners.yaml"
    path.write_text(text(url=url))

    notify = load_programme(path, sources(KNOWN)).notify
    assert notify is not None
    assert notify.url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://programme.example/hooks",
        "https://user:password@programme.example/",
        "https://programme.example/#x",
        "http://127.0.0.1.programme.example/",
        "ftp://programme.example/",
        "hooks",
    ],
)
def test_an_address_that_would_tell_it_to_others_is_refused(tmp_path: Path, url: str) -> None:
    fix = "is no address to notify; write an https one, or http on 127.0.0.1 or localhost"
    assert problems(tmp_path, text(url=url)) == [f"partners.yaml:4: programme.notify.url: {url} {fix}"]


@pytest.mark.parametrize(
    ("secret", "known", "said"),
    [
        ("whsec_short", {}, "the secret is not one of Standard Webhooks; write whsec_ and 24 to 64 bytes in base64"),
        ("{env: NOTIFY_SECRET}", {}, "NOTIFY_SECRET is not set in the environment"),
        ("{env: NOTIFY_SECRET}", {"NOTIFY_SECRET": "my-password"}, "NOTIFY_SECRET is not whsec_ and 24 to 64 bytes"),
        ("[whsec_short, b, c]", {}, "give one secret, or a list of two while it is changed"),
    ],
)
def test_a_secret_that_cannot_sign_is_told_with_its_line_and_never_shown(
    tmp_path: Path, secret: str, known: dict[str, str], said: str
) -> None:
    known = {"SHOP_POSTBACK_SECRET": KNOWN["SHOP_POSTBACK_SECRET"]} | known
    found = problems(tmp_path, text(signed_by=secret), sources(known))

    assert any(one.startswith("partners.yaml:4: programme.notify") and said in one for one in found), found
    assert not any("my-password" in one or "whsec_short" in one for one in found)


def test_a_missing_secret_is_made_once_in_the_form_that_receivers_take(tmp_path: Path) -> None:
    path = tmp_path / "partners.yaml"
    path.write_text(text(signed_by="[{env: NEW_SECRET}, {env: NOTIFY_SECRET}]"))
    names = notify_secret_names(path)
    made = load_or_make(tmp_path, [], names)

    assert names == {"NEW_SECRET", "NOTIFY_SECRET"} == made.notify.keys()
    assert all(key_of(secret) is not None for secret in made.notify.values())
    assert len(set(made.notify.values())) == 2
    assert load_or_make(tmp_path, [], names) == made == load(tmp_path)

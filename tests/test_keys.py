"""The installation's secrets: made once, kept whole, readable by nobody else."""

import json
import os
import re
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tracker.core.signing_keys import SigningKey, since_ever
from tracker.errors import ConfigurationError
from tracker.keys import Keys, destroy_old_months, load, load_or_make
from tracker.redirect.click_id import SignedClickIds
from tracker.web.hashing import KeyedHash

SIGNING = ("click", "link", "cookie")
SINGLE_KEYS = ("shopper_hash", "address_hash", "reports", "pages", "desk")
NOW = 1_767_225_600
DAY = 86_400
NAMES = ["LAMODA_POSTBACK_SECRET", "OZON_POSTBACK_SECRET"]


def every_key(one: Keys) -> list[str]:
    signing = [key.secret for name in SIGNING for key in getattr(one, name)]
    return signing + [getattr(one, name) for name in SINGLE_KEYS]


def load_or_make_ours(data: Path) -> Keys:
    return load_or_make(data, NAMES)


def problem(data: Path, read: Callable[[Path], Keys] = load) -> str:
    with pytest.raises(ConfigurationError) as raised:
        read(data)
    [one] = raised.value.problems
    path, _, said = one.partition(": ")
    assert path == str(data / "secrets.json")
    return said


def test_the_first_start_makes_them_and_later_ones_read_them(tmp_path: Path) -> None:
    data = tmp_path / "not" / "there"
    made = load_or_make(data, NAMES)
    file = (data / "secrets.json").stat().st_ino
    assert load(data) == load_or_make(data, NAMES) == made
    assert (data / "secrets.json").stat().st_ino == file


def test_every_key_is_of_256_bits_and_its_own(tmp_path: Path) -> None:
    made = [load_or_make(tmp_path / name, NAMES) for name in ("one", "another")]
    hex_keys = [key for one in made for key in every_key(one)]
    assert all(re.fullmatch("[0-9a-f]{64}", key) for key in hex_keys)
    secrets = [secret for one in made for secret in one.postback.values()]
    assert all(re.fullmatch("[A-Za-z0-9_-]{32}", secret) for secret in secrets)
    assert len({*hex_keys, *secrets}) == 2 * (len(SIGNING) + len(SINGLE_KEYS) + len(NAMES))


def test_nobody_else_may_read_them(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        load_or_make(tmp_path, NAMES)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_the_secret_of_a_new_partner_is_added_and_nothing_else_changes(tmp_path: Path) -> None:
    first = load_or_make(tmp_path, NAMES[:1])
    second = load_or_make(tmp_path, NAMES)
    assert second.postback.keys() == set(NAMES)
    assert msgspec.structs.replace(second, postback=first.postback) == first
    assert second.postback[NAMES[0]] == first.postback[NAMES[0]]
    assert load(tmp_path) == second


def test_an_older_installation_gets_its_later_keys_at_the_next_start_and_uses_no_empty_one(tmp_path: Path) -> None:
    made = load_or_make(tmp_path, NAMES)
    path = tmp_path / "secrets.json"
    kept = {name: value for name, value in json.loads(path.read_text()).items() if name not in ("pages", "desk")}
    path.write_text(json.dumps(kept))
    assert problem(tmp_path) == "without the keys pages, desk; `tracker serve` makes them at its next start"
    again = load_or_make(tmp_path, NAMES)
    assert all(re.fullmatch("[0-9a-f]{64}", key) for key in (again.pages, again.desk))
    assert msgspec.structs.replace(again, pages=made.pages, desk=made.desk, made_at=made.made_at) == made
    assert load(tmp_path) == again


def test_the_secret_of_a_partner_who_left_is_kept(tmp_path: Path) -> None:
    """Its late postbacks may still come, and it may return."""
    both = load_or_make(tmp_path, NAMES)
    assert load_or_make(tmp_path, NAMES[:1]) == both


def test_a_write_that_was_interrupted_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_or_make(tmp_path, NAMES[:1])

    def power_cut(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", power_cut)
    with pytest.raises(KeyboardInterrupt):
        load_or_make(tmp_path, NAMES)
    monkeypatch.undo()
    assert load(tmp_path) == first
    assert load_or_make(tmp_path, NAMES).postback.keys() == set(NAMES)
    assert {path.name for path in tmp_path.iterdir()} == {"secrets.json", "clock.json"}


def test_they_are_on_disk_before_they_are_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def noted(descriptor: int) -> None:
        synced.append(Path(f"/proc/self/fd/{descriptor}").readlink().name)
        real(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    load_or_make(tmp_path, NAMES)
    assert synced == ["secrets.new", tmp_path.name]


def test_what_another_process_left_half_written_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "secrets.new").write_text("{")
    (tmp_path / "secrets.new").chmod(0o666)
    made = load_or_make(tmp_path, NAMES)
    assert load(tmp_path) == made
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_an_installation_that_was_never_started_is_told_so(tmp_path: Path) -> None:
    assert problem(tmp_path) == "not there; `tracker serve` makes it at its first start"


def good() -> dict[str, Any]:
    """As the first releases wrote it."""
    key = "0123456789abcdef" * 4
    return {"click": [key], "link": key, "cookie": key} | dict.fromkeys(SINGLE_KEYS, key)


def test_click_ids_of_a_file_of_the_first_releases_outlive_the_update(tmp_path: Path) -> None:
    """Its keys were texts, oldest to newest: when the older ones stopped signing, nobody knows."""
    texts = [f"{number}" * 64 for number in range(3)]
    (tmp_path / "secrets.json").write_text(json.dumps(good() | {"click": texts}))
    before = [SignedClickIds(since_ever(text)).make("lab", 1, NOW, 7) for text in texts]

    loaded = load(tmp_path)
    kept = load_or_make(tmp_path, [], now=NOW)

    assert [key.secret for key in loaded.click] == [key.secret for key in kept.click] == texts
    assert json.loads((tmp_path / "secrets.json").read_text())["click"][2] == {
        "secret": texts[2], "signs_from": NOW, "made_at": 0,
    }  # fmt: skip
    in_119_days = SignedClickIds(load(tmp_path).click, clock=lambda: NOW + 119 * DAY)
    assert [in_119_days.read(click_id, "lab") for click_id in before] == before
    assert SignedClickIds(kept.click, clock=lambda: NOW).make("lab", 1, NOW, 7) == before[2]


def test_a_file_without_postback_secrets_is_good(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps(good()))
    assert load(tmp_path).postback == {}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        json.dumps(good())[:-10].encode(),
        json.dumps(good() | {"more": "x"}).encode(),
        json.dumps(good() | {"link": None}).encode(),
        json.dumps({name: value for name, value in good().items() if name != "cookie"}).encode(),
        # An empty or a short key would let anybody sign.
        json.dumps(good() | {"click": []}).encode(),
        json.dumps(good() | {"click": [""]}).encode(),
        json.dumps(good() | {"link": ""}).encode(),
        json.dumps(good() | {"cookie": "x" * 31}).encode(),
        json.dumps(good() | {"postback": {NAMES[0]: ""}}).encode(),
    ],
)
def test_a_damaged_file_is_named_and_never_replaced(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "secrets.json").write_bytes(content)
    said = problem(tmp_path)
    assert problem(tmp_path, load_or_make_ours) == said
    assert said.startswith("damaged (")
    assert said.endswith("); restore it from a backup")
    assert (tmp_path / "secrets.json").read_bytes() == content


def test_a_file_that_cannot_be_read_is_named_with_its_fix(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").mkdir()
    assert problem(tmp_path) == "not readable (Is a directory); run the tracker as the user who made it"


def test_a_key_never_shows(tmp_path: Path) -> None:
    made = load_or_make(tmp_path, NAMES)
    assert repr(made) == str(made) == f"{made}" == "Keys(...)"


def test_an_error_never_shows_a_key(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text(json.dumps(good() | {"link": "short-secret"}))
    assert "short-secret" not in problem(tmp_path)


def test_keys_cannot_be_changed(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        load_or_make(tmp_path, NAMES).reports = "x"  # type: ignore[misc]
    assert repr(SigningKey("0" * 64)) == "SigningKey(..., signs_from=0)"


def months(data: Path, moment: datetime) -> dict[str, str]:
    return load_or_make(data, [], now=moment.timestamp()).months


def test_address_hashes_have_a_random_key_a_month_two_years_ahead(tmp_path: Path) -> None:
    """So that every machine gets the same ones with the file."""
    made = months(tmp_path / "one", datetime(2026, 11, 29, tzinfo=UTC))
    assert (min(made), max(made), len(made)) == ("2026-11", "2028-11", 25)
    other = months(tmp_path / "another", datetime(2026, 11, 29, tzinfo=UTC))
    assert len({*made.values(), *other.values()}) == 50
    assert months(tmp_path / "one", datetime(2028, 5, 30, tzinfo=UTC)).keys() <= made.keys()
    later = months(tmp_path / "one", datetime(2028, 7, 1, tzinfo=UTC))
    assert max(later) == "2030-07"
    assert {month: later[month] for month in ("2028-07", "2028-11")} == {m: made[m] for m in ("2028-07", "2028-11")}


def test_a_month_s_key_is_destroyed_120_days_after_it_and_then_no_hash_can_be_made_again(tmp_path: Path) -> None:
    november = datetime(2026, 11, 29, tzinfo=UTC)
    kept = load_or_make(tmp_path, [], now=november.timestamp())
    before = KeyedHash(kept.address_hash, kept.months).of_month("203.0.113.9", november)
    end = datetime(2026, 12, 1, tzinfo=UTC) + timedelta(days=120)
    for day in range(120):
        load_or_make(tmp_path, [], now=(november + timedelta(days=day)).timestamp())

    assert destroy_old_months(tmp_path, end.timestamp() - 1) == []
    again = load(tmp_path)
    assert KeyedHash(again.address_hash, again.months).of_month("203.0.113.9", november) == before
    assert destroy_old_months(tmp_path, end.timestamp()) == ["2026-11"]
    assert kept.months["2026-11"] not in (tmp_path / "secrets.json").read_text()
    gone = load(tmp_path)
    assert KeyedHash(gone.address_hash, gone.months).of_month("203.0.113.9", november) != before


def test_a_folder_that_cannot_be_used_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(ConfigurationError, match="the secrets cannot be kept there"):
        load_or_make(tmp_path / "file", [])

"""Keys rotate while old and new workers run together, and no click id is lost (reliability.md, I14 and F-k)."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.running import PARTNERS
from tracker.cli import run
from tracker.core.click_id import LETTERS
from tracker.core.signing_keys import BROWSER_COOKIE_SECONDS, LINK_SECONDS, SigningKeys, in_order
from tracker.errors import TrackerError
from tracker.keys import VERIFY_SECONDS, Keys, destroy_old_months, load, load_or_make
from tracker.keys.rotation import ListedKey, listed, rotate
from tracker.redirect.click_id import SignedClickIds, letter_of
from tracker.redirect.tokens import Tokens, make_link

DAY = 86_400
START = 1_767_225_600  # 2026-01-01
DELAY = 600


class Machine:
    """A data folder and a clock."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.now = START
        self.wait(0)

    def wait(self, days: int) -> None:
        """Started once a day."""
        load_or_make(self.data, [], now=self.now)
        for _ in range(days):
            self.now += DAY
            load_or_make(self.data, [], now=self.now)

    def rotate(self, purpose: str, delay: int = DELAY) -> ListedKey | None:
        return rotate(self.data, purpose, delay=delay, now=self.now, letter_of=letter_of)

    def worker(self) -> SignedClickIds:
        """One that has just read the file."""
        return SignedClickIds(load(self.data).click, clock=lambda: self.now)

    def click(self, worker: SignedClickIds, random: int = 0) -> str:
        return worker.make("lab", 5, self.now, random)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_every_id_of_90_days_verifies_though_the_key_was_rotated_on_day_45(machine: Machine) -> None:
    """An old worker does not know the new key until it is restarted: until the new key signs, nobody needs it."""
    old = machine.worker()
    ids: list[str] = []
    new = old
    for day in range(91):
        machine.now = START + day * DAY
        if day == 45:
            machine.rotate("click")
            new = machine.worker()
            for second in range(0, DELAY, 60):
                machine.now = START + day * DAY + second
                both = [machine.click(old, second), machine.click(new, second + 1)]
                assert [worker.read(one, "lab") for worker in (old, new) for one in both] == both * 2
                ids += both
            old = machine.worker()  # restarted, within the delay
            machine.now = START + day * DAY + DELAY
        ids += [machine.click(old), machine.click(new, 1)]
        assert [one.read(click_id, "lab") for one in (old, new) for click_id in ids] == ids * 2
    letters = {click_id[0] for click_id in ids}
    assert len(letters) == 2, "the new key did sign"


def test_the_new_key_signs_at_its_moment_and_not_a_second_before(machine: Machine) -> None:
    made = machine.rotate("click")
    assert made is not None
    worker = machine.worker()
    machine.now = START + DELAY - 1
    assert machine.click(worker)[0] != made.letter
    machine.now = START + DELAY
    assert machine.click(worker)[0] == made.letter


def test_an_old_key_verifies_for_120_days_after_it_stopped_and_is_then_taken_out(machine: Machine) -> None:
    machine.rotate("click")
    machine.now = START + DELAY - 1
    last = machine.click(machine.worker())
    machine.now = START + DELAY
    machine.wait(120)
    assert machine.worker().read(last, "lab") == last
    machine.rotate("link")
    assert len(load(machine.data).click) == 2
    machine.now += 1
    assert machine.worker().read(last, "lab") is None
    machine.rotate("cookie")
    assert len(load(machine.data).click) == 1


def test_a_start_with_a_clock_years_ahead_costs_no_key(machine: Machine) -> None:
    """An empty clock battery, before the network has told the time."""
    click = machine.click(machine.worker())
    machine.wait(20)
    machine.rotate("click", delay=0)
    before = load(machine.data)
    right = machine.now
    machine.now += 3650 * DAY
    machine.wait(1)
    assert destroy_old_months(machine.data, machine.now) == []
    machine.rotate("link")
    machine.now = right + 60
    machine.wait(0)
    assert machine.worker().read(click, "lab") == click
    after = load(machine.data)
    assert set(before.link) < set(after.link)
    assert before.months.items() <= after.months.items()


def test_a_clock_that_stays_ahead_for_a_week_is_right(machine: Machine) -> None:
    """The tracker was off for years."""
    machine.wait(20)
    machine.now += 3650 * DAY
    machine.wait(6)
    assert destroy_old_months(machine.data, machine.now) == []
    machine.wait(1)
    assert destroy_old_months(machine.data, machine.now)[0] == "2026-01"


def tokens_of(machine: Machine) -> Tokens:
    keys = load(machine.data)
    return Tokens(keys.link, keys.cookie)


def test_links_and_cookies_outlive_a_rotation_by_their_own_age(machine: Machine) -> None:
    old = tokens_of(machine)
    machine.rotate("link")
    machine.rotate("cookie")
    machine.now = START + DELAY - 1
    link = make_link(load(machine.data).link, "shopper-1", "lab", machine.now)
    browser, shopper = old.make_browser_cookie("b" * 20, machine.now), old.make_shopper_cookie("shopper-1", machine.now)
    new = tokens_of(machine)
    assert make_link(load(machine.data).link, "shopper-1", "lab", START + DELAY) != link
    assert old.read_link(make_link(load(machine.data).link, "s", "lab", START + DELAY), "lab", START + DELAY) is None

    day_later = machine.now + LINK_SECONDS
    assert new.read_link(link, "lab", day_later) == "shopper-1"
    assert new.read_link(link, "lab", day_later + 1) is None
    assert new.read_shopper_cookie(shopper, day_later) is not None
    assert new.read_shopper_cookie(shopper, day_later + 1) is None
    assert new.read_browser_cookie(browser, machine.now + BROWSER_COOKIE_SECONDS) is not None
    assert new.read_browser_cookie(browser, machine.now + BROWSER_COOKIE_SECONDS + 1) is None


def test_an_old_link_key_that_was_stolen_signs_nothing_that_is_believed_a_day_later(machine: Machine) -> None:
    stolen = load(machine.data).link
    machine.rotate("link")
    late = START + DELAY + LINK_SECONDS + 301
    assert tokens_of(machine).read_link(make_link(stolen, "shopper-1", "lab", late), "lab", late) is None


def test_a_key_of_one_purpose_signs_nothing_of_another(machine: Machine) -> None:
    """The file's lists have one form, and each salt is its own all the same."""
    for purpose in VERIFY_SECONDS:
        machine.rotate(purpose, delay=0)
    keys = load(machine.data)
    every = [*keys.click, *keys.link, *keys.cookie]
    crossed = Tokens(every, every)
    now = float(START)
    link = make_link(every, "shopper-1", "*", now)
    cookie = crossed.make_shopper_cookie("shopper-1", now)
    assert crossed.read_link(cookie, "lab", now) is None
    assert crossed.read_shopper_cookie(link, now) is None
    wrong = Tokens(keys.cookie, keys.link)
    assert wrong.read_link(make_link(keys.link, "shopper-1", "*", now), "lab", now) is None
    assert SignedClickIds(keys.link).read(machine.click(machine.worker()), "lab") is None


def full(machine: Machine) -> SigningKeys:
    """As many click keys as there may be: one a letter."""
    while len(load(machine.data).click) < len(LETTERS):
        machine.rotate("click", delay=0)
        machine.now += 60
    return load(machine.data).click


def test_every_click_key_has_a_letter_of_its_own_and_there_are_no_more_than_letters(machine: Machine) -> None:
    assert {letter_of(key.secret) for key in full(machine)} == set(LETTERS)
    with pytest.raises(TrackerError, match="22 click keys verify, as many as there may be"):
        machine.rotate("click")


def seconds_to_refuse(ids: SignedClickIds, forged: list[str]) -> float:
    def once() -> float:
        begin = time.perf_counter()
        for text in forged:
            ids.read(text, "lab")
        return time.perf_counter() - begin

    return min(once() for _ in range(9))


def test_to_refuse_a_forged_id_costs_the_same_however_many_keys_there_are(machine: Machine) -> None:
    keys = full(machine)
    newest = in_order(keys)[-1]
    forged = [newest_letter + "d5avj001fw0j6hb76gqk1epdyz96c" for newest_letter in [letter_of(newest.secret)] * 300]
    one, many = SignedClickIds([newest]), SignedClickIds(keys)
    assert {many.read(text, "lab") for text in forged} == {None}
    assert seconds_to_refuse(many, forged) < 3 * seconds_to_refuse(one, forged)


@pytest.mark.parametrize("purpose", ["link", "cookie"])
def test_of_keys_whose_tokens_name_none_there_are_four_at_most(machine: Machine, purpose: str) -> None:
    for _ in range(3):
        machine.rotate(purpose, delay=0)
        machine.now += 60
    with pytest.raises(TrackerError, match=f"4 {purpose} keys verify"):
        machine.rotate(purpose)
    machine.now += VERIFY_SECONDS[purpose] + 400 * DAY
    with pytest.raises(TrackerError, match="clock has leapt ahead"):
        machine.rotate(purpose)
    machine.wait(7)
    assert machine.rotate(purpose) is not None


def test_while_a_new_key_waits_for_its_moment_there_is_no_second_one(machine: Machine) -> None:
    machine.rotate("click")
    with pytest.raises(TrackerError, match="A new click key signs from 2026-01-01 00:10:00Z"):
        machine.rotate("click")


@pytest.mark.parametrize("purpose", ["reports", "pages", "desk"])
def test_a_token_of_an_address_is_replaced_at_once(machine: Machine, purpose: str) -> None:
    before = load(machine.data)
    assert machine.rotate(purpose) is None
    after = load(machine.data)
    changed = {name for name in Keys.__struct_fields__ if getattr(before, name) != getattr(after, name)}
    assert changed == {purpose, "made_at"} or (changed == {purpose} and after.made_at[purpose] == START)


def test_a_list_tells_everything_but_the_keys(machine: Machine) -> None:
    machine.rotate("click")
    keys = load(machine.data)
    told = {(one.purpose, one.signs_now): one for one in listed(keys, machine.now, letter_of)}
    old, new = told["click", True], told["click", False]
    assert (old.signs_until, old.verifies_until) == (START + DELAY, START + DELAY + 120 * DAY)
    assert (new.signs_from, new.signs_until, new.verifies_until, new.made_at) == (START + DELAY, None, None, START)
    assert old.letter != new.letter
    secrets = [key.secret for name in VERIFY_SECONDS for key in getattr(keys, name)] + [keys.reports, keys.desk]
    assert [secret for secret in secrets if secret in str(told)] == []


Command = Callable[..., str]


def test_the_commands_make_list_and_rotate_and_never_print_a_key(tmp_path: Path, tracker_command: Command) -> None:
    assert "secrets.json" in tracker_command("keys", "make")
    before = load(tmp_path).click
    rotated = tracker_command("keys", "rotate", "click", "--in", "2h")
    assert "tracker restart" in rotated
    lines = [json.loads(line) for line in tracker_command("keys", "list", "--json").splitlines()]
    clicks = [line for line in lines if line["purpose"] == "click"]
    assert clicks[1]["signs_from"] - clicks[1]["made_at"] == 2 * 3600
    text = tracker_command("keys")
    assert "signs from" in text
    assert [key.secret for key in (*before, *load(tmp_path).click) if key.secret in text + rotated] == []


@pytest.fixture
def tracker_command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setenv("TRACKER_DATA", str(tmp_path))
    monkeypatch.setenv("TRACKER_PARTNERS", str(PARTNERS))

    def command(*arguments: str) -> str:
        assert run(arguments) == 0
        return capsys.readouterr().out

    return command

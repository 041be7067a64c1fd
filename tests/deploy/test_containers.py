"""The container files: by the compose specification's own schema, and by what the tracker demands of its servers. They
are not built here."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from tests.deploy.files import DEPLOY, ROOT, settings_of
from tracker.embedded.valkey_check import LISTPACK_VALUE_BYTES, MUST_BE
from tracker.settings import KNOWN, read_settings

CONTAINERS = DEPLOY / "containers"
SCHEMA = Path(__file__).with_name("compose_spec.json")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((CONTAINERS / "compose.yaml").read_text())
    return read


def test_the_compose_file_is_one(compose: dict[str, Any]) -> None:
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()))
    assert [f"{list(error.instance_path)}: {error.message}" for error in validator.iter_errors(compose)] == []
    assert not validator.is_valid(compose | {"services": {"tracker": {"imege": "x"}}})


def test_every_volume_and_every_dependency_is_there(compose: dict[str, Any]) -> None:
    services = compose["services"]
    for service in services.values():
        named = [one.partition(":")[0] for one in service.get("volumes", ())]
        assert {name for name in named if not name.startswith((".", "/"))} <= compose["volumes"].keys()
        waits = service.get("depends_on", {})
        assert all("healthcheck" in services[name] for name in waits)


def test_valkey_is_started_as_the_tracker_demands(compose: dict[str, Any]) -> None:
    command = compose["services"]["valkey"]["command"]
    given = dict(zip(command[1::2], command[2::2], strict=True))
    assert {name: given[f"--{name}"] for name in MUST_BE} == {name: wanted for name, (wanted, _) in MUST_BE.items()}
    assert int(given["--hash-max-listpack-value"]) >= LISTPACK_VALUE_BYTES


def test_the_tracker_s_settings_are_settings_and_every_word_is_given(compose: dict[str, Any]) -> None:
    example = (CONTAINERS / "example.env").read_text()
    words = dict(line.split("=", 1) for line in example.splitlines() if line and not line.startswith("#"))
    environment = compose["services"]["tracker"]["environment"]
    filled = {name: re.sub(r"\$\{(\w+)}", lambda found: words[found[1]], text) for name, text in environment.items()}
    image = settings_of((CONTAINERS / "Containerfile").read_text())
    settings = read_settings(image | settings_of(example) | filled)
    assert image.keys() | environment.keys() <= KNOWN.keys()
    assert settings.postgres_url == f"postgresql://tracker:{words['POSTGRES_PASSWORD']}@postgres/tracker"
    assert settings.host == "0.0.0.0"  # noqa: S104 - inside its container


def test_the_image_copies_what_is_there_and_runs_as_nobody_special() -> None:
    text = (CONTAINERS / "Containerfile").read_text()
    copied = [name for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE) for name in line.split()[:-1]]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert re.search(r"^USER tracker$", text, re.MULTILINE)

"""The installation's secrets: made at the first start, kept in the data folder, readable by nobody else."""

import json
import os
import secrets
from collections.abc import Collection
from pathlib import Path

import msgspec

from tracker.errors import ConfigurationError

_FILE = "secrets.json"


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hex keys of 256 bits, one a purpose. `click` is oldest to newest: the newest signs, the others still verify."""

    click: list[str]
    link: str  # signed shopper links
    cookie: str  # shopper, browser and pass cookies
    shopper_hash: str  # what analysts see instead of a shopper id
    address_hash: str  # what is kept instead of an address
    postback: dict[str, str] = {}  # environment name -> secret path

    def __repr__(self) -> str:  # a key in a log is a key lost
        return "Keys(...)"


def load(data: Path) -> Keys:
    """The secrets of an installation that has been started before. Raises ConfigurationError if there are none."""
    path = data / _FILE
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigurationError([f"{path}: not there; `tracker serve` makes it at its first start"]) from None
    try:
        return msgspec.json.decode(raw, type=Keys)
    except msgspec.MsgspecError as error:
        raise ConfigurationError([f"{path}: not readable ({error}); restore it from a backup"]) from None


def load_or_make(data: Path, postback_names: Collection[str]) -> Keys:
    """The secrets, made if missing; partners' postback secrets that the environment lacks among them."""
    path = data / _FILE
    keys = load(data) if path.exists() else _make()
    missing = sorted(set(postback_names) - keys.postback.keys())
    if missing or not path.exists():
        made = {name: secrets.token_urlsafe(24) for name in missing}
        keys = msgspec.structs.replace(keys, postback=keys.postback | made)
        _write(path, keys)
    return keys


def _make() -> Keys:
    return Keys(
        click=[secrets.token_hex(32)],
        link=secrets.token_hex(32),
        cookie=secrets.token_hex(32),
        shopper_hash=secrets.token_hex(32),
        address_hash=secrets.token_hex(32),
    )


def _write(path: Path, keys: Keys) -> None:
    """Whole or not at all, and on disk: a click id signed with a lost key is a lost click."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(msgspec.to_builtins(keys), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

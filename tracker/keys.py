"""The installation's secrets: made at the first start, kept in the data folder, readable by nobody else."""

import json
import os
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import msgspec

from tracker.errors import ConfigurationError

_FILE = "secrets.json"

# What is shorter can be guessed; it got there by hand.
_Key = Annotated[str, msgspec.Meta(min_length=32)]
_PostbackSecret = Annotated[str, msgspec.Meta(min_length=16)]


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hex keys of 256 bits, one a purpose. `click` is oldest to newest: the newest signs, the others still verify."""

    click: Annotated[list[_Key], msgspec.Meta(min_length=1)]
    link: _Key  # signed shopper links
    cookie: _Key  # shopper, browser and pass cookies
    shopper_hash: _Key  # what analysts see instead of a shopper id
    address_hash: _Key  # what is kept instead of an address
    reports: _Key  # who has it may read the reports
    postback: dict[str, _PostbackSecret] = {}  # environment name -> secret path

    def __repr__(self) -> str:  # a key in a log is a key lost
        return "Keys(...)"


def load(data: Path) -> Keys:
    """The secrets of an installation that has been started before. Raises ConfigurationError if there are none."""
    path = data / _FILE
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigurationError([f"{path}: not there; `tracker serve` makes it at its first start"]) from None
    except OSError as error:
        problem = f"{path}: not readable ({error.strerror}); run the tracker as the user who made it"
        raise ConfigurationError([problem]) from None
    try:
        return msgspec.json.decode(raw, type=Keys)
    except msgspec.MsgspecError as error:
        raise ConfigurationError([f"{path}: damaged ({error}); restore it from a backup"]) from None


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
        reports=secrets.token_hex(32),
    )


def _write(path: Path, keys: Keys) -> None:
    """Whole or not at all, and on disk: a click id signed with a lost key is a lost click."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)  # of a start that was killed
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(msgspec.to_builtins(keys), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""The installation's secrets: made at the first start, kept in the data folder, readable by nobody else."""

import json
import os
import secrets
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import msgspec

from tracker.core.standard_webhooks import secret_of
from tracker.errors import ConfigurationError

_FILE = "secrets.json"

# What is shorter can be guessed; it got there by hand.
_Key = Annotated[str, msgspec.Meta(min_length=32)]
_PostbackSecret = Annotated[str, msgspec.Meta(min_length=16)]
_NotifySecret = Annotated[str, msgspec.Meta(pattern="^whsec_")]
# What installations of before lack: made at the next start of `tracker serve`.
_LATER = ("pages", "desk")


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hex keys of 256 bits, one a purpose. `click` is oldest to newest: the newest signs, the others still verify."""

    click: Annotated[list[_Key], msgspec.Meta(min_length=1)]
    link: _Key  # signed shopper links
    cookie: _Key  # shopper, browser and pass cookies
    shopper_hash: _Key  # what analysts see instead of a shopper id
    address_hash: _Key  # what is kept instead of an address
    reports: _Key  # who has it may read the reports
    pages: _Key = ""  # from it comes the token of each partner's own page
    desk: _Key = ""  # who has it may work at the staff's desk
    postback: dict[str, _PostbackSecret] = {}  # environment name -> secret path
    notify: dict[str, _NotifySecret] = {}  # environment name -> what signs notifications to the programme

    def __repr__(self) -> str:  # a key in a log is a key lost
        return "Keys(...)"


def load(data: Path) -> Keys:
    """The secrets of an installation that has been started before. Raises ConfigurationError if any is missing."""
    path = data / _FILE
    found = _read(path)
    if missing := [name for name in _LATER if not getattr(found, name)]:
        problem = f"{path}: without the keys {', '.join(missing)}; `tracker serve` makes them at its next start"
        raise ConfigurationError([problem])
    return found


def _read(path: Path) -> Keys:
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


def load_or_make(data: Path, postback_names: Collection[str], notify_names: Collection[str] = ()) -> Keys:
    """The secrets, made if missing; partners' postback secrets that the environment lacks among them, and those that
    sign notifications."""
    path = data / _FILE
    keys = _read(path) if path.exists() else _make()
    missing = sorted(set(postback_names) - keys.postback.keys())
    later = {name: secrets.token_hex(32) for name in _LATER if not getattr(keys, name)}
    signing = {name: secret_of(secrets.token_bytes(32)) for name in sorted(set(notify_names) - keys.notify.keys())}
    if missing or signing or later or not path.exists():
        made = {name: secrets.token_urlsafe(24) for name in missing}
        keys = msgspec.structs.replace(keys, postback=keys.postback | made, notify=keys.notify | signing, **later)
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

"""The installation's secrets: made at the first start, kept in the data folder, readable by nobody else."""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec

from tracker.core.signing_keys import (
    BROWSER_COOKIE_SECONDS,
    CLICK_KEY_SECONDS,
    LINK_SECONDS,
    SigningKey,
    still_verifying,
)
from tracker.core.standard_webhooks import secret_of
from tracker.errors import ConfigurationError
from tracker.keys.clock import is_believed

_FILE = "secrets.json"

# What is shorter can be guessed; it got there by hand.
_Key = Annotated[str, msgspec.Meta(min_length=32)]
_SigningKeys = Annotated[list[SigningKey], msgspec.Meta(min_length=1)]
_PostbackSecret = Annotated[str, msgspec.Meta(min_length=16)]
_NotifySecret = Annotated[str, msgspec.Meta(pattern="^whsec_")]
# What installations of before lack: made at the next start of `tracker serve`.
_LATER = ("pages", "desk")
# As long as a click id's key: for whoever looks for fraud among the clicks of a confirmed order.
MONTH_KEPT_SECONDS = 120 * 86_400  # after the month's end
MONTHS_LEFT = 6  # made anew when fewer are left
VERIFY_SECONDS = {"click": CLICK_KEY_SECONDS, "link": LINK_SECONDS, "cookie": BROWSER_COOKIE_SECONDS}


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hex keys of 256 bits, one a purpose. Those that sign are lists: a new one is known before it signs, an old one
    verifies on (`tracker.core.signing_keys`)."""

    click: _SigningKeys
    link: _SigningKeys  # signed shopper links
    cookie: _SigningKeys  # shopper, browser and pass cookies
    shopper_hash: _Key  # what analysts see instead of a shopper id
    address_hash: _Key  # where a click lies, and what is kept instead of a user agent
    months: dict[str, _Key] = {}  # such as 2026-11 -> what makes the hashes of that month's addresses
    reports: _Key  # who has it may read the reports
    pages: _Key = ""  # from it comes the token of each partner's own page
    desk: _Key = ""  # who has it may work at the staff's desk
    postback: dict[str, _PostbackSecret] = {}  # environment name -> secret path
    notify: dict[str, _NotifySecret] = {}  # environment name -> what signs notifications to the programme
    made_at: dict[str, int] = {}  # Unix time, of the keys that are no lists; those of before are as old as all

    def __repr__(self) -> str:  # a key in a log is a key lost
        return "Keys(...)"


def load(data: Path) -> Keys:
    """The secrets of an installation that has been started before. Raises ConfigurationError if any is missing."""
    path = data / _FILE
    found, _ = _read(path, time.time())
    if missing := [name for name in _LATER if not getattr(found, name)]:
        problem = f"{path}: without the keys {', '.join(missing)}; `tracker serve` makes them at its next start"
        raise ConfigurationError([problem])
    return found


def load_or_make(
    data: Path, postback_names: Collection[str], notify_names: Collection[str] = (), *, now: float | None = None
) -> Keys:
    """The secrets, made if missing; partners' postback secrets that the environment lacks among them, and those that
    sign notifications. `now` is Unix time. Nothing is taken out: a start does not know whether its clock is right."""
    moment = time.time() if now is None else now
    with changing(data) as file:
        is_believed(data, moment)  # noted, for who destroys
        keys, written = file.read(moment) if file.exists else (_make(moment), {})
        missing = sorted(set(postback_names) - keys.postback.keys())
        later = {name: secrets.token_hex(32) for name in _LATER if not getattr(keys, name)}
        signing = {name: secret_of(secrets.token_bytes(32)) for name in sorted(set(notify_names) - keys.notify.keys())}
        keys = msgspec.structs.replace(
            keys,
            postback=keys.postback | {name: secrets.token_urlsafe(24) for name in missing},
            notify=keys.notify | signing,
            made_at=keys.made_at | dict.fromkeys(later, int(moment)),
            months=with_months_ahead(keys.months, moment),
            **later,
        )
        if written != msgspec.to_builtins(keys):
            file.write(keys)
    return keys


def pruned(keys: Keys, now: float) -> Keys:
    """Without signing keys that verify nothing any more."""
    alive = {name: still_verifying(getattr(keys, name), now, seconds) for name, seconds in VERIFY_SECONDS.items()}
    return msgspec.structs.replace(keys, **alive)


def with_months_ahead(kept: Mapping[str, str], now: float) -> dict[str, str]:
    """Keys of addresses: many are made at once, long before they are needed, so that every machine gets the same ones
    by copying the file."""
    today = datetime.fromtimestamp(now, UTC)
    ahead = [f"{today.year + number // 12}-{number % 12 + 1:02}" for number in range(today.month - 1, today.month + 24)]
    made = {} if set(ahead[:MONTHS_LEFT]) <= kept.keys() else {month: secrets.token_hex(32) for month in ahead}
    return dict(sorted((made | dict(kept)).items()))


def destroy_old_months(data: Path, now: float) -> list[str]:
    """Takes the keys of months that are long over out of the file, for ever; their names. None while the clock is not
    believed. Raises ConfigurationError."""
    first = f"{datetime.fromtimestamp(now - MONTH_KEPT_SECONDS, UTC):%Y-%m}"
    with changing(data) as file:
        keys, _ = file.read(now)
        if not is_believed(data, now):
            return []
        months = {month: key for month, key in keys.months.items() if month >= first}
        gone = sorted(keys.months.keys() - months.keys())
        if gone:
            file.write(msgspec.structs.replace(keys, months=months))
    return gone


class SecretsFile:
    """The file while nobody else changes it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def exists(self) -> bool:
        return self._path.exists()

    def read(self, now: float) -> tuple[Keys, Mapping[str, Any]]:
        """The secrets, and what stands in the file. Raises ConfigurationError."""
        return _read(self._path, now)

    def write(self, keys: Keys) -> None:
        """Whole or not at all, and on disk: a click id signed with a lost key is a lost click."""
        fresh = self._path.with_suffix(".new")
        fresh.unlink(missing_ok=True)  # of a start that was killed
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(msgspec.to_builtins(keys), file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def changing(data: Path) -> Iterator[SecretsFile]:
    """One at a time: what another process adds meanwhile must not be written over. Raises ConfigurationError when the
    folder or its disk does not take the file."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        folder = os.open(data, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield SecretsFile(data / _FILE)
        finally:
            os.close(folder)
    except OSError as error:
        problem = f"{data}: the secrets cannot be kept there ({error.strerror}); choose another folder with --data"
        raise ConfigurationError([problem]) from None


def _read(path: Path, now: float) -> tuple[Keys, Mapping[str, Any]]:
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise ConfigurationError([f"{path}: not there; `tracker serve` makes it at its first start"]) from None
    except OSError as error:
        problem = f"{path}: not readable ({error.strerror}); run the tracker as the user who made it"
        raise ConfigurationError([problem]) from None
    try:
        written = msgspec.json.decode(raw, type=dict[str, Any])
        return msgspec.convert(_up_to_date(written, int(now)), Keys), written
    except msgspec.MsgspecError as error:
        raise ConfigurationError([f"{path}: damaged ({error}); restore it from a backup"]) from None


def _up_to_date(written: Mapping[str, Any], now: int) -> dict[str, Any]:
    """The first releases wrote signing keys as plain texts. When one of theirs stopped signing nobody knows: it
    verifies from now on for as long as one that stops today."""
    found = dict(written)
    for name in VERIFY_SECONDS:
        texts = [found[name]] if isinstance(found.get(name), str) else found.get(name)
        if isinstance(texts, list) and texts and all(isinstance(one, str) for one in texts):
            found[name] = [{"secret": one, "signs_from": now if place else 0} for place, one in enumerate(texts)]
    return found


def _make(now: float) -> Keys:
    def signing() -> list[SigningKey]:
        return [SigningKey(secrets.token_hex(32), made_at=int(now))]

    return Keys(
        click=signing(),
        link=signing(),
        cookie=signing(),
        shopper_hash=secrets.token_hex(32),
        address_hash=secrets.token_hex(32),
        reports=secrets.token_hex(32),
        made_at=dict.fromkeys(("shopper_hash", "address_hash", "reports"), int(now)),
    )

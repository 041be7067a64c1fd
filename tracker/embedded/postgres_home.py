"""Where PostgreSQL's data lives, and as whom it runs.

As a normal user: in `postgres` of the data folder, as ourselves. PostgreSQL refuses to run as root, so under root it
runs as the owner of its data, at first `postgres` or `nobody`. If that account cannot enter the data folder (it is
below /root, say), its data lives in /var/lib/cashback-tracker and `postgres` in the data folder is a link to it. The
name there is random, not made of the data folder's path: a new data folder at an old path gets new books.
"""

import logging
import os
import pwd
import secrets
import signal
from contextlib import suppress
from pathlib import Path

from tracker.embedded.errors import EmbeddedServerError
from tracker.embedded.folders import can_enter, keep_name
from tracker.embedded.process import Account, processes_in

log = logging.getLogger(__name__)

OUTSIDE = Path("/var/lib/cashback-tracker")
PROGRAMS = frozenset({"postgres"})


def cluster_in(home: Path) -> Path:
    return home / "cluster"


def make_home(data: Path, outside: Path = OUTSIDE) -> tuple[Path, Account]:
    """The folder of PostgreSQL's data, its sockets and its log, and the account it runs as."""
    link = data / "postgres"
    if link.is_symlink() and not link.exists():
        raise EmbeddedServerError(
            f"{link} leads to PostgreSQL's data in {link.readlink()}, and that folder is gone. All money facts were "
            f"in it: restore it from a backup, or remove the link to start with empty books."
        )
    if os.geteuid() != 0:
        if not link.exists():
            link.mkdir(mode=0o700, parents=True)
            keep_name(link)
        return link.resolve(), Account()
    account = _account_for(cluster_in(link))
    if not link.exists():
        data.mkdir(mode=0o711, parents=True, exist_ok=True)
        if can_enter(data, account):
            link.mkdir(mode=0o711)
            keep_name(link)
        else:
            _make_outside(link, outside)
    if link.is_symlink():
        _claim(link)
    home = link.resolve()
    if not can_enter(home, account):
        raise EmbeddedServerError(
            f"PostgreSQL runs as user {account.name}, who cannot enter {home}, where its data is. "
            f"Let others pass through the folders above it (chmod o+x), or run the tracker as a normal user."
        )
    return home, account


def _account_for(cluster: Path) -> Account:
    if cluster.exists():
        owner = cluster.stat()
        name = str(owner.st_uid)
        with suppress(KeyError):
            name = pwd.getpwuid(owner.st_uid).pw_name
        return Account(owner.st_uid, owner.st_gid, name)
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid, name)
    raise EmbeddedServerError(
        "PostgreSQL refuses to run as root, and there is neither a user postgres nor a user nobody to run it as. "
        "Run the tracker as a normal user, or set TRACKER_POSTGRES_URL."
    )


def _make_outside(link: Path, outside: Path) -> None:
    try:
        outside.mkdir(mode=0o711, parents=True, exist_ok=True)
        _end_abandoned(link, outside)
        home = outside / secrets.token_hex(8)
        home.mkdir(mode=0o711)
    except OSError as error:
        raise EmbeddedServerError(
            f"The user whom PostgreSQL runs as cannot enter {link.parent}, and {outside} cannot be used instead: "
            f"{error.strerror}. Choose a --data folder that others may pass through, or run as a normal user."
        ) from error
    _owner_file(home).write_text(str(link), encoding="utf-8")
    link.symlink_to(home)
    keep_name(home)
    keep_name(link)
    log.warning("PostgreSQL's data is in %s, since its user cannot enter %s: back it up too", home, link.parent)


def _claim(link: Path) -> None:
    """A data folder that was moved keeps its books; one that was copied must not share them."""
    home = link.resolve()
    other = Path(_owner_file(home).read_text(encoding="utf-8"))
    if other == link:
        return
    if other.is_symlink() and other.resolve() == home:
        raise EmbeddedServerError(
            f"{link} and {other} lead to the same PostgreSQL data, {home}: one of the data folders is a copy. "
            f"Remove that link in the copy; it then starts with empty books of its own."
        )
    _owner_file(home).write_text(str(link), encoding="utf-8")


def _end_abandoned(link: Path, outside: Path) -> None:
    """The data folder was removed, its PostgreSQL data was not. Money is never deleted: say where it is."""
    for owner in outside.glob("*/data-folder"):
        if Path(owner.read_text(encoding="utf-8")) == link:
            home = owner.parent
            log.warning("PostgreSQL data of an earlier data folder is still in %s: remove it if not needed", home)
            for process in processes_in(cluster_in(home), PROGRAMS):
                process.send(signal.SIGQUIT)


def _owner_file(home: Path) -> Path:
    return home / "data-folder"

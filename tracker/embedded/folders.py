"""Folders that only we, or the account a server runs as, may enter; and where a unix socket can live."""

import hashlib
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from tracker.embedded.errors import EmbeddedServerError
from tracker.embedded.process import Account

SOCKET_PATH_BYTES = 103  # 107 on Linux, 103 on macOS
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")  # needs no quoting in a URL, a DSN or a server's settings


def private_folder(path: Path, account: Account | None = None) -> Path:
    """Make `path`, or check it: a folder of its own, mode 0700, of `account` (ourselves by default)."""
    owner = account or Account()
    uid = os.geteuid() if owner.uid is None else owner.uid
    try:
        path.mkdir(mode=0o700, parents=True)
        if owner.uid is not None and owner.gid is not None:
            os.chown(path, owner.uid, owner.gid)
        keep_name(path)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid:
            raise EmbeddedServerError(
                f"{path} must be a folder of user {owner.name or uid}, and it is not. "
                f"Run the tracker as the user who made it, or move it away."
            ) from None
        path.chmod(0o700)
    except PermissionError:
        raise EmbeddedServerError(
            f"{path} cannot be made: user {os.geteuid()} may not write there. Choose another --data folder."
        ) from None
    return path


def keep_name(path: Path) -> None:
    """A new or renamed entry survives a power cut only once its folder is on disk."""
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def socket_folder(link: Path, name: str) -> Path:
    """Where the socket called `name` lives: `link` itself, or what stands for it where `link` is too long.

    A socket's path is limited to 107 bytes by the kernel. Then `link` is a symbolic link to a short folder,
    so that whoever knows the data folder finds the socket, even if TMPDIR has changed since.
    """
    if _fits(link, name):
        return link
    short = f"tracker-{hashlib.sha256(os.fsencode(link)).hexdigest()[:16]}"
    if link.is_symlink() and link.readlink().name == short:  # else it was copied with another data folder
        return link.readlink()
    bases = [base for base in (Path(tempfile.gettempdir()), Path("/tmp")) if _fits(base / short, name)]  # noqa: S108  # made 0700 and checked
    return bases[0] / short


def make_socket_folder(link: Path, name: str, account: Account | None = None) -> Path:
    folder = socket_folder(link, name)
    if folder != link:
        if not can_enter(folder.parent, account or Account()):
            folder = Path("/tmp") / folder.name  # noqa: S108  # made 0700 and checked
        if not link.is_symlink() or link.readlink() != folder:
            _remove(link)
            link.symlink_to(folder)
    elif link.is_symlink():
        _remove(link)
    return private_folder(folder, account)


def can_enter(folder: Path, account: Account) -> bool:
    """Asked of the kernel by trying: mode bits alone do not know about ACLs and the folders above."""
    if account.uid is None:
        return True
    script = ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)]
    return succeeds_as(account, script)


def succeeds_as(account: Account, command: list[str]) -> bool:
    try:
        done = subprocess.run(  # noqa: S603  # a fixed program, no shell text from outside
            command,
            check=False,
            capture_output=True,
            cwd="/",
            user=account.uid,
            group=account.gid,
            extra_groups=account.groups,
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _remove(link: Path) -> None:
    """A link of a shorter or longer past, or the folder of sockets from before the data folder was moved."""
    if link.is_dir() and not link.is_symlink():
        shutil.rmtree(link)
    else:
        link.unlink(missing_ok=True)


def _fits(folder: Path, name: str) -> bool:
    path = os.fsencode(folder / name)
    return len(path) <= SOCKET_PATH_BYTES and PLAIN_PATH.fullmatch(os.fsdecode(path)) is not None

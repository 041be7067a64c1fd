"""Each defence switched off once, in a copy of the tree: its test must fail, or it tests nothing.

    python -m tests.security.switch_off [ID...]

docs/security-tests.md says what each id is. Prints a line a defence; exit 1 where a test did not notice.
"""

import os
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LONGEST = 600  # seconds of one test
LIST = Path(__file__).with_suffix(".toml")
COPIED = (
    "tracker", "tests", "docs", "pyproject.toml", "constraints.txt", "requirements.lock", "README.md", "SECURITY.md",
    "partners.yaml",
)  # fmt: skip
_moments = count(10)


@dataclass(frozen=True)
class Off:
    """`old` stands in the file once; with `new` in its place the test must fail."""

    id: str
    file: str
    old: str
    new: str
    test: str


def defences() -> list[Off]:
    return [Off(**entry) for entry in tomllib.loads(LIST.read_text())["off"]]


def main(wanted: list[str]) -> int:
    chosen = [off for off in defences() if not wanted or off.id in wanted]
    with tempfile.TemporaryDirectory(prefix="tracker-off-") as folder:
        copy = Path(folder)
        copy.chmod(0o755)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            elif source.exists():
                shutil.copy(source, copy / name)
        unnoticed = [off.id for off in chosen if not is_noticed(off, copy)]
    print(f"{len(chosen) - len(unnoticed)} of {len(chosen)} defences are missed by their test when they are off")
    return 1 if unnoticed else 0


def is_noticed(off: Off, copy: Path) -> bool:
    path = copy / off.file
    whole = path.read_text()
    write(path, whole.replace(off.old, off.new))
    try:
        code, said = run(off.test, copy)
    finally:
        write(path, whole)
    # 1: tests failed. Anything else is no answer: nothing was found, or pytest itself broke.
    failed = code == 1 and " failed" in said and " error" not in said
    print(f"{off.id}: {off.test.partition('::')[2]} {'fails' if failed else 'DOES NOT FAIL'}: {said}", flush=True)
    return failed


def write(path: Path, text: str) -> None:
    """With a time that no compiled file has: of two texts of one size in one second the older would be run."""
    path.write_text(text)
    moment = time.time_ns() + next(_moments) * 1_000_000_000
    os.utime(path, ns=(moment, moment))


def run(test: str, copy: Path) -> tuple[int, str]:
    """Exit code and last line of pytest, in a process that has its libraries but nothing of ours."""
    output = copy / "output.txt"
    child = os.fork()
    if not child:
        signal.alarm(LONGEST)  # a test that hangs has noticed nothing
        os.chdir(copy)
        os.dup2(os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 1)
        for name in [one for one in sys.modules if one.partition(".")[0] in ("tests", "tracker")]:
            del sys.modules[name]
        sys.path[:] = [str(copy), *(one for one in sys.path if Path(one).absolute() != ROOT)]
        os._exit(int(pytest.main(["-x", "-q", "--no-header", "-p", "no:schemathesis", test])))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status), (output.read_text().splitlines() or ["nothing"])[-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

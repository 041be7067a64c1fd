"""Each defence switched off once, in a copy of the tree: its test must fail, or it tests nothing.

    python -m tests.security.switch_off [ID...]

docs/security-tests.md says what each id is. Prints a line a defence; exit 1 where a test did not notice.
"""

import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LIST = Path(__file__).with_suffix(".toml")
COPIED = (
    "tracker", "tests", "docs", "pyproject.toml", "constraints.txt", "requirements.lock", "README.md", "SECURITY.md",
    "partners.yaml",
)  # fmt: skip


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
    path.write_text(whole.replace(off.old, off.new))
    try:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", off.test]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    finally:
        path.write_text(whole)
    # 1: tests failed. Anything else is no answer: nothing was found, or pytest itself broke.
    failed = done.returncode == 1 and " failed" in done.stdout and "error" not in done.stdout.splitlines()[-1]
    said = "fails" if failed else "DOES NOT FAIL"
    print(f"{off.id}: {off.test.partition('::')[2]} {said}: {done.stdout.splitlines()[-1:]}", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

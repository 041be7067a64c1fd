"""What a ClickHouse server is too old for: a schema file may begin with the oldest version that it needs."""

import re
from collections.abc import Mapping

import msgspec

from tracker.ports import WarehouseEngine

Version = tuple[int, int]
VIEWS: Version = (24, 8)
ON_DISK: Version = (20, 10)
_NEEDS = re.compile(r"-- needs: (\d+)\.(\d+)\n")


def read_version(engine: WarehouseEngine) -> Version:
    [[text]] = msgspec.json.decode(engine.query("SELECT version()"))["data"]
    major, minor, *_ = text.split(".")
    return int(major), int(minor)


def needed_version(text: str) -> Version:
    found = _NEEDS.match(text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def no_views(version: Version) -> str:
    """What whoever asks for a report is told."""
    return (
        f"ClickHouse {_said(version)} is too old for the views of analysts, which need {_said(VIEWS)}: "
        "clicks and money are kept there all the same, and are shown once the server is newer."
    )


def what_waits(version: Version, files: Mapping[str, str]) -> str | None:
    """What the operator is told of the schema files that the server is too old for; None: of none."""
    waiting = [name for name, text in files.items() if needed_version(text) > version]
    if not waiting:
        return None
    without = ["no views, so no reports and no SQL for analysts"] if version < VIEWS else []
    if version < ON_DISK:
        without.append("a power cut may take back the inserts of its last seconds")
    newest = max(needed_version(files[name]) for name in waiting)
    return (
        f"ClickHouse {_said(version)} is older than {_said(newest)}: {'; '.join(without)}. Clicks and money are kept. "
        f"Left for a newer server: {', '.join(waiting)}"
    )


def _said(version: Version) -> str:
    return ".".join(map(str, version))

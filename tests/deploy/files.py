"""Where the files of deploy/ are, and the settings of the tracker that each names."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


def settings_of(text: str) -> dict[str, str]:
    """TRACKER_* by name, from `NAME=value`, `NAME: value` or `Environment=NAME=value`; comments do not count."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = re.findall(r"\b(TRACKER_[A-Z_]+)(?:=|: )\"?([^\"\s\\]*)", "\n".join(lines))
    return dict(found)

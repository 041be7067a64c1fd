"""Docs and code are held together: a code, a setting or a command that is not documented fails here."""

import re
from pathlib import Path

import pytest

from tracker import telemetry
from tracker.commands.catalogue import COMMANDS
from tracker.core.reasons import ClickReason, Flag, MessageCode, Reason
from tracker.exposition import Metric
from tracker.settings import KNOWN

ROOT = Path(__file__).resolve().parent.parent
PAGES = [*sorted(ROOT.glob("docs/**/*.md")), *sorted(ROOT.glob("*.md"))]


def _first_column(text: str) -> list[str]:
    """The code in the first cell of each table row."""
    return re.findall(r"^\| `([a-zA-Z_0-9]+)` \|", text, re.MULTILINE)


def test_every_code_is_explained_and_every_explained_code_exists() -> None:
    explained = _first_column((ROOT / "docs/rules.md").read_text())
    codes = {str(code) for kind in (Reason, Flag, MessageCode, ClickReason) for code in kind}

    assert set(explained) == codes


def test_every_setting_is_documented_with_its_default_and_meaning() -> None:
    text = (ROOT / "docs/operations.md").read_text()

    for name, (default, meaning) in KNOWN.items():
        shown = f"`{default}`" if default else ""
        assert re.search(rf"^\| `{name}` \| {re.escape(shown)} ?\| {re.escape(meaning)} \|$", text, re.MULTILINE), name


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs/operations.md").read_text()

    assert [name for name in COMMANDS if f"`tracker {name}" not in text] == []


def test_every_metric_is_documented_with_its_labels_and_meaning() -> None:
    text = (ROOT / "docs/operations.md").read_text()
    metrics = [one for one in vars(telemetry).values() if isinstance(one, Metric)]

    assert len(metrics) > 10
    for metric in metrics:
        labels = f" by {', '.join(f'`{label}`' for label in metric.labels)}" if metric.labels else ""
        assert f"| `{metric.name}`{labels} | {metric.help} |" in text, metric.name


def test_every_route_is_documented() -> None:
    """As its source names it; the demo shops' own routes are the demo's business."""
    text = (ROOT / "docs/operations.md").read_text()
    sources = [path for path in ROOT.glob("tracker/**/*.py") if "demo" not in path.parts]
    named = re.compile(r"web\.(?:get|post)\(\s*r?\"([^\"]+)\"|path = \"(/[^\"]+)\"")
    routes = {one or other for path in sources for one, other in named.findall(path.read_text())}
    plain = {re.sub(r":[^}]*}", "}", route) for route in routes}

    assert {"/", "/go/{partner}", "/pb/{partner}/{secret}", "/readyz"} <= plain
    assert [route for route in sorted(plain) if f"`{route}`" not in text] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_the_docs_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())

    assert [link for link in links if not (page.parent / link).exists()] == []


def test_no_document_names_a_path_of_somebody_s_machine() -> None:
    pages = [*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md"), *ROOT.glob("tracker/**/*.py")]

    assert [page for page in pages if re.search(r"/(root|home|work)/\w", page.read_text())] == []

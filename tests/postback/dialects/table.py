"""The table of dialects in docs/partners.md. `python -m tests.postback.dialects.table` writes it there."""

from collections.abc import Iterator
from pathlib import Path

from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import Dialect, Direction, ReplyStyle

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "partners.md"
BEGIN, END = "<!-- dialects -->\n", "<!-- /dialects -->"

_DIRECTIONS = {Direction.NETWORK: "network to us", Direction.SENDER: "partner's server to us"}
_REPLIES = {
    ReplyStyle.OK: "`OK`",
    ReplyStyle.SMALL_OK: "`ok`",
    ReplyStyle.JSON: "JSON",
    ReplyStyle.TUNE: "`success=true;`",
    ReplyStyle.ADMITAD: '`{"success": true}`',
    ReplyStyle.PIXEL: "a pixel",
}


def table() -> str:
    """What stands between the markers."""
    ordered = sorted(DIALECTS.values(), key=lambda one: (one.direction is Direction.SENDER, one.name != "generic"))
    head = "| dialect | network | direction | covers | reply | retries | sources | not sure |"
    rows = [f"| {' | '.join(_cell(text) for text in _row(one))} |" for one in ordered]
    return "\n".join([head, "| --- | --- | --- | --- | --- | --- | --- | --- |", *rows, ""])


def written(document: str) -> str:
    """The document with this table in it."""
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{table()}{END}{after}"


def _row(dialect: Dialect) -> Iterator[str]:
    yield f"`{dialect.name}`"
    yield dialect.title
    yield _DIRECTIONS[dialect.direction]
    yield dialect.covers
    yield ", ".join(dict.fromkeys(_reply(dialect)))
    yield dialect.retries
    yield dialect.sources
    yield dialect.unsure


def _reply(dialect: Dialect) -> Iterator[str]:
    for shape in dialect.shapes:
        yield _REPLIES[shape.reply] + (", 200 always" if shape.always_200 else "")


def _cell(text: str) -> str:
    """Without what would end the cell."""
    return text.replace("|", "\\|")


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))

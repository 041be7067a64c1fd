"""The documents about dialects are those of the dialects that there are."""

import re
from pathlib import Path

import pytest

from tests.postback.dialects.table import BEGIN, DOCUMENT, END, written
from tracker.postback.dialects import DIALECTS
from tracker.postback.dialects.dialect import FIELDS, Dialect

SOURCES = DOCUMENT.with_name("dialect-sources.md")
OURS = "ours"

each = pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)


def test_the_table_of_dialects_is_theirs() -> None:
    text = DOCUMENT.read_text()

    assert text.count(BEGIN) == text.count(END) == 1
    assert written(text) == text, "run: .venv/bin/python -m tests.postback.dialects.table"


def test_every_source_is_named_and_every_named_source_is_used() -> None:
    explained = re.findall(r"^\| ([A-Z][A-Z0-9-]+) \|", SOURCES.read_text(), re.MULTILINE)
    samples = "\n".join(path.read_text() for path in DOCUMENT.parent.glob("samples/*.yaml"))
    in_samples = {key for key in explained if re.search(rf"[( ,]{key}[*),]", samples)}
    in_dialects = {key.strip(" *") for one in DIALECTS.values() for key in one.sources.split(",")} - {OURS}

    assert len(explained) == len(set(explained))
    assert set(explained) == in_samples | in_dialects


@each
def test_a_dialect_says_where_it_is_from_and_what_happens_when_we_fail(dialect: Dialect) -> None:
    assert all([dialect.title, dialect.sources, dialect.retries, dialect.covers])
    assert not (dialect.sources != OURS and dialect.sources.islower())


@each
def test_a_dialect_reads_only_fields_that_there_are(dialect: Dialect) -> None:
    for shape in dialect.shapes:
        assert set(shape.fields) <= set(FIELDS)
        assert all(word == word.lower() for words in (shape.statuses, shape.origins, shape.truths) for word in words)


def test_a_dialect_is_one_small_file() -> None:
    folder = Path(__file__).resolve().parents[3] / "tracker" / "postback" / "dialects"

    assert [path for path in folder.glob("*.py") if len(path.read_text().splitlines()) > 200] == []

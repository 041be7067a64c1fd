"""Whatever a file holds, it is read or refused with a sentence."""

import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reconcile.test_readers import read
from tracker.core.statement import StatementProfile
from tracker.errors import ConfigurationError
from tracker.reconcile.source import open_statement

_PIECES = [
    b"order_id", b"amount", b"status", b"order_time", b",", b";", b"\t", b"\n", b'"', b"{", b"}", b"[", b"]", b":",
    b"results",
    b"<Payments>", b"<Payment>", b"</Payment>", b"<OrderID>", b"</OrderID>", b"</Payments>", b"1", b"1e999999999",
    b"NaN",
    b"\\ud800", b"\0", b"\xff\xfe", "Номер заказа".encode(), b"2026-11-24", b"99999999999", b"null", b"-",
]  # fmt: skip


_BEGINNINGS = {
    "s.csv": b"order_id,amount,status,order_time,click_id\n",
    "s.json": b'[{"order_id": "1", "amount": ',
    "s.xml": b"<Payments><Payment><OrderID>",
}


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.sampled_from(_PIECES) | st.binary(max_size=4), max_size=40),
    name=st.sampled_from(["s.csv", "s.json", "s.xml"]),
    begun=st.booleans(),
)
def test_whatever_the_file_holds_it_is_read_or_refused(
    tmp_path: Path, pieces: list[bytes], name: str, *, begun: bool
) -> None:
    (tmp_path / name).write_bytes((_BEGINNINGS[name] if begun else b"") + b"".join(pieces))
    with suppress(ConfigurationError):
        for row in read(tmp_path / name)[0]:
            assert "\0" not in row.order_id + row.line_id + row.click_id
            assert len((row.order_id + row.line_id + row.click_id).encode()) < 10_000


_CELLS = [
    "<row>", "<row r='x'>", "</row>", "<c t='s'>", "<c t='n' s='9'>", "<c s='x'>", "<c t='d'>",
    "<c r='ZZZZZZ1'>", "</c>",
    "<v>0</v>", "<v>-1</v>", "<v>99</v>", "<v>1e400</v>", "<v>x</v>",
]  # fmt: skip


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sheet=st.lists(st.sampled_from(_CELLS), max_size=12).map("".join),
    strings=st.sampled_from(["", "<sst/>", "<sst><si/>"]),
)
def test_an_excel_file_that_only_looks_like_one_is_refused(tmp_path: Path, sheet: str, strings: str) -> None:
    with pytest.raises(ConfigurationError):
        read(excel(tmp_path, sheet, strings))


def excel(folder: Path, sheet: str, strings: str = "", more: str = "") -> Path:
    path = folder / "s.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns:r="r"><sheets><sheet name="1" r:id="a"/></sheets>{more}</workbook>'
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", '<Relationships><Relationship Id="a" Target="1.xml"/></Relationships>'
        )
        archive.writestr("xl/1.xml", f"<worksheet>{sheet}</worksheet>")
        if strings:
            archive.writestr("xl/sharedStrings.xml", strings)
    return path


_WIDE = "<row><c t='str'><v>order_id</v></c><c r='XFD1' t='str'><v>amount</v></c></row>"


@pytest.mark.parametrize(
    ("sheet", "more", "told"),
    [
        ("", "<a b='c'/>" * 1_100_000, "at most 10,000,000 are read: save it as CSV"),
        ("", "<a b='c'/>" * 200_000, "workbook.xml is more than 200 times larger unpacked"),
        ("<c/>" * 400_000, "", "1.xml is more than 200 times larger unpacked"),
        ("<row>" + "<c/>" * 16_385, "", "a row of more than 16,384 cells"),
        ("<row><c r='XFE1'/>", "", "a row of more than 16,384 cells"),
        (f"<row><c t='str'><v>{'a' * 140_000}</v></c></row>", "", "a cell of more than 131,072 characters"),
    ],
)
def test_an_excel_file_that_was_made_to_fill_memories_is_refused(
    tmp_path: Path, sheet: str, more: str, told: str
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        read(excel(tmp_path, sheet, more=more))


def test_wide_rows_with_few_cells_take_little_memory(tmp_path: Path) -> None:
    rows = "".join(f"<row><c><v>{number}</v></c><c r='XFD1'><v>1</v></c></row>" for number in range(5_000))
    path = excel(tmp_path, _WIDE + rows)
    tracemalloc.start()
    records = open_statement(path, "utf-8", StatementProfile(), lambda _: None)
    assert sum(len(record.values) for record in records) == 10_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000

"""Whatever a file holds, it is read or refused with a sentence."""

import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.reconcile.test_readers import read
from tracker.errors import ConfigurationError

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


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    sheet=st.lists(st.sampled_from(_CELLS), max_size=12).map("".join),
    strings=st.sampled_from(["", "<sst/>", "<sst><si/>"]),
)
def test_an_excel_file_that_only_looks_like_one_is_refused(tmp_path: Path, sheet: str, strings: str) -> None:
    with zipfile.ZipFile(tmp_path / "s.xlsx", "w") as archive:
        archive.writestr(
            "xl/workbook.xml", '<workbook xmlns:r="r"><sheets><sheet name="1" r:id="a"/></sheets></workbook>'
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", '<Relationships><Relationship Id="a" Target="1.xml"/></Relationships>'
        )
        archive.writestr("xl/1.xml", f"<worksheet>{sheet}</worksheet>")
        if strings:
            archive.writestr("xl/sharedStrings.xml", strings)
    with pytest.raises(ConfigurationError):
        read(tmp_path / "s.xlsx")

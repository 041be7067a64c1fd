"""A statement's file -> its records, whatever its format."""

from collections.abc import Iterator
from pathlib import Path

from tracker.core.statement import StatementFormat, StatementProfile
from tracker.errors import ConfigurationError
from tracker.reconcile.admitad_json import admitad_json_records
from tracker.reconcile.admitad_xml import admitad_xml_records
from tracker.reconcile.columns import Columns
from tracker.reconcile.record import Record
from tracker.reconcile.tables import csv_records, records
from tracker.reconcile.text import Advance
from tracker.reconcile.xlsx import xlsx_rows

_BY_NAME = {
    ".csv": StatementFormat.CSV,
    ".tsv": StatementFormat.CSV,
    ".txt": StatementFormat.CSV,
    ".xlsx": StatementFormat.XLSX,
    ".xml": StatementFormat.ADMITAD_XML,
    ".json": StatementFormat.ADMITAD_JSON,
    ".jsonl": StatementFormat.ADMITAD_JSON,
}


def format_of(path: Path, profile: StatementProfile) -> StatementFormat:
    """As partners.yaml says, else by the file's name. Raises ConfigurationError."""
    found = profile.format or _BY_NAME.get(path.suffix.lower())
    if found is None:
        known = ", ".join(_BY_NAME)
        raise ConfigurationError(
            [f"{path.name} is in no format that its name tells ({known}); name it in partners.yaml: statement: format:"]
        )
    return found


def open_statement(path: Path, encoding: str, profile: StatementProfile, advance: Advance) -> Iterator[Record]:
    """Raises ConfigurationError when the file is no such statement."""
    columns = Columns(profile)
    match format_of(path, profile):
        case StatementFormat.CSV:
            return csv_records(path, encoding, columns, advance)
        case StatementFormat.XLSX:
            return records(xlsx_rows(path, advance), columns)
        case StatementFormat.ADMITAD_XML:
            return admitad_xml_records(path, encoding, advance)
        case StatementFormat.ADMITAD_JSON:
            return admitad_json_records(path, encoding, columns, advance)

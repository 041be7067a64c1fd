"""The file of differences that `tracker reconcile --csv` writes."""

import csv
from collections.abc import Iterable
from typing import TextIO

from tracker.core.differences import COLUMNS, row_of
from tracker.core.reconciliation import Difference


class DifferencesFile:
    """Written as they are found."""

    def __init__(self, file: TextIO) -> None:
        self._rows = csv.writer(file)
        self._rows.writerow(COLUMNS)

    def write(self, differences: Iterable[Difference]) -> None:
        self._rows.writerows(row_of(one) for one in differences)

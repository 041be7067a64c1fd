"""A report as its page shows it: every value in words, of one language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.metadata import version

from tracker.reports.analysts.asked import ZONE
from tracker.reports.analysts.chart import MOST_BARS, Chart, draw
from tracker.reports.analysts.codes import CODES
from tracker.reports.analysts.columns import HEADINGS, KINDS, Kind
from tracker.reports.analysts.disclosure import FILTER_RULES, Disclosure
from tracker.reports.analysts.questions import Question, Shape
from tracker.reports.analysts.table import Cell, Table
from tracker.reports.analysts.texts import AnalystText
from tracker.web import wording

_NOTHING = "—"
_ON_THE_LEFT = (
    Kind.PARTNER,
    Kind.CODE,
    Kind.NAME,
    Kind.DAY,
    Kind.HOUR,
)  # what a row is about; its numbers are on the right


@dataclass(frozen=True, slots=True)
class Words:
    text: AnalystText
    language: str
    partners: Mapping[str, str]  # id -> name

    @property
    def other_language(self) -> str:
        return "en" if self.language == "ru" else "ru"

    def table(self, table: Table) -> Mapping[str, object]:
        return {
            "headings": [(self.heading(column), KINDS[column] not in _ON_THE_LEFT) for column in table.columns],
            "rows": [
                [(self.cell(column, row[column]), KINDS[column] not in _ON_THE_LEFT) for column in table.columns]
                for row in table.rows
            ],
        }

    def charts(self, question: Question, table: Table) -> list[Chart]:
        drawn = (self.chart(question.labels, column, table, question.shape) for column in question.drawn)
        return [chart for chart in drawn if chart is not None]

    def chart(self, labels: Sequence[str], column: str, table: Table, shape: Shape) -> Chart | None:
        rows = table.rows if shape is Shape.COLUMNS else table.rows[:MOST_BARS]
        values = [row[column] for row in rows]
        return draw(
            self.heading(column),
            [", ".join(self.cell(label, row[label]) for label in labels) for row in rows],
            [value if isinstance(value, Decimal) else None for value in values],
            [self.cell(column, value) for value in values],
        )

    def headline(self, table: Table) -> list[tuple[str, str]]:
        [row] = table.rows
        return [(self.heading(column), self.cell(column, row[column])) for column in table.columns]

    def disclosure(self, told: Disclosure) -> list[tuple[str, str]]:
        """What it is about, and what is to be said of it."""
        text, count = self.text, self._number
        reasons = ", ".join(f"{self.code(code)} {count(clicks)}" for code, clicks in told.by_reason)
        filtered = f"{count(told.filtered)}: {reasons}" if told.filtered else text.filtered_none
        may_change_until = self._day(told.may_change_until)
        final = text.final_yes if told.is_final else text.final_no
        rules = text.rules_words.format(
            rules=", ".join(self.code(rule) for rule in FILTER_RULES),
            version=version("cashback-tracker"),
            bots=version("crawler-user-agents"),
        )
        restated = self._moment(told.restated_at) if told.restated_at else text.restated_never
        return [
            (text.counted, count(told.clicks)),
            (text.filtered, filtered),
            (text.rules, rules),
            (text.final, final.format(day=may_change_until)),
            (text.restated, restated),
        ]

    def heading(self, column: str) -> str:
        return HEADINGS[self.language][column]

    def code(self, code: str) -> str:
        return CODES[self.language].get(code, code)

    def cell(self, column: str, value: Cell) -> str:
        if value is None:
            return _NOTHING
        return self._number_cell(column, value) if isinstance(value, Decimal) else self._word_cell(column, value)

    def _word_cell(self, column: str, value: str) -> str:
        match KINDS[column]:
            case Kind.PARTNER:
                return self.partners.get(value, value)
            case Kind.NAME:
                return value or _NOTHING
            case Kind.DAY:
                return wording.day(date.fromisoformat(value), self.language)
            case Kind.MOMENT:
                return self._moment(datetime.fromisoformat(value).replace(tzinfo=UTC))
            case _:
                return self.code(value)

    def _number_cell(self, column: str, value: Decimal) -> str:
        match KINDS[column]:
            case Kind.RUBLES:
                return wording.rubles(round(value, 2), self.language)
            case Kind.SHARE:
                return wording.percent(round(value, 4), self.language)
            case Kind.HOUR:
                return f"{int(value):02}:00"
            case _:
                return self._number(value)

    def _number(self, value: Decimal | int) -> str:
        return wording.number(value, self.language)

    def _day(self, day: date) -> str:
        return wording.day(day, self.language, year=True)

    def _moment(self, at: datetime) -> str:
        return f"{wording.moment(at, ZONE, self.language)}, {self.text.moscow}"

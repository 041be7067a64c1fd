"""Faults. A refusal is a value (see `tracker.core.reasons`); a fault is one of these exceptions."""


class TrackerError(Exception):
    """Something failed that is nobody's request: its text is one sentence that an operator can act on."""


class ConfigurationError(TrackerError):
    """Settings or partners.yaml cannot be used. `problems` holds every one of them, each with its fix."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class StoreUnavailableError(TrackerError):
    """A store did not answer. Whether the last command took effect is unknown: repeat it with the same event id."""


class PoisonError(TrackerError):
    """A store says that this very data can never be stored. It is set aside; the rest goes on."""


class WarehouseQueryError(TrackerError):
    """ClickHouse refused or could not finish a statement; the text is ClickHouse's own, `code` is its number."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class WarehouseTooOldError(WarehouseQueryError):
    """The server has no views for analysts, and gets them only when it is newer."""

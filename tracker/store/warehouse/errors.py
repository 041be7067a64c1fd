"""ClickHouse's own failures: its number tells whether the data can never be stored, or the same may pass later."""

import re

from tracker.errors import PoisonError, StoreUnavailableError, WarehouseQueryError

# Of the data itself: the same rows would fail again for ever. Anything else (no memory, no disk, no table) can pass.
POISON_CODES = frozenset({
    6,  # CANNOT_PARSE_TEXT
    26,  # CANNOT_PARSE_QUOTED_STRING
    27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
    38,  # CANNOT_PARSE_DATE
    41,  # CANNOT_PARSE_DATETIME
    53,  # TYPE_MISMATCH
    69,  # ARGUMENT_OUT_OF_BOUND
    70,  # CANNOT_CONVERT_TYPE
    72,  # CANNOT_PARSE_NUMBER
    117,  # INCORRECT_DATA
    321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
    349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
    407,  # DECIMAL_OVERFLOW
})  # fmt: skip
UNKNOWN_FORMAT = 73
SUPPORT_IS_DISABLED = 344
_UNKNOWN_EXCEPTION = 1002

_CODE = re.compile(r"Code: (\d+)[.,]")  # of "Code: 62. DB::Exception: Syntax error: ... (SYNTAX_ERROR)"


def code_of(text: str) -> int:
    found = _CODE.search(text)
    return int(found[1]) if found else _UNKNOWN_EXCEPTION


def insert_error(text: str, code: int) -> PoisonError | StoreUnavailableError:
    if code in POISON_CODES:
        return PoisonError(f"ClickHouse can never store this: {text}")
    return StoreUnavailableError(f"ClickHouse did not store this: {text}")


def query_error(text: str) -> WarehouseQueryError:
    return WarehouseQueryError(text, code_of(text))

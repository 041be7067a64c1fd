"""`{name:Type}` filled here, for a protocol that does not carry parameters to every server."""

import re
from collections.abc import Mapping

from tracker.errors import WarehouseQueryError

BAD_QUERY_PARAMETER = 457
UNKNOWN_QUERY_PARAMETER = 456

# What stands in quotes or in a comment is no parameter.
_TOKEN = re.compile(
    r"""'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*"|--[^\n]*|/\*.*?\*/"""
    r"""|\{\s*(?P<name>\w+)\s*:\s*(?P<type>[\w\s(),']+?)\s*\}""",
    re.DOTALL,
)
_ESCAPED_TEXT = re.compile(r"(?:[^\\]|\\.)*", re.DOTALL)


def filled(sql: str, parameters: Mapping[str, str]) -> str:
    """The values are ClickHouse's escaped text. Raises WarehouseQueryError."""

    def fill(token: re.Match[str]) -> str:
        name, type_ = token["name"], token["type"]
        if name is None:
            return token[0]
        if name not in parameters:
            raise _error(f"Substitution `{name}` is not set", UNKNOWN_QUERY_PARAMETER)
        if type_.lower() == "identifier" or not _ESCAPED_TEXT.fullmatch(parameters[name]):
            raise _error(f"The parameter {name} is not a value of {type_}", BAD_QUERY_PARAMETER)
        value = re.sub(r"\\.|'", lambda sign: sign[0] if len(sign[0]) > 1 else r"\'", parameters[name], flags=re.DOTALL)
        return f"CAST('{value}' AS {type_})"

    return _TOKEN.sub(fill, sql)


def _error(sentence: str, code: int) -> WarehouseQueryError:
    return WarehouseQueryError(f"Code: {code}. DB::Exception: {sentence}.", code)

"""What an analyst may run, judged on ClickHouse's own reading of it: the text as `formatQuery` writes it, and the tree
as `EXPLAIN AST` prints it."""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tracker.errors import WarehouseQueryError

ACCESS_DENIED = 497
DATABASE = "analytics"

_SYSTEM_TABLES = frozenset({
    "columns", "data_type_families", "databases", "formats", "functions", "numbers", "numbers_mt", "one", "settings",
    "tables", "time_zones",
})  # fmt: skip
_TABLE_FUNCTIONS = frozenset({"generate_series", "generateseries", "numbers", "numbers_mt", "values", "view"})
_STATEMENTS = frozenset({
    "SelectWithUnionQuery", "ShowTables", "ShowFunctions", "ShowCreateTableQuery", "ShowCreateViewQuery",
    "DescribeQuery", "ExistsTableQuery", "ExistsViewQuery",
})  # fmt: skip
_PARTS_OF_A_SELECT = frozenset({"SelectQuery", "SelectIntersectExceptQuery", "TablesInSelectQuery"})
_EXPLAINED = frozenset({"EXPLAIN", "EXPLAIN AST", "EXPLAIN SYNTAX", "EXPLAIN QUERY TREE", "EXPLAIN PIPELINE"})

# Functions that reach files, models, dictionaries or other machines, or only hold a thread. The engine does not ask for
# rights to these, and the tree does not show `APPLY(file)`: so no word of a statement may be one of them.
_WORDS = re.compile(
    r"file|joinget(ornull)?|dict(get|has|isin)\w*|sleep(eachrow)?"
    r"|ai(classify|embed|extract|filter|generate|redact|similarity|translate)"
    r"|naivebayes\w+|evalmlmethod|catboostevaluate|regionto\w+|regionin|regionhierarchy|generateserialid"
    r"|getclienthttpheader|getmacro|getserverport|showcertificate|executable",
    re.IGNORECASE,
)
# Strings and names in one go: each may hold the other's quotes.
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*\"""", re.DOTALL)
_PLAIN_NAME = re.compile(r"""[^\\'"`\n]*""")
_FORMAT = re.compile(r"\nFORMAT (\w+)\Z")
_NAME_AS_PARAMETER = re.compile(r"\{\s*\w+\s*:\s*Identifier\s*\}", re.IGNORECASE)
_NODE = re.compile(r"( *)(\S+)(?: (.*?))?(?: \(alias .*\))?(?: \(children \d+\))?")
_TABLE = re.compile(r"(?:(\w+)\.)?\w+")


class Statement(NamedTuple):
    sql: str
    format_: str | None  # None: it names none


class _Node(NamedTuple):
    depth: int
    kind: str
    name: str


def read_statement(formatted: str) -> Statement:
    """Takes what `formatQuery` made of it, so there is one statement, and no comment in it. Raises
    WarehouseQueryError."""
    formatted = formatted.rstrip("\n")
    named = _FORMAT.search(formatted)
    sql = formatted[: named.start()] if named else formatted
    bare = _QUOTED.sub(_without_quotes, sql)
    if re.search(r"\bINTO OUTFILE\b", bare):
        raise _denied("no statement writes to a file")
    if _NAME_AS_PARAMETER.search(bare):
        raise _denied("a parameter holds a value, never a name")
    for word in re.findall(r"\w+", bare):
        if _WORDS.fullmatch(word):
            raise _denied(f"{word} is not for analysts, not even as a name")
    return Statement(sql, named[1] if named else None)


def refuse_unless_harmless(tree: str) -> None:
    """Takes what `EXPLAIN AST` says of a statement that was read. Raises WarehouseQueryError."""
    nodes = [_node(line) for line in tree.rstrip("\n").split("\n")]
    if nodes[0].kind == "Explain":
        _refuse_explained(nodes)
        nodes = [node for node in nodes[1:] if node != (1, "Set", "")]
    if nodes[0].kind not in _STATEMENTS:
        raise _denied("only SELECT, WITH, SHOW, DESCRIBE, EXISTS and EXPLAIN of these are run")
    if nodes[0].kind.startswith(("Show", "Exists")):
        _refuse_foreign_names(nodes)
    for above, node in _with_what_is_above(nodes):
        _refuse_node(node, above)


def _without_quotes(quoted: re.Match[str]) -> str:
    """A string is emptied, a name stays."""
    inner = quoted[0][1:-1]
    if quoted[0].startswith("'"):
        return "''"
    if not _PLAIN_NAME.fullmatch(inner):
        raise _denied("no name has a backslash, a quote or a line break in it")
    return f" {inner} "


def _refuse_explained(nodes: Sequence[_Node]) -> None:
    if nodes[0].name not in _EXPLAINED:
        raise _denied(f"{nodes[0].name} is not for analysts")


def _refuse_foreign_names(nodes: Sequence[_Node]) -> None:
    """SHOW TABLES FROM database · SHOW CREATE TABLE database table · EXISTS TABLE database table."""
    names = [node.name for node in nodes[1:] if node.kind == "Identifier"]
    if nodes[0].kind != "ShowTables":
        names = names[:-1]
    for database in names:
        if database != DATABASE:
            raise _denied(f"the database {database} is not for analysts")


def _refuse_node(node: _Node, above: Sequence[_Node]) -> None:
    if node.kind == "Set":
        raise _denied("settings cannot be changed")
    if node.kind.endswith("Query") and node.kind not in _STATEMENTS | _PARTS_OF_A_SELECT:
        raise _denied(f"{node.kind} is not for analysts")
    if node.kind == "TableIdentifier":
        _refuse_table(node.name)
    if node.kind == "Function" and above and above[-1].kind == "TableExpression":
        if node.name.lower() not in _TABLE_FUNCTIONS:
            raise _denied(f"the table function {node.name} is not for analysts")
    elif node.kind == "Identifier" and "." in node.name and _is_argument_of_in(above):
        _refuse_table(node.name)


def _refuse_table(name: str) -> None:
    parts = _TABLE.fullmatch(name)
    if parts is None:
        raise _denied(f"the table {name} is not for analysts")
    database = parts[1] or DATABASE
    is_allowed = database == DATABASE or (database == "system" and name.split(".")[1] in _SYSTEM_TABLES)
    if not is_allowed:
        raise _denied(f"the table {name} is not for analysts; tables are in the database {DATABASE}")


def _is_argument_of_in(above: Sequence[_Node]) -> bool:
    """`x IN tracker.clicks` reads a table without FROM."""
    functions = [node.name.lower() for node in above if node.kind == "Function"]
    return bool(functions) and re.fullmatch(r"(global)?(not)?(null)?in(ignoreset)?", functions[-1]) is not None


def _with_what_is_above(nodes: Sequence[_Node]) -> Iterator[tuple[list[_Node], _Node]]:
    path: list[_Node] = []
    for node in nodes:
        while path and path[-1].depth >= node.depth:
            path.pop()
        yield path, node
        path.append(node)


def _node(line: str) -> _Node:
    found = _NODE.fullmatch(line)
    if found is None:
        raise _denied("the statement cannot be understood")
    return _Node(len(found[1]), found[2], found[3] or "")


def _denied(sentence: str) -> WarehouseQueryError:
    return WarehouseQueryError(f"Code: {ACCESS_DENIED}. DB::Exception: {sentence}. (ACCESS_DENIED)", ACCESS_DENIED)

"""P13: no float touches money. Where sums are read, reckoned, kept and compared there is no float literal, no `float`
and no true division: decimals divide by their context's methods, kopecks by `//`."""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.running import ROOT

_MONEY = ("core", "postback", "store/ledger", "reconcile")
_OF_TIMES = {"core/session.py", "core/signing_keys.py"}
_NO_MONEY = re.compile(r"[A-Z_]*SECONDS|share")  # names of durations, and of how much of a file was read


def _modules() -> list[str]:
    tracker = ROOT / "tracker"
    found = (str(path.relative_to(tracker)) for part in _MONEY for path in (tracker / part).rglob("*.py"))
    return sorted(set(found) - _OF_TIMES)


def floats(source: str) -> list[str]:
    """Each float of a module, as `line: what`."""
    return [found for node in ast.parse(source).body for found in _floats(node)]


def _floats(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Assign(targets=[ast.Name(id=name)]) if _NO_MONEY.fullmatch(name):
            return
        case ast.Constant(value=float() | complex() as value, lineno=line):
            yield f"{line}: the literal {value}"
        case ast.Name(id="float", lineno=line):
            yield f"{line}: float"
        case ast.BinOp(op=ast.Div(), lineno=line) | ast.AugAssign(op=ast.Div(), lineno=line):
            yield f"{line}: /"
    for child in ast.iter_child_nodes(node):
        yield from _floats(child)


@pytest.mark.parametrize("module", _modules())
def test_no_float_touches_money(module: str) -> None:
    assert floats((ROOT / "tracker" / module).read_text()) == []


@pytest.mark.parametrize("source", ["x = 0.5", "x = float(y)", "x = y / z", "x /= y", "def f(x: float): ..."])
def test_a_float_would_be_found(source: str) -> None:
    assert floats(source)

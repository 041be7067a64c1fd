"""YAML with the line of every value, exact numbers, and no key twice."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from yaml.composer import Composer

from tracker.errors import ConfigurationError

MAX_BYTES = 4 * 1024 * 1024  # 5,000 partners take about half of it

Place = tuple[str | int, ...]


class Document:
    """A parsed file: `data`, and the line of each place in it, such as ("partners", 3, "terms", 0, "rate")."""

    def __init__(self, path: Path, data: Any, lines: dict[Place, int], problems: list[str]) -> None:
        self.path = path
        self.data = data
        self.problems = problems
        self._lines = lines

    def line(self, place: Place) -> int:
        """The line of a place, or of the nearest thing around it."""
        while place and place not in self._lines:
            place = place[:-1]
        return self._lines.get(place, 1)


class _Loader(Composer, yaml.CSafeLoader):
    """Numbers with a point are Decimals: a float is never money. libyaml reads, three times as fast as Python; it does
    not compose, since it crashes on what is nested too deep."""

    def __init__(self, text: str) -> None:
        yaml.CSafeLoader.__init__(self, text)
        Composer.__init__(self)


_Loader.add_constructor("tag:yaml.org,2002:float", lambda _, node: _decimal(str(node.value)))


def read_yaml(path: Path) -> Document:
    """Raises ConfigurationError when it is not YAML at all; `problems` holds keys that stand twice."""
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_BYTES:
            raise ConfigurationError([f"{path.name}: larger than {MAX_BYTES} bytes; split the programme"])
        loader = _Loader(raw.decode("utf-8-sig"))
        node = loader.get_single_node()
        lines: dict[Place, int] = {}
        problems: list[str] = []
        if node is not None:
            _walk(node, (), lines, problems, path.name, set())
        data = None if node is None else loader.construct_document(node)
    except FileNotFoundError:
        raise ConfigurationError(
            [f"{path}: there is no such file; name it by --partners or TRACKER_PARTNERS"]
        ) from None
    except OSError as error:
        raise ConfigurationError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise ConfigurationError([f"{path.name}: not UTF-8 at byte {error.start}; save it as UTF-8"]) from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(
            [f"{path.name}:{line}: not YAML: {error.problem}; mend the line or the one before"]
        ) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError([f"{path.name}: not YAML: {str(error).splitlines()[0]}"]) from None
    return Document(path, data, lines, problems)


def _walk(
    node: yaml.Node, place: Place, lines: dict[Place, int], problems: list[str], name: str, seen: set[int]
) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if id(node) in seen:
        raise ConfigurationError([f"{name}:{node.start_mark.line + 1}: an alias; write the value out"])
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for number, child in enumerate(node.value):
            _walk(child, (*place, number), lines, problems, name, seen)
    elif isinstance(node, yaml.MappingNode):
        keys: dict[str, int] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):  # `{{a: b}: c}`, or a brace too many
                raise ConfigurationError([f"{name}:{line}: a key that is no word; mend the braces"])
            if key.value in keys:
                problems.append(
                    f"{name}:{line}: the key {key.value} stands twice, first on line {keys[key.value]}; keep one"
                )
            keys.setdefault(key.value, line)
            lines[(*place, key.value)] = line
            _walk(value, (*place, key.value), lines, problems, name, seen)


def _decimal(text: str) -> Decimal | str:
    try:
        return Decimal(text.replace("_", ""))
    except ArithmeticError:
        return text  # .inf and .nan stay words, and are refused as such

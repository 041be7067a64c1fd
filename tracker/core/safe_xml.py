"""XML from strangers, read as a stream: no document type, so no entities that grow or reach elsewhere, and nothing that
makes the parser remember without bound."""

from collections.abc import Iterable, Iterator
from typing import Protocol
from xml.parsers import expat

from tracker.errors import ConfigurationError

_DEEPEST = 64  # elements in elements; statements, rates and Excel files have fewer than ten
_LONGEST_TAG = 1 << 20  # bytes of a tag with its attributes


class Handler(Protocol):
    """Told of elements, by their local names."""

    def start(self, name: str, attributes: dict[str, str], line: int) -> None: ...

    def text(self, text: str) -> None: ...

    def end(self, name: str) -> None: ...


def feed(chunks: Iterable[bytes], handler: Handler, *, name: str, encoding: str | None = None) -> Iterator[None]:
    """Stops after each chunk, so that what the handler has gathered can be taken. Raises ConfigurationError for what
    is no XML, or XML with a document type, or of no sane form."""
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse(name)
    depth = fed = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise ConfigurationError([f"{name} has elements in elements, more than {_DEEPEST} deep; it is refused"])
        handler.start(tag.rpartition(":")[2], attributes, parser.CurrentLineNumber)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        handler.end(tag.rpartition(":")[2])

    parser.StartElementHandler, parser.CharacterDataHandler, parser.EndElementHandler = start, handler.text, end
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
            fed += len(chunk)
            if fed - parser.CurrentByteIndex > _LONGEST_TAG:
                raise ConfigurationError([f"{name} has a tag of more than {_LONGEST_TAG:,} bytes; it is refused"])
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        raise ConfigurationError([f"{name} is not XML: {error}"]) from None


class _Refuse(Protocol):
    def __call__(self, doctype: str, system: str | None, public: str | None, internal: bool) -> None: ...


def _refuse(name: str) -> _Refuse:
    def refuse(doctype: str, system: str | None, public: str | None, internal: bool) -> None:  # noqa: ARG001 - expat's
        raise ConfigurationError([f"{name} declares a document type; it needs none, and such files are refused"])

    return refuse

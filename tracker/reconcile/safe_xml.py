"""XML from strangers, read as a stream: no document type, so no entities that grow or reach elsewhere."""

from collections.abc import Iterable, Iterator
from typing import Protocol
from xml.parsers import expat

from tracker.errors import ConfigurationError


class Handler(Protocol):
    """Told of elements, by their local names."""

    def start(self, name: str, attributes: dict[str, str], line: int) -> None: ...

    def text(self, text: str) -> None: ...

    def end(self, name: str) -> None: ...


def feed(chunks: Iterable[bytes], handler: Handler, *, name: str, encoding: str | None = None) -> Iterator[None]:
    """Stops after each chunk, so that what the handler has gathered can be taken. Raises ConfigurationError for what
    is no XML, or XML with a document type."""
    parser = expat.ParserCreate(encoding)
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse(name)
    parser.StartElementHandler = lambda tag, attributes: handler.start(
        tag.rpartition(":")[2], attributes, parser.CurrentLineNumber
    )
    parser.CharacterDataHandler = handler.text
    parser.EndElementHandler = lambda tag: handler.end(tag.rpartition(":")[2])
    try:
        for chunk in chunks:
            parser.Parse(chunk, False)
            yield
        parser.Parse(b"", True)
        yield
    except expat.ExpatError as error:
        raise ConfigurationError([f"{name} is not XML: {error}"]) from None


class _Refuse(Protocol):
    def __call__(self, doctype: str, system: str | None, public: str | None, internal: bool) -> None: ...


def _refuse(name: str) -> _Refuse:
    def refuse(doctype: str, system: str | None, public: str | None, internal: bool) -> None:  # noqa: ARG001 - expat's
        raise ConfigurationError(
            [f"{name} declares a document type; a statement needs none, and such files are refused"]
        )

    return refuse

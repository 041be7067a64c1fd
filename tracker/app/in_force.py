"""The programme that one process works by. A reload swaps it whole, between two requests."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping

from tracker import keys
from tracker.app.installation import load
from tracker.core.partner import Programme
from tracker.errors import ConfigurationError
from tracker.settings import Settings
from tracker.telemetry import CONFIGURATION, Telemetry

log = logging.getLogger(__name__)


def configuration_hash(content: bytes) -> str:
    """Of a partners.yaml: 16 hexadecimal digits. Secrets that it only names are not in it."""
    return hashlib.sha256(content).hexdigest()[:16]


class InForce:
    """Called, it is the programme of now: whoever keeps what it returned keeps that version."""

    def __init__(self, settings: Settings, telemetry: Telemetry) -> None:
        """Raises ConfigurationError with every problem."""
        self._settings = settings
        self._telemetry = telemetry
        self._programme, digest = _read(settings)
        self._note(digest)

    def __call__(self) -> Programme:
        return self._programme

    async def reload(self) -> None:
        """What cannot be read changes nothing."""
        try:
            programme, digest = await asyncio.to_thread(_read, self._settings)
        except ConfigurationError as error:
            log.error("the configuration stays as it was: %s", error)  # noqa: TRY400 - sentences, not a traceback
            return
        self._programme = programme
        self._note(digest)
        log.info("the configuration %s is in force", digest)

    def _note(self, digest: str) -> None:
        self._telemetry.only(CONFIGURATION, digest)
        self._telemetry.place.configuration = digest


class PartnerNames(Mapping[str, str]):
    """Of the partners of now, by id."""

    def __init__(self, programme: Callable[[], Programme]) -> None:
        self._programme = programme

    def __getitem__(self, partner_id: str) -> str:
        return self._programme().partners[partner_id].name

    def __iter__(self) -> Iterator[str]:
        return iter(self._programme().partners)

    def __len__(self) -> int:
        return len(self._programme().partners)


def _read(settings: Settings) -> tuple[Programme, str]:
    """The programme, and the hash of the very bytes that it was read from: the file may be replaced meanwhile."""
    while True:
        before = _content(settings)
        programme = load(settings, keys.load(settings.data))
        if _content(settings) == before:
            return programme, configuration_hash(before)


def _content(settings: Settings) -> bytes:
    try:
        return settings.partners.read_bytes()
    except OSError:
        return b""  # `load` says so in a sentence

"""How an operator's command speaks to the running `serve`: a socket in the data folder that only its user can open."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tracker.embedded.folders import make_socket_folder, socket_folder
from tracker.errors import ConfigurationError, TrackerError
from tracker.settings import Settings

_SOCKET = "control.sock"
_LONGEST_ORDER = 4096  # bytes
_PATIENCE_SECONDS = 600.0  # a restart waits for connections of every worker

Say = Callable[[str], None]
Options = Mapping[str, bool | str]
# What is ordered, with its options, and where its words go. Raises TrackerError.
Obey = Callable[[str, Options, Say], Awaitable[None]]

log = logging.getLogger(__name__)


class NotRunningError(TrackerError):
    """Nobody is there to be asked."""


def ask_running(settings: Settings, order: str, say: Say = print, **options: bool | str) -> None:
    """Have the running tracker of this data folder do `order` ("restart", "reload"), and say what it says.

    Raises NotRunningError when none runs, TrackerError when it fails; ConfigurationError when it refuses.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_PATIENCE_SECONDS)
        try:
            connection.connect(str(_path(settings)))
            connection.sendall(json.dumps({"order": order, "options": options}).encode() + b"\n")
            with connection.makefile("r", encoding="utf-8") as answers:
                for line in answers:
                    answer = json.loads(line)
                    if "said" in answer:
                        say(answer["said"])
                    elif answer["refused"]:
                        raise ConfigurationError(answer["refused"])
                    elif answer["failed"]:
                        raise TrackerError(answer["failed"])
                    else:
                        return
        except (FileNotFoundError, ConnectionRefusedError):
            raise NotRunningError(f"No tracker runs on {settings.data}; `tracker serve` starts one.") from None
        except (OSError, ValueError) as error:
            raise TrackerError(f"The running tracker did not answer: {error}. Look at its log.") from None
    raise TrackerError("The running tracker ended meanwhile. Look at its log.")


@asynccontextmanager
async def orders(settings: Settings, obey: Obey) -> AsyncIterator[None]:
    """Takes orders inside the block; one that is under way is given up behind it."""
    path = _path(settings)
    make_socket_folder(_folder(settings), path.name)
    path.unlink(missing_ok=True)  # of a `serve` that was killed: we hold the lock of the data folder
    under_way: set[asyncio.Task[Any]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        try:
            await _handle(reader, writer, obey)
        except (ConnectionError, ValueError):
            log.warning("an order that cannot be read")
        finally:
            writer.close()

    server = await asyncio.start_unix_server(handle, path, limit=_LONGEST_ORDER)
    try:
        yield
    finally:
        server.close()
        for task in list(under_way):
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        path.unlink(missing_ok=True)


async def _handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, obey: Obey) -> None:
    asked = json.loads(await reader.readline())

    def answer(said: dict[str, object]) -> None:
        writer.write(json.dumps(said).encode() + b"\n")

    done: dict[str, object] = {"refused": [], "failed": ""}
    try:
        await obey(str(asked["order"]), dict(asked["options"]), lambda line: answer({"said": line}))
    except ConfigurationError as error:
        done["refused"] = error.problems
    except TrackerError as error:
        done["failed"] = str(error)
    answer(done)
    await writer.drain()


def _folder(settings: Settings) -> Path:
    return settings.data.resolve() / "run"


def _path(settings: Settings) -> Path:
    return socket_folder(_folder(settings), _SOCKET) / _SOCKET

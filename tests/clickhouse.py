"""ClickHouse servers from Debian: 18.16, old, and real in wire, DDL, insert and replication."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from clickhouse_driver import Client
from clickhouse_driver.errors import Error

from tests.running import free_port

PROGRAM = shutil.which("clickhouse-server")
START_SECONDS = 60
CONFIGURATION = """<yandex>
  <logger><level>warning</level><log>{folder}/log</log><errorlog>{folder}/errors</errorlog></logger>
  <tcp_port>{port}</tcp_port><listen_host>127.0.0.1</listen_host>
  <path>{folder}/data/</path><tmp_path>{folder}/tmp/</tmp_path><timezone>Asia/Tokyo</timezone>
  <users_config>{folder}/config.xml</users_config><mark_cache_size>100000000</mark_cache_size>
  <profiles><default/></profiles><quotas><default/></quotas>
  <users><default>
    <password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota>
  </default></users>
  {more}
</yandex>
"""


def skip_unless_installed() -> None:
    if PROGRAM is None:
        pytest.skip("no clickhouse-server is installed")


@dataclass
class ClickHouseServer:
    """One server on a folder and a port of its own."""

    folder: Path
    more: str = ""  # of its configuration
    port: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"clickhouse://default:@127.0.0.1:{self.port}/"

    @property
    def log(self) -> str:
        return (self.folder / "errors").read_text("utf-8")

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process is not None
        return self._process

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns at once; `until_ready` waits."""
        skip_unless_installed()
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "config.xml"
        configuration.write_text(CONFIGURATION.format(folder=self.folder, port=self.port, more=self.more))
        self._process = subprocess.Popen(
            [str(PROGRAM), f"--config-file={configuration}"],
            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            assert self.process.poll() is None, f"clickhouse-server ended: {self.log}"
            try:
                self.rows("SELECT 1")
            except (Error, OSError, EOFError):
                assert time.monotonic() < deadline, self.log
                time.sleep(0.02)
            else:
                return

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Asked over a connection of its own, whatever our engine thinks of this server."""
        client = Client("127.0.0.1", self.port, connect_timeout=5, send_receive_timeout=30)
        try:
            answer: list[tuple[object, ...]] = client.execute(sql)
        finally:
            client.disconnect()
        return answer

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(30)

    def freeze(self) -> None:
        """Half dead: connections are accepted, and nothing is answered."""
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """At once: it has nothing that is kept."""
        if self.is_running:
            self.kill()


@contextmanager
def clickhouse_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="tracker-clickhouse-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def clickhouse_server() -> Iterator[ClickHouseServer]:
    """One that runs, and knows nothing yet."""
    with clickhouse_folder() as folder:
        server = ClickHouseServer(folder)
        server.start()
        try:
            server.until_ready()
            yield server
        finally:
            server.stop()

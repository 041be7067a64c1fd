"""Two shards of two replicas each, and the ZooKeeper that they agree by, all on this machine."""

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.clickhouse import ClickHouseServer, skip_unless_installed
from tests.running import free_port

NAME = "clicks"
JAVA = shutil.which("java")
ZOOKEEPER = Path("/usr/share/java/zookeeper.jar")
START_SECONDS = 60
ZOOKEEPER_CONFIGURATION = """tickTime=500
dataDir={folder}/data
clientPort={port}
clientPortAddress=127.0.0.1
admin.enableServer=false
4lw.commands.whitelist=srvr
"""
# What the operator writes on each node: docs/clusters.md.
NODE = """
  <interserver_http_host>127.0.0.1</interserver_http_host><interserver_http_port>{interserver}</interserver_http_port>
  <zookeeper>
    <node><host>127.0.0.1</host><port>{zookeeper}</port></node><session_timeout_ms>10000</session_timeout_ms>
  </zookeeper>
  <distributed_ddl><path>/clickhouse/task_queue/ddl</path></distributed_ddl>
  <macros><shard>{shard}</shard><replica>{replica}</replica></macros>
  <remote_servers><{name}>{shards}</{name}></remote_servers>
"""


@dataclass
class ZooKeeper:
    folder: Path
    port: int = field(default_factory=free_port)
    _process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        if JAVA is None or not ZOOKEEPER.exists():
            pytest.skip("no ZooKeeper is installed")
        self.folder.mkdir(parents=True, exist_ok=True)
        configuration = self.folder / "zoo.cfg"
        configuration.write_text(ZOOKEEPER_CONFIGURATION.format(folder=self.folder, port=self.port))
        program = "org.apache.zookeeper.server.ZooKeeperServerMain"
        self._process = subprocess.Popen(
            [JAVA, "-Xmx128m", "-cp", str(ZOOKEEPER), program, str(configuration)],
            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def until_ready(self) -> None:
        """It serves: a connection that is accepted and not answered kills an old ClickHouse that is starting."""
        deadline = time.monotonic() + START_SECONDS
        while not self._serves():
            assert time.monotonic() < deadline, "ZooKeeper did not start"
            time.sleep(0.02)

    def _serves(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as asking:
                asking.sendall(b"srvr")
                return b"Mode:" in asking.makefile("rb").read()
        except OSError:
            return False

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)


class ClickHouseCluster:
    """`nodes[shard][replica]`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.zookeeper = ZooKeeper(folder / "zookeeper")
        self.shards = [
            [ClickHouseServer(folder / f"shard{shard}-replica{replica}") for replica in (1, 2)] for shard in (1, 2)
        ]
        described = "".join(
            "<shard><internal_replication>true</internal_replication>"
            + "".join(f"<replica><host>127.0.0.1</host><port>{node.port}</port></replica>" for node in replicas)
            + "</shard>"
            for replicas in self.shards
        )
        for shard, replicas in enumerate(self.shards, start=1):
            for replica, node in enumerate(replicas, start=1):
                node.more = NODE.format(
                    name=NAME, interserver=free_port(), zookeeper=self.zookeeper.port,
                    shard=shard, replica=replica, shards=described,
                )  # fmt: skip

    @property
    def nodes(self) -> list[ClickHouseServer]:
        return [node for replicas in self.shards for node in replicas]

    @property
    def url(self) -> str:
        """All nodes; an insert that waits for a replica which has just died gives up soon."""
        hosts = ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)
        return f"clickhouse://default:@{hosts}/?insert_quorum_timeout=3000"

    def start(self) -> None:
        skip_unless_installed()
        self.zookeeper.start()
        self.zookeeper.until_ready()
        for node in self.nodes:
            node.start()
        for node in self.nodes:
            node.until_ready()

    def start_the_dead(self) -> None:
        """As a supervisor does it: an old ClickHouse may die of a ZooKeeper that accepts it and says nothing yet."""
        dead = [node for node in self.nodes if not node.is_running]
        for node in dead:
            node.start()
        for node in dead:
            node.until_ready()

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()
        self.zookeeper.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


def running_cluster() -> Iterator[ClickHouseCluster]:
    """For a fixture."""
    started = ClickHouseCluster(Path(tempfile.mkdtemp(prefix="tracker-cluster-")))
    try:
        started.start()
        yield started
    finally:
        started.stop()

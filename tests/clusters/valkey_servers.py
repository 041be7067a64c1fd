"""Valkey or Redis servers as an operator would run them: processes of their own on ports of their own, one or a cluster
of three primaries and three replicas."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from tests.running import free_port
from tracker.embedded.valkey import valkey_program

PASSWORD = "p@ss/word"
START_SECONDS = 30
NODE_TIMEOUT_MS = 1000
# The 16 tags of our keys are spread 5, 5 and 6 by these; three equal ranges would get 8, 4 and 4.
SLOT_RANGES = ((0, 4200), (4201, 8999), (9000, 16383))

SETTINGS = f"""\
bind 127.0.0.1
daemonize no
logfile ""
save ""
appendonly yes
appendfsync always
maxmemory-policy noeviction
hash-max-listpack-value 128
hash-max-listpack-entries 512
requirepass {PASSWORD}
masterauth {PASSWORD}
"""
CLUSTER_SETTINGS = f"""\
cluster-enabled yes
cluster-node-timeout {NODE_TIMEOUT_MS}
cluster-require-full-coverage no
"""


def redis_program() -> Path | None:
    found = shutil.which("redis-server")
    return Path(found) if found else None


@dataclass
class Server:
    """One process on a folder and a port that it keeps when it is started again."""

    folder: Path
    program: Path
    settings: Sequence[str] = ()
    tls: bool = False  # on its port, and no other
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        scheme, query = ("rediss", f"?ssl_ca_certs={self.folder}/ca.pem") if self.tls else ("redis", "")
        return f"{scheme}://:{PASSWORD.replace('@', '%40').replace('/', '%2F')}@127.0.0.1:{self.port}{query}"

    def client(self) -> Redis:
        client: Redis = Redis.from_url(self.url, retry=Retry(NoBackoff(), 0), decode_responses=True)
        return client

    async def command(self, *command: str | int) -> Any:
        async with self.client() as client:
            return await client.execute_command(*command)  # type: ignore[no-untyped-call]

    async def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        port = f"port 0\ntls-port {self.port}" if self.tls else f"port {self.port}"
        (self.folder / "server.conf").write_text("\n".join([f"dir {self.folder}", port, SETTINGS, *self.settings, ""]))
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, self.folder / "server.conf"], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        await self.until_it_answers()

    async def until_it_answers(self) -> None:
        async with asyncio.timeout(START_SECONDS), self.client() as client:
            while True:
                assert self.process is not None
                assert self.process.poll() is None, (self.folder / "log").read_text()
                try:
                    await client.ping()
                except (RedisError, OSError):
                    await asyncio.sleep(0.02)
                else:
                    return

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        """Kill -9, also of one that is stopped."""
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None


@asynccontextmanager
async def running_server(folder: Path, program: Path, *, settings: Sequence[str] = ()) -> AsyncIterator[Server]:
    server = Server(folder, program, settings)
    try:
        await server.start()
        yield server
    finally:
        server.kill()


@dataclass(frozen=True)
class Cluster:
    """Three primaries, and at the same place among the last three the replica of each."""

    nodes: Sequence[Server]

    @property
    def url(self) -> str:
        login = self.nodes[0].url.partition("://")[2].rpartition("@")[0]
        return f"valkey+cluster://{login}@" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    async def primary_of(self, slot: int) -> Server:
        """As most nodes say."""
        said: list[int] = []
        for node in self.nodes:
            if node.process is not None:
                rows = await node.command("CLUSTER", "SLOTS")
                said += [row[2][1] for row in rows if row[0] <= slot <= row[1]]
        port = max(said, key=said.count)
        return next(node for node in self.nodes if node.port == port)

    async def replica_of(self, primary: Server) -> Server:
        for node in self.nodes:
            if node.process is not None and node is not primary:
                async with node.client() as client:
                    if (await client.info("replication")).get("master_port") == primary.port:
                        return node
        raise AssertionError("it has no replica")

    async def until_whole(self) -> None:
        """Every node knows every slot's primary, and each replica is in step with its own."""
        async with asyncio.timeout(60):
            while not all([await _is_whole(node) for node in self.nodes]):
                await asyncio.sleep(0.05)

    async def empty(self) -> None:
        for node in self.nodes:
            async with node.client() as client:
                if (await client.info("replication"))["role"] == "master":
                    await client.flushall()


async def _is_whole(node: Server) -> bool:
    told = dict(line.split(":") for line in (await node.command("CLUSTER", "INFO")).split())
    async with node.client() as client:
        replication = await client.info("replication")
    in_step = (
        replication["connected_slaves"] == 1
        if replication["role"] == "master"
        else replication["master_link_status"] == "up"
    )
    return bool(told["cluster_state"] == "ok" and told["cluster_known_nodes"] == "6" and in_step)


@asynccontextmanager
async def running_cluster(folder: Path) -> AsyncIterator[Cluster]:
    async with AsyncExitStack() as stack:
        nodes = []
        for number in range(6):
            settings = [CLUSTER_SETTINGS, f"cluster-port {free_port()}"]
            server = running_server(folder / f"node-{number}", valkey_program(), settings=settings)
            nodes.append(await stack.enter_async_context(server))
        cluster = Cluster(nodes)
        await _introduce(cluster)
        await cluster.until_whole()
        yield cluster


async def _introduce(cluster: Cluster) -> None:
    first = cluster.nodes[0]
    bus = first.settings[1].split()[1]
    names = [await node.command("CLUSTER", "MYID") for node in cluster.nodes]
    for number, node in enumerate(cluster.nodes):
        await node.command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        if number < len(SLOT_RANGES):
            await node.command("CLUSTER", "ADDSLOTSRANGE", *SLOT_RANGES[number])
        if node is not first:
            await node.command("CLUSTER", "MEET", "127.0.0.1", first.port, bus)
    async with asyncio.timeout(START_SECONDS):
        for name, node in zip(names, cluster.nodes[3:], strict=False):
            while name not in await node.command("CLUSTER", "NODES"):
                await asyncio.sleep(0.05)
            await node.command("CLUSTER", "REPLICATE", name)


@asynccontextmanager
async def out_of_step(cluster: Cluster, primary: Server) -> AsyncIterator[None]:
    """Its replica gets nothing of what is written meanwhile, and all else goes on."""
    replica = await cluster.replica_of(primary)
    await replica.command("CONFIG", "SET", "masterauth", "wrong")
    await primary.command("CLIENT", "KILL", "TYPE", "REPLICA")
    try:
        yield
    finally:
        await replica.command("CONFIG", "SET", "masterauth", PASSWORD)

"""One cluster of six nodes for the tests that do not break it for good; each begins with it whole and empty."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.clusters.valkey_servers import Cluster, running_cluster
from tracker.store.valkey_client import open_valkey
from tracker.store.valkey_cluster import ValkeyCluster


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def six_nodes() -> AsyncIterator[Cluster]:
    folder = Path(tempfile.mkdtemp(prefix="tracker-cluster-"))
    try:
        async with running_cluster(folder) as cluster:
            yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(loop_scope="session")
async def valkey_cluster(six_nodes: Cluster) -> AsyncIterator[Cluster]:
    await six_nodes.until_whole()
    await six_nodes.empty()
    yield six_nodes
    for node in six_nodes.nodes:
        if node.process is None:
            await node.start()


@pytest_asyncio.fixture(loop_scope="session")
async def opened(valkey_cluster: Cluster) -> AsyncIterator[ValkeyCluster]:
    client = open_valkey(valkey_cluster.url)
    assert isinstance(client, ValkeyCluster)
    yield client
    await client.aclose()

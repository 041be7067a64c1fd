"""The judge must know of every request that was sent."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.faults.journal import Journal
from tests.faults.load import main


@pytest_asyncio.fixture
async def dropping() -> AsyncIterator[tuple[str, list[bytes]]]:
    """The address of a server that dies whenever it is asked, and what it was asked."""
    asked: list[bytes] = []

    async def drop(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n"))
        writer.close()

    async with await asyncio.start_server(drop, "127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


async def test_a_request_whose_connection_breaks_is_sent_as_often_as_the_journal_says(
    dropping: tuple[str, list[bytes]], tmp_path: Path
) -> None:
    address, asked = dropping
    plan, journal = tmp_path / "plan", tmp_path / "journal"
    plan.write_text(json.dumps([f"{address}/go/lamoda?b=0", {"browser": "known"}, ""]))
    await main(str(plan), str(journal), "25")
    assert len(asked) == Journal.read(journal).clicks_sent[0] == 2  # a double click
    assert Journal.read(journal).failed == 2

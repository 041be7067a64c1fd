"""python -m bench [PART …]: measures, prints, and writes what it measured into docs/performance.md.

Without a part: all of them, one after the other. Exit code 1 when what was answered is not what was stored.
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

from bench import drain, growth, postbacks, views
from bench.clicks import clicks
from bench.document import write
from bench.table import Table
from bench.tricks import tricks

Part = Callable[[], AsyncIterator[Table]]

PARTS: Mapping[str, Part] = {
    "clicks": clicks,
    "tricks": tricks,
    "postbacks": postbacks.measure,
    "drain": drain.measure,
    "growth": growth.measure,
    "views": views.measure,
}


async def measure(names: list[str]) -> None:
    for name in names:
        async for table in PARTS[name]():
            print(f"\n{table}\n", flush=True)
            write(name, table)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="which to measure; all of them if none is named")
    asyncio.run(measure(parser.parse_args().parts or list(PARTS)))


if __name__ == "__main__":
    main()

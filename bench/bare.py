"""What click-outs are compared with: the same requests answered 302 by who does nothing else.

python -m bench.bare PORT: aiohttp and uvloop, an application of one route and nothing more.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import uvloop
from aiohttp import web

_LOCATION = "https://shop.example/?sub="
_NGINX = """\
worker_processes 1;
error_log {folder}/nginx.log;
pid {folder}/nginx.pid;
events {{ worker_connections 2048; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  server {{
    listen 127.0.0.1:{port} backlog=1024;
    location / {{
      add_header Cache-Control no-store always;
      return 302 {location};
    }}
  }}
}}
"""


async def _redirect(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": _LOCATION, "Cache-Control": "no-store"})


@contextmanager
def bare_aiohttp(port: int, workers: int = 1) -> Iterator[list[psutil.Process]]:
    """Its workers share the port."""
    started = [subprocess.Popen([sys.executable, "-m", "bench.bare", str(port)]) for _ in range(workers)]
    try:
        yield [psutil.Process(one.pid) for one in started]
    finally:
        for one in started:
            one.terminate()
            one.wait()


@contextmanager
def nginx(port: int, folder: Path) -> Iterator[list[psutil.Process]]:
    """Its one worker."""
    configuration = folder / "nginx.conf"
    configuration.write_text(_NGINX.format(folder=folder, port=port, location=_LOCATION))
    master = subprocess.Popen(["nginx", "-c", str(configuration), "-p", str(folder), "-g", "daemon off;"])
    try:
        process = psutil.Process(master.pid)
        while not process.children():
            if master.poll() is not None:
                raise SystemExit(f"nginx does not start: see {folder}/nginx.log")
        yield process.children()
    finally:
        master.terminate()
        master.wait()


def main() -> None:
    app = web.Application()
    app.add_routes([web.get("/go/{partner}", _redirect)])
    web.run_app(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        reuse_port=True,
        access_log=None,
        print=None,
        loop=uvloop.new_event_loop(),
    )


if __name__ == "__main__":
    main()

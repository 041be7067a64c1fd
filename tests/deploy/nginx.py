"""The nginx of deploy/, run for a test: its file with other addresses, in a folder of its own."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deploy.files import DEPLOY

FILE = DEPLOY / "nginx" / "tracker.conf"
START_SECONDS = 20

_MAIN = """
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/main.log warn;
events {{}}
http {{
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  include {folder}/tracker.conf;
}}
"""


def program() -> str:
    found = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if found is None:
        pytest.skip("no nginx is installed")
    return found


def configuration(folder: Path, plain: int, listen: Sequence[str], upstreams: Sequence[str], *, tls: bool) -> Path:
    """The main file, to give to nginx with -c. Every address of the file in deploy/ is replaced, and nothing else."""
    made = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    named = ["-subj", "/CN=go.example.org", "-keyout", "tracker.key", "-out", "tracker.crt"]
    subprocess.run(["openssl", *made, *named], cwd=folder, capture_output=True, check=True)
    text = FILE.read_text()
    for old, new in (
        ("    server 127.0.0.1:8080 max", "    server UPSTREAM max"),
        ("    listen [::]:80;\n", ""),
        ("    listen [::]:443 ssl http2;\n", ""),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl http2;", " ".join(f"listen {one}{' ssl http2' if tls else ''};" for one in listen)),
        ("/etc/nginx/tracker", f"{folder}/tracker"),
        ("/var/log/nginx/tracker.log", f"{folder}/tracker.log"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    [line] = [one for one in text.splitlines() if "UPSTREAM" in one]
    text = text.replace(line, "\n".join(line.replace("UPSTREAM", one) for one in upstreams))
    (folder / "tracker.conf").write_text(text)
    main = folder / "nginx.conf"
    main.write_text(_MAIN.format(folder=folder, user="user root;" if os.geteuid() == 0 else ""))
    return main


@contextmanager
def nginx(plain: int, listen: Sequence[str], upstreams: Sequence[str], *, tls: bool) -> Iterator[Path]:
    """Running inside the block; its folder, with its logs. `listen` and `upstreams` are address:port."""
    run = program()
    folder = Path(tempfile.mkdtemp(prefix="tracker-nginx-"))
    try:
        main = configuration(folder, plain, listen, upstreams, tls=tls)
        process = subprocess.Popen([run, "-e", f"{folder}/main.log", "-c", str(main), "-g", "daemon off;"], cwd=folder)
        try:
            _until_it_listens(process, listen[0], folder)
            yield folder
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
    finally:
        shutil.rmtree(folder)


def _until_it_listens(process: "subprocess.Popen[bytes]", place: str, folder: Path) -> None:
    host, _, port = place.rpartition(":")
    end = time.monotonic() + START_SECONDS
    while True:
        assert process.poll() is None, (folder / "main.log").read_text()
        try:
            socket.create_connection((host, int(port)), timeout=1).close()
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.02)
        else:
            return

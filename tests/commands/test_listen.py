"""Sockets that systemd opens, and what it is told."""

import os
import socket
from pathlib import Path

import pytest

from tracker.commands.listen import activated, listen
from tracker.commands.systemd import tell_systemd
from tracker.errors import TrackerError


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"LISTEN_FDS": "1"}, {"web": 3}),
        ({"LISTEN_FDS": "2"}, {"web": 3, "warehouse": 4}),
        ({"LISTEN_FDS": "1", "LISTEN_FDNAMES": "tracker.socket"}, {"web": 3}),
        ({"LISTEN_FDS": "2", "LISTEN_FDNAMES": "warehouse:web"}, {"warehouse": 3, "web": 4}),
        ({"LISTEN_FDS": "3", "LISTEN_FDNAMES": "warehouse:other:web"}, {"warehouse": 3, "other": 4, "web": 5}),
        ({}, {}),
    ],
)
def test_sockets_have_the_names_of_their_units_or_an_order(given: dict[str, str], found: dict[str, int]) -> None:
    assert activated({"LISTEN_PID": str(os.getpid()), **given}) == found


def test_sockets_of_another_process_are_not_ours() -> None:
    assert activated({"LISTEN_PID": str(os.getpid() + 1), "LISTEN_FDS": "1"}) == {}


@pytest.mark.parametrize("kind", [socket.SOCK_DGRAM, socket.SOCK_STREAM])
def test_a_socket_that_does_not_listen_is_refused_in_a_sentence(
    kind: socket.SocketKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket(socket.AF_INET, kind) as wrong:
        monkeypatch.setattr("tracker.commands.listen._FIRST_DESCRIPTOR", wrong.fileno())
        monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
        monkeypatch.setenv("LISTEN_FDS", "1")
        with pytest.raises(TrackerError, match="no listening TCP socket; write ListenStream=ADDRESS:PORT"):
            listen("127.0.0.1", 1, "--port", "web")


def test_one_that_is_given_wins_over_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as given:
        monkeypatch.setattr("tracker.commands.listen._FIRST_DESCRIPTOR", given.fileno())
        monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
        monkeypatch.setenv("LISTEN_FDS", "1")
        with listen("127.0.0.1", 1, "--port", "web") as listening:
            assert listening.getsockname() == given.getsockname()
            assert listening.fileno() != given.fileno()


def test_systemd_is_told_only_where_it_asks(tmp_path: Path) -> None:
    tell_systemd("READY=1", {})
    tell_systemd("READY=1", {"NOTIFY_SOCKET": str(tmp_path / "nobody")})
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.settimeout(5)
        systemd.bind(f"\0tracker-test-{os.getpid()}")
        tell_systemd("READY=1", {"NOTIFY_SOCKET": f"@tracker-test-{os.getpid()}"})
        assert systemd.recv(100) == b"READY=1"

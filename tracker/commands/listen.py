"""Listening sockets: opened by `serve` before anything else, so that a port in use is told at once; or by systemd, so
that connections wait in them also while there is no `serve` at all."""

import errno
import os
import socket
from collections.abc import Mapping

from tracker.errors import TrackerError

_FIRST_DESCRIPTOR = 3  # sd_listen_fds(3)
_ORDER = ("web", "warehouse")  # of sockets without a name of ours


def listen(host: str, port: int, option: str, name: str) -> socket.socket:
    """One socket for all processes that serve on it: what a killed one did not accept waits here for the next. One
    called `name` that systemd has opened for us wins over `host` and `port`.

    Raises TrackerError that names the option which chooses another port.
    """
    given = activated(os.environ).get(name)
    listening = _opened(host, port, option) if given is None else _checked(given, name)
    listening.setblocking(False)
    return listening


def activated(environment: Mapping[str, str]) -> dict[str, int]:
    """Descriptors that systemd has opened for this process, by name: FileDescriptorName= of the socket unit, or in the
    order web, warehouse."""
    if environment.get("LISTEN_PID") != str(os.getpid()):
        return {}
    count = int(environment.get("LISTEN_FDS", "0"))
    names = environment.get("LISTEN_FDNAMES", "").split(":")
    if not set(names) & set(_ORDER):
        names = list(_ORDER)
    return {name: _FIRST_DESCRIPTOR + place for place, name in enumerate(names[:count])}


def _checked(descriptor: int, name: str) -> socket.socket:
    try:
        given = socket.socket(fileno=os.dup(descriptor))
        is_listening = given.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError as error:
        raise TrackerError(f"The socket {name} of LISTEN_FDS cannot be used: {error.strerror}.") from None
    if not is_listening or given.type != socket.SOCK_STREAM or given.family not in (socket.AF_INET, socket.AF_INET6):
        given.close()
        raise TrackerError(
            f"The socket {name} of LISTEN_FDS is no listening TCP socket; write ListenStream=ADDRESS:PORT."
        )
    return given


def _opened(host: str, port: int, option: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise TrackerError(f"Port {port} of {host} is in use; choose another one with {option}.") from None
        raise TrackerError(f"Cannot listen on port {port} of {host}: {error.strerror}.") from None

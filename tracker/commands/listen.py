"""Listening sockets: opened by `serve` before anything else, so that a port in use is told at once."""

import errno
import socket

from tracker.errors import TrackerError


def listen(host: str, port: int, option: str) -> socket.socket:
    """One socket for all processes that serve on it: what a killed one did not accept waits here for the next.

    Raises TrackerError that names the option which chooses another port.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listening = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise TrackerError(f"Port {port} of {host} is in use; choose another one with {option}.") from None
        raise TrackerError(f"Cannot listen on port {port} of {host}: {error.strerror}.") from None
    listening.setblocking(False)
    return listening

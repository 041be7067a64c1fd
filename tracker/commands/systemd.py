"""What systemd is told of us: a unit of `Type=notify` is started when it is ready, not when it is there."""

import os
import socket
from collections.abc import Mapping

# Ours alone: a child that inherited them would speak or listen in our name.
OF_SYSTEMD = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "NOTIFY_SOCKET")


def tell_systemd(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """`READY=1`, `STOPPING=1`; nothing when it did not ask. A systemd that does not listen stops nobody."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as teller:
            teller.connect("\0" + address[1:] if address.startswith("@") else address)
            teller.send(state.encode())
    except OSError:
        return

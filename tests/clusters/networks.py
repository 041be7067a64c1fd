"""Machines of their own, as far as the network can tell: namespaces, each with one cable to us."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest


@dataclass(frozen=True, slots=True)
class Machine:
    """`gateway` is our end of its cable: what listens there it can reach, and from there it is reached."""

    name: str
    address: str
    gateway: str

    @property
    def into(self) -> list[str]:
        """Before a command that is to run there."""
        return ["ip", "netns", "exec", self.name]


@contextmanager
def machines(*names: str) -> Iterator[tuple[Machine, ...]]:
    """Skips where namespaces are not allowed. 198.18.0.0/15 is kept free for tests of networks (RFC 2544)."""
    ours = os.getpid() % 250
    with ExitStack() as stack:
        made = []
        for number, name in enumerate(names):
            gateway, address = (f"198.18.{ours}.{4 * number + end}" for end in (1, 2))
            machine = Machine(f"tracker-{os.getpid()}-{name}", address, gateway)
            _add(stack, machine, f"tk{os.getpid()}{number}")
            made.append(machine)
        yield tuple(made)


def _add(stack: ExitStack, machine: Machine, cable: str) -> None:
    if error := _ip("netns", "add", machine.name):
        pytest.skip(f"no network namespaces here: {error}")
    stack.callback(_ip, "netns", "delete", machine.name)
    for command in (
        ["link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", machine.name],
        ["addr", "add", f"{machine.gateway}/30", "dev", cable],
        ["link", "set", cable, "up"],
        ["-n", machine.name, "addr", "add", f"{machine.address}/30", "dev", "eth0"],
        ["-n", machine.name, "link", "set", "eth0", "up"],
        ["-n", machine.name, "link", "set", "lo", "up"],
    ):
        if error := _ip(*command):
            pytest.skip(f"no cables between namespaces here: {error}")


def _ip(*arguments: str) -> str:
    """What went wrong; empty: nothing."""
    try:
        done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "ip is not installed"
    return "" if done.returncode == 0 else done.stderr.strip() or "failed"

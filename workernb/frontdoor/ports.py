"""Ports: the socket that the front door listens on."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import sys
from weakref import WeakSet

from workernb.errors import UsageError

LOOPBACK = "127.0.0.1"
FIRST_PORT = 8787
"""Wrangler's port; without a port of its own, the front door takes it or the next free one."""

MAX_TRIED = 100
BACKLOG = 1024

_listening: WeakSet[socket.socket] = WeakSet()


def listen(host: str = LOOPBACK, port: int | None = None) -> socket.socket:
    """Return a socket that listens on an IP address of this machine, and does not block.

    port: by default 8787 or, if that is taken, the next free one; 0 for any. Raises UsageError for
    a port that is taken or not allowed, and for a host that is none of this machine's.
    """
    address = _address(host)
    if port is not None:
        return _bind(address, port)
    for candidate in range(FIRST_PORT, FIRST_PORT + MAX_TRIED):
        try:
            return _bind(address, candidate)
        except PortTakenError:
            continue
    return _bind(address, 0)


class PortTakenError(UsageError):
    """A port on which something listens already."""


def is_loopback(host: str) -> bool:
    """Return whether an address, such as that of a client, is this machine's own."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _address(host: str) -> str:
    if host == "localhost":
        return LOOPBACK
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        raise UsageError(
            f"--host takes an IP address of this machine, such as {LOOPBACK} or 0.0.0.0 "
            f"for all of them: not {host!r}."
        ) from None


def _bind(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # There, it would let two processes share a port.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(BACKLOG)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise _refusal(error, address, port) from None
    except OverflowError:
        listening.close()
        raise UsageError(f"A port is a number from 0 to 65535, not {port}.") from None
    _listening.add(listening)
    return listening


def _refusal(error: OSError, address: str, port: int) -> UsageError:
    if error.errno == errno.EADDRINUSE:
        return PortTakenError(
            f"Port {port} of {address} is taken: choose another one, or none for the next free one."
        )
    if error.errno == errno.EADDRNOTAVAIL:
        return UsageError(f"{address} is no address of this machine: no port can be opened there.")
    if error.errno == errno.EACCES:
        return UsageError(f"Port {port} is not allowed here: choose one from 1024 on.")
    return UsageError(f"Port {port} of {address} cannot be opened: {error.strerror}.")


def _close_in_child() -> None:
    """Close the sockets in a forked process, which would keep the port when its parent is gone."""
    for listening in list(_listening):
        listening.close()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)

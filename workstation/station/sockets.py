"""A socket that listens at one address of this machine."""

from __future__ import annotations

import socket


def listening_at(host: str, port: int, waiting: int) -> socket.socket:
    """Returns it, non-blocking; raises OSError for a port in use or another machine's address.

    ``waiting`` is the backlog of connections.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        if hasattr(socket, "SO_EXCLUSIVEADDRUSE"):  # Windows, where reuse means to share
            made.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((host, port))
        made.listen(waiting)
        made.setblocking(False)
    except OSError:
        made.close()
        raise
    return made

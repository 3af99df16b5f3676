"""The station's notifications to the system's service manager: ready, alive, ending.

The protocol is ``sd_notify``: a datagram of lines to the socket that the environment names. Without
that socket nothing is sent.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

READY: Final = "READY=1"
ALIVE: Final = "WATCHDOG=1"
ENDING: Final = "STOPPING=1"
SOCKET: Final = "NOTIFY_SOCKET"


class ServiceManager:
    """Its calls wait for nothing: a manager that does not read loses messages."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get(SOCKET, "")
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]  # a name without a file

    def say(self, state: str) -> None:
        """Send a state."""
        if not self._address or not hasattr(socket, "AF_UNIX"):
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto(state.encode("ascii"), self._address)

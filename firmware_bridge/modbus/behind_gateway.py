"""The advice for a lost or corrupt answer of an instrument behind a serial server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from controller.errors import LinkError
from firmware_bridge.line.line import Line

E = TypeVar("E", bound=LinkError)


def look_behind(name: str, device: str) -> str:
    """Returns where to look if no valid answer of ``device`` comes through a working gateway."""
    return (
        f"the gateway at {name} took the connection: check that a serial port is behind it, has "
        f"the {device}'s settings, and passes every byte (raw TCP, no flow control)"
    )


class BehindGateway:
    """Names the gateway in the errors of the instrument behind it.

    ``fault_in`` returns what the gateway's port did to the bytes of an answer, "" if unknown, as
    with lines of text. Once found, the fault is assumed for every answer lost later.
    """

    def __init__(
        self, name: str, line: Line, *, fault_in: Callable[[bytes], str] = lambda _: ""
    ) -> None:
        self._name = name
        self._line = line
        self._fault_in = fault_in
        self._fault = ""

    def told(self, error: E) -> E:
        """Returns the same error with the gateway's fault, or with advice until one answered."""
        self._fault = self._fault_in(error.raw) or self._fault
        words = self._fault
        if not words and not self._line.counters.answered:
            words = look_behind(self._name, "instrument")
        return type(error)(f"{error.message}; {words}", raw=error.raw) if words else error

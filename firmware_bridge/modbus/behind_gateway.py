"""What is said of a lost or spoiled answer when a serial server stands before the instrument."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from controller.errors import LinkError
from firmware_bridge.line.line import Line

E = TypeVar("E", bound=LinkError)


def look_behind(name: str, device: str) -> str:
    """Where to look when nothing sound comes from ``device`` through a gateway that answers."""
    return (
        f"the gateway at {name} took the connection: look whether a serial port is behind it, has "
        f"the {device}'s settings, and passes every byte (raw TCP, no flow control)"
    )


class BehindGateway:
    """Names the gateway in the errors of the instrument behind it.

    ``fault_in`` says what the gateway's port did to the bytes of an answer, "" when unknown, as
    with lines of text. What it once did it is taken to have done to every answer lost later.
    """

    def __init__(
        self, name: str, line: Line, *, fault_in: Callable[[bytes], str] = lambda _: ""
    ) -> None:
        self._name = name
        self._line = line
        self._fault_in = fault_in
        self._fault = ""

    def told(self, error: E) -> E:
        """The same error, saying the gateway's fault, or where to look as long as none answered."""
        self._fault = self._fault_in(error.raw) or self._fault
        words = self._fault
        if not words and not self._line.counters.answered:
            words = look_behind(self._name, "instrument")
        return type(error)(f"{error.message}; {words}", raw=error.raw) if words else error

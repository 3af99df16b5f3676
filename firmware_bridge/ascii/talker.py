"""One instrument that sends text: an unchanged request, one complete answer or an error.

An answer has no number and often no checksum. To keep an old answer from being taken for a new one,
the line waits out the late window and listens for a second answer after a lost one.
"""

from __future__ import annotations

from typing import Final

from controller.errors import RequestRefused
from firmware_bridge.ascii.endings import AnswerEnd
from firmware_bridge.line.answers import Reply
from firmware_bridge.line.line import Line

MOST_BYTES: Final = 256
"""No instrument's answer is longer; a device that sends more without an end is another one."""
_TEXT: Final = frozenset(b"\t\n\r\x02\x03" + bytes(range(0x20, 0x7F)))
"""The characters allowed in answers: printable characters, line ends, STX and ETX."""
_SEVEN_BITS: Final = 0x80


class AsciiTalker:
    """Implements ``LineAsker``. ``timeout_s`` runs from the first byte sent."""

    def __init__(self, line: Line, *, end: AnswerEnd, timeout_s: float) -> None:
        self.line = line
        self._end = end
        self.timeout_s = timeout_s

    def ask(self, request: bytes) -> bytes:
        """Send ``request`` and return one whole answer, with its terminator where it has one.

        Raises RequestRefused before anything is sent, otherwise LinkError.
        """
        if not request or not request.isascii():
            raise RequestRefused(
                f"request {request!r} is not ASCII text; nothing was sent, correct the profile"
            )
        answer = TextAnswer(self._end, b"" if self.line.echo else request)
        return self.line.exchange(request, answer, timeout_s=self.timeout_s).content


class TextAnswer:
    """Implements ``ExpectedAnswer``: the first complete answer in the received bytes.

    ``request`` is what an adapter with echo would return; empty if the echo is already cut off.
    """

    def __init__(self, end: AnswerEnd, request: bytes) -> None:
        self._end = end
        self._request = request

    def find(self, data: bytes) -> Reply | None:
        """Returns the answer in the bytes received so far; None if more have to arrive."""
        strange = next((byte for byte in data if byte not in _TEXT), None)
        if strange is not None:
            return Reply(refusal=_strange(strange))
        if self._request and data.startswith(self._request):
            return Reply(refusal="our own request came back")
        if self._request.startswith(data):
            return None
        length = self._end.length(data)
        if length is not None:
            return Reply(content=data[:length])
        if len(data) > MOST_BYTES:
            return Reply(refusal=f"no end of an answer in {len(data)} bytes")
        return None

    def expected(self) -> str:
        """Returns a description of a complete answer."""
        return self._end.expected()

    def came(self, data: bytes) -> str:
        """Returns the number of bytes and their text."""
        count = "1 byte" if len(data) == 1 else f"{len(data)} bytes"
        return f"{count} {data[:MOST_BYTES]!r}"


def _strange(byte: int) -> str:
    if byte < _SEVEN_BITS:
        return f"byte {byte:02X} is not text; look for noise or another device on the line"
    return (
        f"byte {byte:02X} is not ASCII; data bits, parity or baud rate of the address differ from "
        "those of the instrument"
    )

"""Lines that a person types, read as bytes so that no byte ends the reading.

``input`` and a text stream give up at the first byte that is no text, and read in the background
without asking. Here a bad line is refused with a message, and the next one is read.
"""

from __future__ import annotations

import os
import select
import threading
from typing import Final, TextIO

from controller.errors import RequestRefused

LINE_BYTES: Final = 16_384
"""Most bytes of a line; a terminal gives at most 4096 at a time, and a text of 2000 characters has
at most 8000."""
READ_BYTES: Final = 4_096
BACKGROUND_S: Final = 0.5
"""How often a job in the background looks whether the terminal is its own again."""
ENDS_IN_A_ROW: Final = 10
"""So many ends of input without a byte between them: the terminal has gone."""


class TypedLines:
    """The lines of one descriptor; raises EOFError when there will be no more."""

    def __init__(self, descriptor: int, encoding: str) -> None:
        self._descriptor, self._encoding = descriptor, encoding
        self._buffer = bytearray()
        self._too_long = False
        self._ends = 0

    def read_line(self) -> str:
        """Wait for a line; raises RequestRefused for one that cannot be taken, EOFError at the end.

        Waits in the background for as long as another job has the terminal.
        """
        while b"\n" not in self._buffer:
            if len(self._buffer) > LINE_BYTES:
                self._too_long = True
                self._buffer.clear()
            self._take(self._read())
        line, _, rest = bytes(self._buffer).partition(b"\n")
        self._buffer[:] = rest
        too_long, self._too_long = self._too_long or len(line) > LINE_BYTES, False
        if too_long:
            raise RequestRefused(
                f"the line has more than {LINE_BYTES} bytes; say it in fewer words"
            )
        return self._decoded(line)

    def _take(self, data: bytes) -> None:
        if data:
            self._ends = 0
            self._buffer += data
            return
        self._ends += 1
        if self._ends >= ENDS_IN_A_ROW or not os.isatty(self._descriptor):
            self._finish()
            return
        if self._buffer:
            self._buffer += b"\n"  # twice Ctrl-D behind words: they are a line as they are
            return
        raise RequestRefused(
            "Ctrl-D does not end a session; Ctrl-C or end releases the patient, help lists the rest"
        )

    def _finish(self) -> None:
        """The last line may have no end; after it there is nothing."""
        if not self._buffer:
            raise EOFError
        self._buffer += b"\n"

    def _read(self) -> bytes:
        """Some bytes, or none at the end of the input."""
        while True:
            try:
                return os.read(self._descriptor, READ_BYTES)
            except BlockingIOError:
                select.select([self._descriptor], [], [], BACKGROUND_S)
            except OSError:
                if not self._in_background():
                    return b""
                threading.Event().wait(BACKGROUND_S)

    def _in_background(self) -> bool:
        """True while another job of the shell has the terminal: reading is refused, not over."""
        try:
            return os.tcgetpgrp(self._descriptor) != os.getpgrp()
        except (AttributeError, OSError):
            return False

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode(self._encoding).rstrip("\r")
        except UnicodeDecodeError as error:
            raise RequestRefused(
                f"the line has the byte 0x{line[error.start]:02X} at place {error.start + 1} of "
                f"{len(line)}, which is no text in {self._encoding}; type it again without it"
            ) from error


def is_terminal(stream: TextIO | None) -> bool:
    """Returns True for a terminal; a stream that is closed, or was from the beginning, is none."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def typed_lines(stream: TextIO | None) -> TypedLines | None:
    """Return the lines of a terminal; None where nobody can type."""
    if stream is None or not is_terminal(stream):
        return None
    try:
        return TypedLines(stream.fileno(), stream.encoding or "utf-8")
    except (OSError, ValueError):
        return None

"""Lines that a person types, read as bytes so that no byte ends the reading.

``input`` and a text stream fail at the first byte that is not text, and read in the background
without asking. Here a bad line is refused with a message, and the next one is read.
"""

from __future__ import annotations

import codecs
import os
import select
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TextIO

from controller.errors import RequestRefused

if sys.platform != "win32":
    import termios

LINE_BYTES: Final = 16_384
"""Most bytes of a line; a terminal gives at most 4096 at a time, and a text of 2000 characters has
at most 8000."""
READ_BYTES: Final = 4_096
BACKGROUND_S: Final = 0.5
"""How often a background job checks whether it has the terminal again."""
NO_END: Final = (
    "Ctrl-D does not end a session; Ctrl-C or end does, and releases the patient where this "
    "program drives the table; help lists the rest"
)
ENDS_IN_A_ROW: Final = 10
"""So many ends of input without a byte between them mean that the terminal is closed."""


class TypedLines:
    """The lines of one descriptor; raises EOFError when there will be no more."""

    def __init__(self, descriptor: int, encoding: str) -> None:
        self._descriptor, self._encoding = descriptor, encoding
        self._buffer = bytearray()
        self._too_long = False
        self._ends = 0

    def read_line(self) -> str:
        """Wait for a line; raises RequestRefused for an invalid one, EOFError at the end.

        Waits in the background while another job has the terminal.
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
            self._buffer += b"\n"  # twice Ctrl-D after a text: it is a line without an end
            return
        raise RequestRefused(NO_END)

    def forget(self) -> None:
        """Drop what was typed and not read: it was meant for something else."""
        self._buffer.clear()
        self._too_long = False
        if sys.platform != "win32":
            with suppress(OSError, termios.error):
                termios.tcflush(self._descriptor, termios.TCIFLUSH)

    def give_back(self) -> None:
        """Do nothing: the terminal was not changed."""

    def _finish(self) -> None:
        """Return the last line, which may have no end; after it there is nothing."""
        if not self._buffer:
            raise EOFError
        self._buffer += b"\n"

    def _read(self) -> bytes:
        """Returns some bytes, or none at the end of the input."""
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
        """Returns True while another job has the terminal: reading is refused, not over."""
        try:
            return os.tcgetpgrp(self._descriptor) != os.getpgrp()
        except (AttributeError, OSError):
            return False

    def _decoded(self, line: bytes) -> str:
        try:
            return line.decode(self._encoding).rstrip("\r")
        except UnicodeDecodeError as error:
            raise RequestRefused(
                f"the line has the byte 0x{line[error.start]:02X} at place {error.start + 1} "
                f"of {len(line)}, which is not text in {self._encoding}; type it again "
                "without it"
            ) from error


class EditedLines(TypedLines):
    """Lines of a terminal that echoes nothing: ``show`` gets what is typed so far.

    Signals stay with the terminal, so that Ctrl-C never depends on this thread. The mode is set
    while the program is in the foreground, and restored at the end.
    """

    def __init__(self, descriptor: int, encoding: str, show: Callable[[str], None]) -> None:
        super().__init__(descriptor, encoding)
        self._show = show
        self._mode: list[Any] | None = None
        self._mode_lock = threading.Lock()
        self._is_given_back = False
        self._escape = bytearray()
        self._is_utf8 = codecs.lookup(encoding).name == "utf-8"
        self._take_over()

    def read_line(self) -> str:
        """Wait for a line, as ``TypedLines.read_line``."""
        try:
            return super().read_line()
        finally:
            self._show(self._so_far())

    def give_back(self) -> None:
        """Restore the terminal; the reading thread does not change it again."""
        with self._mode_lock:
            self._is_given_back = True
            if self._mode is not None:
                with suppress(OSError, termios.error):
                    termios.tcsetattr(self._descriptor, termios.TCSANOW, self._mode)
                self._mode = None

    def _read(self) -> bytes:
        self._take_over()
        return super()._read()

    def _take_over(self) -> None:
        """Have keys come one by one without echo; the terminal may refuse."""
        if self._in_background():
            return
        with self._mode_lock, suppress(OSError, termios.error):
            if self._is_given_back:
                return
            mode = termios.tcgetattr(self._descriptor)
            if not mode[_LOCAL] & (termios.ICANON | termios.ECHO):
                return
            self._mode = self._mode or termios.tcgetattr(self._descriptor)
            mode[_LOCAL] &= ~(termios.ICANON | termios.ECHO)
            mode[_CHARACTERS][termios.VMIN], mode[_CHARACTERS][termios.VTIME] = 1, 0
            termios.tcsetattr(self._descriptor, termios.TCSANOW, mode)

    def _take(self, data: bytes) -> None:
        if not data:
            super()._take(data)
            return
        self._ends = 0
        for key in data:
            self._key(key)
        self._show(self._so_far())

    def _key(self, key: int) -> None:
        """Take one byte: a character, the end of the line, or a correction."""
        if self._escape or key == _ESCAPE:
            self._skip_sequence(key)
        elif key in _ERASING:
            self._erase_one()
        elif key == _CTRL_U:
            del self._buffer[self._line_start :]
        elif key == _CTRL_W:
            kept = bytes(self._buffer[self._line_start :]).rstrip(b" ").rpartition(b" ")
            self._buffer[self._line_start :] = kept[0] + kept[1]
        elif key == _CTRL_D:
            if self._line_start == len(self._buffer):
                raise RequestRefused(NO_END)
        elif key >= _BLANK or key in _KEPT:
            self._buffer.append(key)

    @property
    def _line_start(self) -> int:
        """Returns where the line being typed begins; finished ones may wait before it."""
        return self._buffer.rfind(b"\n") + 1

    def _erase_one(self) -> None:
        """Erase the last character, with all its bytes."""
        while len(self._buffer) > self._line_start:
            if self._buffer.pop() & 0xC0 != _CONTINUES or not self._is_utf8:
                return

    def _skip_sequence(self, key: int) -> None:
        """Skip arrows and function keys; a lone Escape takes one key with it."""
        self._escape.append(key)
        if len(self._escape) == 1 or (len(self._escape) == 2 and key in b"[O"):
            return
        if len(self._escape) == 2 or 0x40 <= key <= 0x7E or key < _BLANK:
            self._escape.clear()

    def _so_far(self) -> str:
        return bytes(self._buffer[self._line_start :]).decode(self._encoding, "replace")


_LOCAL, _CHARACTERS = 3, 6
"""Positions in the result of ``tcgetattr``."""
_ERASING: Final = (0x08, 0x7F)
_CTRL_D, _CTRL_U, _CTRL_W, _ESCAPE, _BLANK = 0x04, 0x15, 0x17, 0x1B, 0x20
_KEPT: Final = b"\n\t"
_CONTINUES: Final = 0x80
"""The first two bits of a byte that continues a character in UTF-8."""


def is_terminal(stream: TextIO | None) -> bool:
    """Returns True for a terminal; False for a closed stream."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def typed_lines(
    stream: TextIO | None, show: Callable[[str], None] | None = None
) -> TypedLines | None:
    """Returns the lines of a terminal; None where nobody can type.

    With ``show`` the terminal itself no longer echoes what is typed.
    """
    if stream is None or not is_terminal(stream):
        return None
    try:
        encoding = stream.encoding or "utf-8"
        if show is not None and os.name == "posix":
            return EditedLines(stream.fileno(), encoding, show)
        return TypedLines(stream.fileno(), encoding)
    except (OSError, ValueError):
        return None

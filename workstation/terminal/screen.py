"""The two displays of ``traction run``: the session's, and the program's own messages.

Each has its own thread; when one fails, the other one shows it and the record has it.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from datetime import datetime, tzinfo
from functools import partial
from types import TracebackType
from typing import Any, Final, TextIO

from controller.order.force_unit import ForceUnit
from controller.ports import Clock
from controller.snapshot import Snapshot
from controller.words import visible
from workstation.output import json_for
from workstation.terminal.display import DRAIN_S, Display, DisplayStyle, writer
from workstation.terminal.progress import PhaseLines, Verbatim
from workstation.terminal.status_area import HINT, StatusArea
from workstation.terminal.typed_lines import TypedLines, is_terminal, typed_lines
from workstation.terminal.width import size_of

ZoneAt = Callable[[int], tzinfo]
"""The zone at a moment, in milliseconds UTC."""
MOST_NOTICES: Final = 10
"""Most reports about a display that fails and recovers repeatedly."""
LONGEST_NOTICE: Final = 200
LONGEST_LINE: Final = 4096
"""Characters that a library may print before the end of its line."""
_KNOWN_TERMINALS: Final = ("xterm", "screen", "tmux", "linux", "rxvt", "konsole", "cygwin")
"""They have a scroll region and cursor addresses (VT102); any other one gets plain lines."""


class Screen:
    """What ``traction run`` and ``traction observe`` show, and where.

    Session and report go to standard output, messages to standard error. With ``as_json`` standard
    output has the JSON only, and the session is shown on standard error. Times of day are those of
    ``zone_at``, the clinic's. ``hint`` is shown where no question is open.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        as_json: bool,
        zone_at: ZoneAt,
        forces: ForceUnit = ForceUnit.NEWTON,
        hint: str = HINT,
    ) -> None:
        out, err, now_s = sys.stdout, sys.stderr, clock.now_s
        shown = err if as_json else out
        self._forces = forces
        page = page_for(shown, partial(_time_of_day, clock, zone_at), forces, hint)
        self._session = Display(page, writer(shown), now_s)
        self._has_input_row = isinstance(page, StatusArea)
        self._now_s, self._err = now_s, err
        self._is_shared = self._has_input_row and _same_terminal(shown, err)
        self._messages = self._session if self._is_shared else self._plain_messages()
        self._json = Display(Verbatim(), writer(out), now_s) if as_json else None
        self._typed: TypedLines | None = None
        self._encoding = getattr(out, "encoding", None) or "utf-8"
        self._name = "standard error" if as_json else "standard output"
        self._trouble = ""
        self._session_ended = False
        self._elsewhere = ExitStack()
        self._notices_left = MOST_NOTICES

    # --- called by the loop's thread ----------------------------------------------------------

    def show(self, snapshot: Snapshot) -> None:
        """Show the tick's figures."""
        self._session.show(snapshot)

    def tell(self, text: str) -> None:
        """Print a text of the session."""
        self._session.tell(text)

    def ask(self, question: str) -> None:
        """Show the question that waits for an answer; "" for none."""
        self._session.ask(question)

    def notices(self) -> list[str]:
        """Returns new troubles of the session's display, or their end; shown on both displays."""
        trouble = self._session.trouble()
        if bool(trouble) == bool(self._trouble) or not self._notices_left:
            return []
        self._notices_left -= 1
        self._trouble = trouble
        state = f"shows nothing: {trouble}" if trouble else "shows the session again"
        notice = visible(f"the display at {self._name} {state}")[:LONGEST_NOTICE]
        self._messages.tell(f"traction: {notice}")
        return [notice]

    # --- before and after the session ---------------------------------------------------------

    def typed_lines(self) -> TypedLines | None:
        """Returns the lines that are typed here, in the input row where there is one.

        None: nobody can type.
        """
        show = self._session.typed if self._has_input_row else None
        self._typed = typed_lines(sys.stdin, show)
        return self._typed

    def message(self, text: str) -> None:
        """Print a message of the program, not into a pipe."""
        self._messages.tell(text)

    def document(self, facts: dict[str, Any]) -> bool:
        """Give the facts to the program that reads them as JSON; False when none does."""
        if self._json is None:
            return False
        text = json.dumps(facts, indent=2, sort_keys=True, ensure_ascii=False)
        self._json.tell(json_for(text, self._encoding))
        return True

    def settle(self) -> None:
        """Wait a bounded time for texts to be written before something else is shown."""
        self._session.drain(DRAIN_S)
        self._messages.drain(DRAIN_S)

    def end_session(self) -> None:
        """Show what is left of the session, so that messages come after it; waits once."""
        self._session.close(0.0 if self._session_ended else DRAIN_S)
        if self._is_shared and not self._session_ended:
            self._messages = self._plain_messages()
        if self._typed is not None:
            self._typed.give_back()
        self._session_ended = True

    def __enter__(self) -> Screen:
        """Redirect everything else that prints, such as a log or a library's warning.

        It does not wait.
        """
        self._elsewhere.enter_context(redirect_stdout(_Mailed(self.message)))
        self._elsewhere.enter_context(redirect_stderr(_Mailed(self.message)))
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Show what is left on each display: a bounded time for each, and no error."""
        self._elsewhere.close()
        self.end_session()
        if self._json is not None:
            self._json.close(DRAIN_S)
        self._messages.close(DRAIN_S)

    def _plain_messages(self) -> Display:
        return Display(PhaseLines(self._forces), writer(self._err), self._now_s)


class _Mailed(io.TextIOBase):
    """Replaces a standard stream: every line becomes a text of a display."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._begun = ""

    def write(self, text: str) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        if len(self._begun) > LONGEST_LINE:
            lines, self._begun = [*lines, self._begun], ""
        for line in lines:
            self._tell(line)
        return len(text)


def _time_of_day(clock: Clock, zone_at: ZoneAt) -> datetime:
    utc_ms = clock.utc_ms()
    return datetime.fromtimestamp(utc_ms / 1000, zone_at(utc_ms))


def page_for(
    stream: TextIO | None,
    now: Callable[[], datetime],
    forces: ForceUnit = ForceUnit.NEWTON,
    hint: str = HINT,
) -> DisplayStyle:
    """Returns three areas for a terminal with cursor control, else plain lines."""
    terminal = os.environ.get("TERM", "" if os.name == "posix" else "windows")
    if not is_terminal(stream) or not terminal.startswith(_KNOWN_TERMINALS):
        return PhaseLines(forces)
    colours = "NO_COLOR" not in os.environ
    return StatusArea(lambda: size_of(stream), now, colours=colours, forces=forces, hint=hint)


def _same_terminal(one: TextIO | None, other: TextIO | None) -> bool:
    """Returns True when both streams end at the same terminal."""
    if one is None or other is None or not (is_terminal(one) and is_terminal(other)):
        return False
    return os.fstat(one.fileno()).st_rdev == os.fstat(other.fileno()).st_rdev

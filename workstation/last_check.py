"""What ``traction verify`` stores of its checks, what it leaves out, and its progress."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from controller.errors import TractionError
from controller.runtime.clock import SystemClock
from records.evidence.integrity import Verification, Watch
from records.evidence.verified import (
    Memory,
    Recall,
    current_memory,
    marks_of_folder,
    read_memory,
    write_memory,
)
from records.keys.key_folder import key_history
from records.keys.signing import load_or_create_key
from records.store.record_folder import RecordFolder
from workstation.output import utc_text, warn
from workstation.terminal.typed_lines import is_terminal


@dataclass(frozen=True, slots=True)
class LastVerified:
    """When each session was last fully checked here, for lists, which check nothing themselves."""

    memory: Memory
    marks: dict[str, str]

    @classmethod
    def of(cls, folder: RecordFolder) -> LastVerified:
        """Returns what is stored, and the sessions as they are now."""
        memory = read_memory(folder)
        return cls(memory, marks_of_folder(folder) if memory.sessions else {})

    def words(self, session_id: str) -> str:
        """Returns the text of a list for a session."""
        last = self.memory.sessions.get(session_id)
        if last is None:
            return "never verified here"
        if self.marks.get(session_id) != last.mark:
            return f"changed since it was verified {_day(last.at_utc_ms)}"
        return f"last verified {_day(last.at_utc_ms)}"


def recall_of(folder: RecordFolder, *, since_last: bool) -> Recall:
    """Returns what a check of every session may leave out; reports why it reads everything."""
    if not since_last:
        return Recall(None)
    memory = current_memory(folder)
    if memory.fault:
        warn(f"{memory.fault}: every session is read")
        return Recall(None)
    return Recall(memory)


def remember(folder: RecordFolder, recall: Recall, altered: set[str]) -> None:
    """Store what a check of every session found intact; altered sessions are removed.

    Where it cannot be signed or written, no result of earlier checks may remain beside a finding.
    """
    sessions = recall.to_remember(altered, SystemClock().utc_ms())
    if not key_history(folder).records:
        return
    try:
        write_memory(folder, load_or_create_key(folder), sessions)
    except TractionError as error:
        _not_kept(folder, error.message, altered)
    except OSError as error:
        _not_kept(folder, f"{folder.last_check}: {error.strerror}", altered)


def forget(folder: RecordFolder) -> None:
    """Remove the stored results; the next check reads every session."""
    try:
        folder.last_check.unlink(missing_ok=True)
    except OSError as error:
        warn(
            f"{folder.last_check} cannot be removed ({error.strerror}) and may report an "
            "altered session as intact: use `traction verify --all` without --since-last"
        )


def left_out_line(result: Verification) -> str:
    """Returns what was not read again, and what that cannot show; "" when everything was read."""
    if result.left_out_since_utc_ms is None:
        return ""
    every = result.sessions + result.left_out
    return (
        f"{result.left_out} of {every} sessions were not read again: rows, seals and sizes are "
        "those of their last whole check, the oldest of which was on "
        f"{utc_text(result.left_out_since_utc_ms)}; a byte of their events or samples that was "
        "altered since then is not seen. `traction verify --all` reads everything"
    )


@contextmanager
def progress() -> Iterator[Watch]:
    """Shows a bar for each unit's file at a terminal, on standard error; nothing elsewhere."""
    if not is_terminal(sys.stderr):
        yield lambda _unit, _done, _of: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def watch(unit: str, done: int, of: int) -> None:
            if unit not in tasks:
                tasks[unit] = bars.add_task(f"unit {unit}", total=of)
            bars.update(tasks[unit], completed=done)

        yield watch


def _not_kept(folder: RecordFolder, why: str, altered: set[str]) -> None:
    warn(f"the result of this check was not stored ({why})")
    if altered:
        forget(folder)


def _day(utc_ms: int) -> str:
    return utc_text(utc_ms)[:10]

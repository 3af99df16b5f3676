"""The check of one stored session in a boundary of its own: what it cannot read is a finding.

Whatever stands in one session's rows, the others are still checked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.errors import JournalError
from records.cell_check import CellCheck, CellFault
from records.chain import NO_SEAL
from records.database import Database, failures_in_words
from records.file_history import FileHistory
from records.key_records import NO_HISTORY, KeyHistory
from records.session_check import Alteration, check_session
from records.session_rows import chain_start
from records.stored_session import SessionHead, StoredSession, load_stored
from records.unreadable import UNREADABLE


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedCheck:
    """``stored`` is None where the session could not be read at all."""

    stored: StoredSession | None
    alterations: tuple[Alteration, ...]


def check_on_file(
    db: Database,
    path: Path,
    cells: CellCheck,
    head: SessionHead,
    start: bytes,
    known_keys: Mapping[str, bytes],
    history: FileHistory,
    *,
    key_history: KeyHistory = NO_HISTORY,
) -> GuardedCheck:
    """Load and check one session of a unit's file; never raises because of what stands in it."""
    try:
        with failures_in_words(path, f"read at session {head.session_id}"):
            faults = [
                altered_cell(head.session_id, fault) for fault in cells.of_session(head.number)
            ]
            if faults:
                return GuardedCheck(stored=None, alterations=tuple(faults))
            stored = load_stored(db, head)
            must_have_key = history.must_have_key(stored)
            found = tuple(
                check_session(
                    stored, start, known_keys, must_have_key=must_have_key, key_history=key_history
                )
            )
    except JournalError as error:
        return _not_read(head, error.message)
    except UNREADABLE as error:
        return _not_read(head, f"its rows cannot be read: {error}")
    return GuardedCheck(stored=stored, alterations=found)


def start_before(db: Database, path: Path, session: int) -> bytes:
    """What a session's chain begins with, as far as it can be read."""
    try:
        with failures_in_words(path, "read"):
            digest = chain_start(db, session)
    except (JournalError, *UNREADABLE):
        return NO_SEAL
    return digest if isinstance(digest, bytes) else NO_SEAL


def altered_cell(session_id: str, fault: CellFault) -> Alteration:
    """The finding of a cell of another type."""
    return Alteration(
        session_id=session_id, where=f"{fault.table}, row {fault.row}", what=fault.what
    )


def _not_read(head: SessionHead, what: str) -> GuardedCheck:
    found = Alteration(session_id=head.session_id, where="the session's rows", what=what)
    return GuardedCheck(stored=None, alterations=(found,))

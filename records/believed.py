"""Reading a session for a document: checked whole in the same look at the file, or refused.

Whatever shows, exports, signs or bills a session's evidence reads it here. Nothing is remembered of
earlier checks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from controller.errors import JournalCorrupt
from records.cell_check import CellCheck
from records.database import Database
from records.file_history import history_of
from records.guarded_check import check_on_file, start_before
from records.reader import SessionRecord, checking, load_session, locate_session
from records.schema_check import schema_differences
from records.session_check import Alteration
from records.signing import known_public_keys
from records.stored_session import SessionHead
from records.unit_file import UNIT_SCHEMA, is_put_aside


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRecord:
    """A session and everything about it that does not fit; empty when it may be believed."""

    record: SessionRecord
    alterations: tuple[Alteration, ...]

    @property
    def mark(self) -> str:
        """What every page says of a record that was altered; "" for one that was not."""
        if not self.alterations:
            return ""
        first = self.alterations[0]
        return f"this record was altered: {first.where or 'its file'}: {first.what}"

    def believed(self) -> SessionRecord:
        """The session, if it fits in every part; raises JournalCorrupt naming what does not."""
        if self.alterations:
            raise _refusal(self.record.head.session_id, self.alterations[0])
        return self.record


def read_checked(data_dir: Path, session_id: str) -> CheckedRecord:
    """A session by its id, with what verify finds in it.

    Raises RecordNotFound, and JournalCorrupt where nothing of it can be read.
    """
    path, head = locate_session(data_dir, session_id)
    known = known_public_keys(data_dir)
    with checking(path) as db:
        db.execute("BEGIN")  # check and reading see the file at one moment
        alterations = tuple(_alterations(db, path, head, known))
        if any(not one.is_readable for one in alterations):
            raise _refusal(head.session_id, alterations[0].found)
        return CheckedRecord(
            record=load_session(db, path, head), alterations=tuple(o.found for o in alterations)
        )


@dataclass(frozen=True, slots=True)
class _Finding:
    found: Alteration
    is_readable: bool


def _alterations(
    db: Database, path: Path, head: SessionHead, known: Mapping[str, bytes]
) -> Iterator[_Finding]:
    readable = True
    for difference in schema_differences(db, UNIT_SCHEMA):
        readable = readable and difference.readable
        found = Alteration(session_id=head.session_id, where=difference.where, what=difference.what)
        yield _Finding(found, difference.readable)
    if not readable:
        return
    cells = CellCheck(db)
    history = history_of(db, path, cells, known)
    yield from (_Finding(found, True) for found in history.alterations)
    start = start_before(db, path, head.number)
    checked = check_on_file(db, path, cells, head, start, known, history)
    is_readable = checked.stored is not None
    yield from (_Finding(found, is_readable) for found in checked.alterations)
    if checked.stored is not None and checked.stored.seal is None and is_put_aside(path):
        what = "it was never sealed, and its file was put aside because it did not fit"
        yield _Finding(Alteration(session_id=head.session_id, where="its file", what=what), True)


def _refusal(session_id: str, found: Alteration) -> JournalCorrupt:
    return JournalCorrupt(
        f"the record of session {session_id} was altered ({found.where}: {found.what}); nothing is "
        f"exported, signed or billed from it. `traction verify {session_id}` says more, and "
        f"`traction show {session_id}` shows what is stored"
    )

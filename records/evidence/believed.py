"""Reads a session for a document: checked completely in the same read of the file, or refused.

Everything that shows, exports, signs or bills a session's evidence reads it here. Results of
earlier checks are not used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from controller.errors import JournalCorrupt
from records.evidence.guarded_check import UnitCheck
from records.evidence.reader import SessionRecord, locate_session, record_of
from records.evidence.session_check import Alteration
from records.evidence.stored_session import StoredSession
from records.evidence.unit_reading import checking
from records.keys.key_folder import key_history
from records.keys.signing import known_public_keys
from records.store.record_folder import RecordFolder, is_put_aside
from records.store.schema_check import schema_differences
from records.store.unit_file import UNIT_SCHEMA


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedRecord:
    """A session and all its alterations; none when it may be trusted."""

    record: SessionRecord
    alterations: tuple[Alteration, ...]

    @property
    def mark(self) -> str:
        """Returns the mark on every page of an altered record; "" for an intact one."""
        return mark_of(self.altered)

    @property
    def altered(self) -> str:
        """Returns the first alteration, in words; "" when there is none."""
        if not self.alterations:
            return ""
        return altered_text(self.alterations[0].where, self.alterations[0].what)

    def believed(self) -> SessionRecord:
        """Returns the session, if it is intact in every part.

        Raises JournalCorrupt naming the alteration.
        """
        if self.alterations:
            raise refusal_of(self.record.head.session_id, self.altered)
        return self.record


def read_checked(folder: RecordFolder, session_id: str) -> CheckedRecord:
    """Returns a session by its id, with what verify finds in it.

    Raises RecordNotFound, and JournalCorrupt where nothing of it can be read.
    """
    path, head = locate_session(folder, session_id)
    keys = key_history(folder)
    with checking(path) as db:
        db.execute("BEGIN")  # every query reads the file of one moment
        differences = schema_differences(db, UNIT_SCHEMA)
        found = [
            Alteration(session_id=head.session_id, where=one.where, what=one.what)
            for one in differences
        ]
        if keys.fault:
            where = str(folder.key_records)
            found.append(Alteration(session_id=head.session_id, where=where, what=keys.fault))
        stored = None
        if all(one.readable for one in differences):
            check = UnitCheck(db, path, known_public_keys(folder), keys)
            checked = check.in_its_place(head)
            stored = checked.stored
            found += (*check.history.alterations, *checked.alterations)
    if stored is None or stored.damage:
        raise _refusal(
            head.session_id, altered_text(found[0].where, found[0].what), "it cannot be shown"
        )
    found += _never_sealed(path, stored)
    return CheckedRecord(record=record_of(stored, path), alterations=tuple(found))


def _never_sealed(path: Path, stored: StoredSession) -> Iterator[Alteration]:
    if stored.seal is None and is_put_aside(path):
        what = "it was never sealed, and its file was put aside because it did not fit"
        yield Alteration(session_id=stored.head.session_id, where="its file", what=what)


def altered_text(where: str, what: str) -> str:
    """Returns where an alteration is, and what it is."""
    return f"{where or 'its file'}: {what}"


def mark_of(altered: str) -> str:
    """Returns the mark on every page of an altered record; "" for an intact one."""
    return f"this record was altered: {altered}" if altered else ""


def refusal_of(session_id: str, altered: str) -> JournalCorrupt:
    """Returns why no document is made of an altered record; rule N-11 of a claim says the same."""
    return _refusal(
        session_id, altered, f"`traction show {session_id}` shows what can still be read"
    )


def _refusal(session_id: str, altered: str, shown: str) -> JournalCorrupt:
    return JournalCorrupt(
        f"N-11: the record of session {session_id} was altered ({altered}); nothing is "
        f"exported, signed or billed from it. `traction verify {session_id}` says more, and {shown}"
    )

"""Which sessions were one visit: the statement of a named person, in clinic.db's chain.

Nothing is concluded from times, patient or unit. A visit is named after one session: its note,
acceptances and claim are kept under that session's id. The newest statement on a visit counts; one
without further sessions takes the visit back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from controller.events import JsonValue
from records.evidence.unreadable import refused_in_words
from records.store.author import Author
from records.store.clinic_chain import Entry, EntryKind, entries_of_kind
from records.store.clinic_file import clinic_reading
from records.store.database import Database
from records.store.record_folder import RecordFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitStatement:
    """Who stated which sessions are one visit, when, and why it was changed.

    ``named_by`` is the session that the visit is named after, ``others`` are the further ones.
    """

    named_by: str
    others: tuple[str, ...]
    by: str
    at_utc_ms: int
    reason: str = ""

    @property
    def sessions(self) -> tuple[str, ...]:
        """Returns every session of the visit, the one that it is named after first."""
        return (self.named_by, *self.others)


VisitEntry: TypeAlias = tuple[EntryKind, Mapping[str, JsonValue]]


def visit_entry(
    author: Author, patient_key: str, named_by: str, others: Sequence[str], reason: str
) -> VisitEntry:
    """Returns the entry of the statement, to be appended in the transaction of its other parts."""
    sessions: list[JsonValue] = list(others)
    return EntryKind.VISIT_SAID, {
        "session_id": named_by,
        "patient_key": patient_key,
        "sessions": sessions,
        "by": author.by.strip(),
        "user": author.user,
        "reason": reason,
    }


class Visits:
    """The valid visits of several sessions; any other session is its own visit."""

    def __init__(self, statements: Iterable[VisitStatement]) -> None:
        newest = {said.named_by: said for said in statements}
        standing = [said for said in newest.values() if said.others]
        self._of_session = {name: said for said in standing for name in said.sessions}

    def of(self, session_id: str) -> VisitStatement | None:
        """Returns the statement about a session's visit; None where it is a visit of its own."""
        return self._of_session.get(session_id)

    def sessions_with(self, session_id: str) -> tuple[str, ...]:
        """Returns every session of its visit, the naming one first; of its own, itself."""
        said = self.of(session_id)
        return said.sessions if said else (session_id,)

    def named(self, session_id: str) -> str:
        """Returns the session that its visit is named after."""
        return self.sessions_with(session_id)[0]


def visits_in(db: Database) -> Visits:
    """Returns the visits in clinic.db's entries; raises JournalCorrupt for an incomplete one."""
    return Visits(map(_statement, entries_of_kind(db, EntryKind.VISIT_SAID)))


def visits_of(folder: RecordFolder) -> Visits:
    """Returns the same of a folder; none without a clinic.db."""
    if not folder.clinic_database.exists():
        return Visits(())
    with clinic_reading(folder) as db:
        return visits_in(db)


def _statement(entry: Entry) -> VisitStatement:
    detail = entry.detail
    with refused_in_words(f"entry {entry.sequence} of clinic.db, the sessions of a visit,"):
        return VisitStatement(
            named_by=str(detail["session_id"]),
            others=tuple(map(str, detail["sessions"])),
            by=str(detail["by"]),
            at_utc_ms=entry.utc_ms,
            reason=str(detail["reason"]),
        )

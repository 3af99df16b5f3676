"""One visit's note, opened by one person: what the commands do with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from records.note.treatment_note import TreatmentNote
    from records.store.author import Author
    from records.store.record_folder import RecordFolder
    from records.visit.one_visit import VisitChange
    from records.visit.paper_visit import PaperVisit
    from records.visit.visit import NotedVisit, Visit
    from workstation.settings import Settings


class NoteDesk:
    """One session's note, opened by one person.

    The note is read again before each act, except for an answer about a draft and a signature on a
    page: these apply to the note that was shown, ``asked_of``.
    """

    def __init__(
        self,
        place: tuple[Settings, RecordFolder],
        session: str,
        by: str,
        credentials: str = "",
        now: Callable[[], int | None] = lambda: None,
        account: str = "",
    ) -> None:
        self.settings, self.folder = place
        self.session, self.by, self.credentials, self._now = session, by, credentials, now
        self._account = account

    def author(self) -> Author:
        """Returns the person, now."""
        from workstation.author_now import author_now

        return author_now(self.folder, self.by, self._now(), self._account)

    def shown(self, what: str) -> Visit:
        """Returns the visit for a person to read; audited."""
        from records.visit.load import audited_visit
        from workstation.author_now import reader_now

        person = reader_now(self.folder, self.by, self._account)
        return audited_visit(self.folder, self.session, self.settings, person, what)

    def shown_note(self, what: str) -> NotedVisit:
        """Returns the same for a session or a downtime sheet."""
        from records.clinic.paper_names import is_paper

        return self.shown_paper(what) if is_paper(self.session) else self.shown(what)

    def shown_paper(self, what: str) -> PaperVisit:
        """Returns the same for a downtime sheet."""
        from records.visit.paper_visit import audited_paper
        from workstation.author_now import reader_now

        person = reader_now(self.folder, self.by, self._account)
        return audited_paper(self.folder, self.session, self.settings, person, what)

    def join(self, session: str, reason: str) -> None:
        """Say that a further session was part of the visit."""
        from records.visit.load import load_visit
        from records.visit.one_visit import join_session

        other = load_visit(self.folder, session, self.settings)
        join_session(self.folder, self.read(), other, self._change(reason))

    def part(self, session: str, reason: str) -> None:
        """Say that a session was not part of it after all."""
        from records.evidence.reader import find_session
        from records.visit.one_visit import part_session

        session_id = find_session(self.folder, session).session_id
        part_session(self.folder, self.read(), session_id, self._change(reason))

    def _change(self, reason: str) -> VisitChange:
        from records.visit.one_visit import VisitChange

        return VisitChange(author=self.author(), reason=reason, credentials=self.credentials)

    def complete(self, values: dict[str, str], asked_of: TreatmentNote | None = None) -> None:
        """Enter fields."""
        from records.note.lifecycle import complete

        complete(self.folder, asked_of or self.read_note().note, values, self.author())

    def confirm(self, field: str, asked_of: TreatmentNote | None = None) -> None:
        """Take over the last visit's entry of a field."""
        from records.note.lifecycle import confirm

        confirm(self.folder, asked_of or self.read_note().note, field, self.author())

    def mark_not_assessed(self, field: str, asked_of: TreatmentNote | None = None) -> None:
        """Say that there is nothing to say in a field."""
        from records.note.lifecycle import mark_not_assessed

        mark_not_assessed(self.folder, asked_of or self.read_note().note, [field], self.author())

    def sign(self, asked_of: TreatmentNote | None = None) -> None:
        """Sign the note."""
        from records.note.lifecycle import sign

        note = asked_of or self.read_note().note
        sign(self.folder, note, self.credentials, self.author())

    def amend(self, values: dict[str, str], reason: str) -> None:
        """Add a version to a signed note."""
        from records.note.lifecycle import amend

        note, author = self.read_note().note, self.author()
        amend(self.folder, note, values, reason, author, self.credentials)

    def read_note(self) -> NotedVisit:
        """Returns the same for a session or a downtime sheet."""
        from records.clinic.paper_names import is_paper
        from records.visit.paper_visit import load_paper

        if not is_paper(self.session):
            return self.read()
        return load_paper(self.folder, self.session, self.settings)

    def read(self) -> Visit:
        """Returns it for the program itself: a write to it is audited by the write."""
        from records.visit.load import load_visit

        return load_visit(self.folder, self.session, self.settings)

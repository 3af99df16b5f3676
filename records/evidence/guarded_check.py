"""Checks one stored session in a boundary of its own: unreadable content is a finding.

Whatever one session's rows contain, the others are still checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from controller.errors import JournalError
from records.evidence.file_history import history_of
from records.evidence.session_check import Alteration, check_session
from records.evidence.session_rows import chain_start
from records.evidence.stored_session import (
    SIGNATURES_SINCE_SCHEMA,
    SessionHead,
    StoredSession,
    load_stored,
)
from records.evidence.unreadable import UNREADABLE
from records.keys.key_records import NO_HISTORY, KeyHistory
from records.store.cell_check import CellCheck, CellFault
from records.store.chain import NO_SEAL
from records.store.database import Database, failures_in_words, rows, schema_version
from records.store.record_folder import unit_id_of


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardedCheck:
    """``stored`` is None where the session could not be read at all."""

    stored: StoredSession | None
    alterations: tuple[Alteration, ...]


class UnitCheck:
    """The checks of one unit's file, whose schema was compared before.

    ``cells`` and ``history`` are those of the whole file; faults of its history are in
    ``history.alterations``. Without a ``key_history`` no key is outside its period.
    """

    def __init__(
        self,
        db: Database,
        path: Path,
        known_keys: Mapping[str, bytes],
        key_history: KeyHistory = NO_HISTORY,
    ) -> None:
        self._db = db
        self._path = path
        self._known_keys = known_keys
        self._key_history = key_history
        self.cells = CellCheck(db)
        self.history = history_of(db, path, self.cells, known_keys)

    def in_its_place(self, head: SessionHead) -> GuardedCheck:
        """Check one session as ``session`` does, and the next one's seal, which names its seal."""
        checked = self.session(head)
        behind = self._seal_behind(head, checked)
        return replace(checked, alterations=(*checked.alterations, *behind))

    def session(self, head: SessionHead) -> GuardedCheck:
        """Load and check one session; never raises because of the file's content."""
        checked = self._guarded(head)
        found = (
            *self._of_another_unit(head),
            *checked.alterations,
            *self._unsigned_behind_signed(checked),
        )
        return replace(checked, alterations=found)

    def _guarded(self, head: SessionHead) -> GuardedCheck:
        try:
            with failures_in_words(self._path, f"read at session {head.session_id}"):
                faults = tuple(
                    altered_cell(head.session_id, fault)
                    for fault in self.cells.of_session(head.number)
                )
                if faults:
                    return GuardedCheck(stored=None, alterations=faults)
                return self._checked(load_stored(self._db, head))
        except JournalError as error:
            return _not_read(head, error.message)
        except UNREADABLE as error:
            return _not_read(head, f"its rows cannot be read: {error}")

    def _checked(self, stored: StoredSession) -> GuardedCheck:
        found = check_session(
            stored,
            self._start_before(stored.head.number),
            self._known_keys,
            must_have_key=self.history.must_have_key(stored),
            key_history=self._key_history,
        )
        return GuardedCheck(stored=stored, alterations=tuple(found))

    def _of_another_unit(self, head: SessionHead) -> Iterator[Alteration]:
        if head.unit_id != unit_id_of(self._path):
            yield Alteration(
                session_id=head.session_id,
                where=self._path.name,
                what=f"it is a session of unit {head.unit_id}: the file was renamed or exchanged",
            )

    def _unsigned_behind_signed(self, checked: GuardedCheck) -> Iterator[Alteration]:
        """Report an unsigned seal after a signed one: once one is signed, all later ones are."""
        stored = checked.stored
        if stored is None or stored.seal is None or stored.signature is not None:
            return
        head = stored.head
        if schema_version(self._db) >= SIGNATURES_SINCE_SCHEMA and rows(
            self._db, "SELECT 1 FROM signature WHERE session < ? LIMIT 1", (head.number,)
        ):
            yield Alteration(
                session_id=head.session_id,
                where="the signature",
                what="the seal is not signed, though an earlier one of the unit is",
                since_utc_ms=head.started_utc_ms,
            )

    def _seal_behind(self, head: SessionHead, checked: GuardedCheck) -> Iterator[Alteration]:
        """Report a next session of the unit that does not begin with this one's seal."""
        seal = None if checked.stored is None else checked.stored.seal
        behind = rows(
            self._db,
            "SELECT previous_seal FROM seal WHERE session > ? ORDER BY session LIMIT 1",
            (head.number,),
        )
        if seal is not None and behind and behind[0][0] != seal.digest:
            what = "the next session of the unit was sealed behind another seal than this one"
            yield Alteration(session_id=head.session_id, where="the seal", what=what)

    def _start_before(self, session: int) -> bytes:
        """Returns the start of a session's chain, as far as it can be read."""
        try:
            with failures_in_words(self._path, "read"):
                digest = chain_start(self._db, session)
        except (JournalError, *UNREADABLE):
            return NO_SEAL
        return digest if isinstance(digest, bytes) else NO_SEAL


def altered_cell(session_id: str, fault: CellFault) -> Alteration:
    """Returns the finding of a cell of another type."""
    return Alteration(
        session_id=session_id, where=f"{fault.table}, row {fault.row}", what=fault.what
    )


def _not_read(head: SessionHead, what: str) -> GuardedCheck:
    found = Alteration(session_id=head.session_id, where="the session's rows", what=what)
    return GuardedCheck(stored=None, alterations=(found,))

"""Verification of clinic.db: recomputes its chain, checks signatures, orders and seals.

Covered are signed notes, amendments, acceptances, standing records and audit rows. Drafts, settings
and the names behind patient keys are not; orders are compared with the evidence that names their
digest.

The chain finds errors and clumsy edits, the signature finds edits by those without the key, and
only checkpoints that left the machine find a cut tail, an older file or a rewrite by the key's
holder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from controller.errors import JournalCorrupt, JournalError, JournalUnavailable
from records.clinic.chain_check import ChainCheck, ClinicAlteration, altered_row, check_schema
from records.clinic.clinic_evidence import read_evidence
from records.clinic.filed_orders import FiledOrder
from records.clinic.paper_names import is_paper
from records.clinic.paper_sheets import sheet_digests
from records.clinic.session_register import (
    compare_register,
    opened_without_session,
    read_register,
    sealed_not_noted,
)
from records.clinic.session_words import (
    fault_of_order,
    faults_of_further_seals,
    further_seals,
    read_session_words,
)
from records.keys.key_folder import key_history
from records.keys.key_records import KeyHistory
from records.keys.key_witness import fault_of_noted
from records.keys.signing import known_public_keys
from records.store.cell_check import CellCheck
from records.store.checkpoint import Checkpoint
from records.store.clinic_chain import (
    CHECKPOINT_NAME,
    EntryKind,
    noted_keys,
)
from records.store.clinic_file import clinic_checking
from records.store.database import Database, rows, sqlite_verdict
from records.store.record_folder import RecordFolder
from records.strict_json import object_or_empty

NOT_COVERED = "drafts, settings and the names behind patient keys are not covered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicVerification:
    """What was checked and found. ``checkpoint`` is the chain's end, to be kept elsewhere."""

    present: bool
    entries: int
    links: int
    orders: int
    checkpoints_compared: int
    checkpoint: str
    not_covered: str
    session_id: str
    """The only session whose entries were checked; "" for the whole file."""
    remarks: tuple[str, ...]
    """Not alterations, but worth a line: seals not noted yet, orders without a session."""
    alterations: tuple[ClinicAlteration, ...]


def verify_clinic(
    folder: RecordFolder,
    *,
    checkpoints: Sequence[Checkpoint] = (),
    public_keys: Mapping[str, bytes] | None = None,
) -> ClinicVerification:
    """Verify clinic.db of a data folder, read-only; ``checkpoints`` of sessions are ignored.

    ``public_keys`` by key id replace those of the folder; give them where the folder itself is in
    doubt. A missing file is an alteration only when a checkpoint mentions it.
    """
    keys = known_public_keys(folder) if public_keys is None else public_keys
    checkpoints = [point for point in checkpoints if is_of_clinic(point)]
    path = folder.clinic_database
    if not path.exists() and not path.is_symlink():
        missing = [_missing(point) for point in checkpoints]
        return _result(None, checkpoints, [*missing, *_missed_by_evidence(folder)])
    try:
        with clinic_checking(folder) as db:
            schema = check_schema(db)
            if not schema.readable:
                return _result(None, checkpoints, [*schema.alterations])
            walk = _Walk(db, folder, keys, key_history(folder))
            found = [*schema.alterations, *walk.alterations(), *walk.compare(checkpoints)]
            return _result(walk, checkpoints, found)
    except JournalError as error:
        return _result(None, checkpoints, [_unreadable(error)])


def verify_words(
    folder: RecordFolder,
    session_id: str,
    *,
    public_keys: Mapping[str, bytes] | None = None,
) -> ClinicVerification:
    """Verify clinic.db's entries of one session, with the links over it, read-only.

    The session's id is complete; ``public_keys`` are as in ``verify_clinic``.
    """
    history = key_history(folder)
    keys = history.only(known_public_keys(folder) if public_keys is None else public_keys)
    said = read_evidence(folder, session_id).of(session_id)
    entries, links, orders, found = 0, 0, 0, list[ClinicAlteration]()
    try:
        with clinic_checking(folder) as db:
            db.execute("BEGIN")  # every query reads the file of one moment
            schema = check_schema(db)
            found += schema.alterations
            if schema.readable:
                words = read_session_words(db, keys, session_id, said)
                found += words.alterations
                found += faults_of_further_seals(
                    words.stored, lambda other: read_evidence(folder, other).seal_of(other)
                )
                entries, links = len(words.stored), words.links
                orders = int(words.order is not None)
    except JournalError as error:
        found.append(_unreadable(error))
    return ClinicVerification(
        present=folder.clinic_database.exists(),
        entries=entries,
        links=links,
        orders=orders,
        checkpoints_compared=0,
        checkpoint="",
        not_covered=NOT_COVERED,
        session_id=session_id,
        remarks=(),
        alterations=tuple(found),
    )


def _unreadable(error: JournalError) -> ClinicAlteration:
    unread = isinstance(error, JournalUnavailable)
    return ClinicAlteration(where="the file", what=error.message, unread=unread)


def _result(
    walk: _Walk | None,
    checkpoints: Sequence[Checkpoint],
    alterations: list[ClinicAlteration],
) -> ClinicVerification:
    return ClinicVerification(
        present=walk is not None,
        entries=len(walk.chain.entries) if walk else 0,
        links=len(walk.chain.links) if walk else 0,
        orders=len(walk.orders) if walk else 0,
        checkpoints_compared=len(checkpoints),
        checkpoint=walk.chain.end if walk else "",
        not_covered=NOT_COVERED,
        session_id="",
        remarks=walk.remarks if walk else (),
        alterations=tuple(alterations),
    )


def _missing(point: Checkpoint) -> ClinicAlteration:
    return ClinicAlteration(
        where="the file", what=f"there is no clinic.db, but it gave out the checkpoint {point.text}"
    )


def _missed_by_evidence(folder: RecordFolder) -> Iterator[ClinicAlteration]:
    """Yields missing files: openings that name an order show that there was a clinic.db."""
    ordered = len(read_evidence(folder).with_orders())
    if ordered:
        what = f"it is gone: {ordered} sessions on file name orders that were filed in it"
        yield ClinicAlteration(where="the file", what=what)


def _differ(left: Mapping[str, object], noted: Mapping[str, object]) -> bool:
    return any(noted.get(name) != value for name, value in left.items())


def is_of_clinic(point: Checkpoint) -> bool:
    """Returns True for a checkpoint of a clinic.db, False for a session's."""
    return _entries_of(point) is not None


def _entries_of(point: Checkpoint) -> int | None:
    """Returns how many entries there were when the checkpoint was made.

    None for a session's checkpoint.
    """
    name, _, rest = point.name.partition(".")
    entries = rest.rpartition(".")[2]
    return int(entries) if name.lower() == CHECKPOINT_NAME and entries.isdecimal() else None


_ROWS = ("session_order", "patient", "draft_word")
_FILED = ("patient_key", "order_digest", "order_text")
_ORDERS = f"SELECT session_id, {', '.join(_FILED)} FROM session_order"


class _Walk:
    """The file, read once and recomputed."""

    def __init__(
        self, db: Database, folder: RecordFolder, keys: Mapping[str, bytes], history: KeyHistory
    ) -> None:
        self._db, self._history = db, history
        self._evidence = read_evidence(folder)
        cells = CellCheck(db)
        self._faults = [fault for name in _ROWS for fault in cells.of_table(name)]
        self.chain = ChainCheck(db, keys, history, cells)
        self.orders = rows(db, _ORDERS)
        self._register = read_register(db)

    @property
    def _removals(self) -> dict[str, tuple[int, dict[str, object]]]:
        """Returns removed sessions with place and detail of the entry that says so."""
        found = {}
        for entry in self.chain.entries:
            if entry.kind == EntryKind.SESSION_REMOVED:
                detail = object_or_empty(entry.detail_json)
                found[str(detail.get("session_id", ""))] = entry.sequence, detail
        return found

    @property
    def remarks(self) -> tuple[str, ...]:
        """Returns lines about the register that name no alteration."""
        waiting = sealed_not_noted(self._register, self._evidence)
        without = opened_without_session(self._register, self._evidence)
        told = []
        if waiting and self._register.begun:
            told.append(f"{len(waiting)} sessions are sealed, not yet noted in clinic.db")
        if without:
            told.append(
                f"{len(without)} orders were filed for sessions that are not on file: they were "
                f"never opened, or their files are gone ({', '.join(without[:5])})"
            )
        return tuple(told)

    def _check_register(self) -> Iterator[ClinicAlteration]:
        orders = {str(session_id) for session_id, *_ in self.orders}
        for found in compare_register(self._register, orders, self._evidence):
            yield ClinicAlteration(where=found.where, what=found.what, unread=found.unread)

    def alterations(self) -> Iterator[ClinicAlteration]:
        yield from self._check_file()
        yield from map(altered_row, self._faults)
        yield from self.chain.alterations()
        yield from self._check_key_records()
        for check in (
            self._check_register,
            self._check_orders,
            self._check_seals,
            self._check_removals,
        ):
            yield from (replace(found, beside_chain=True) for found in check())

    def compare(self, checkpoints: Sequence[Checkpoint]) -> Iterator[ClinicAlteration]:
        """Compare each checkpoint, which must be one that this chain once had."""
        places = {
            first + count: place for place, (_, first, count, *_) in enumerate(self.chain.links)
        }
        for point in checkpoints:
            entries = _entries_of(point) or 0
            given = self.chain.given_out(places[entries]) if entries in places else None
            if given is not None and given.text.lower() == point.text.lower():
                continue
            if entries > len(self.chain.entries):
                what = (
                    f"{point.text} saw {entries} entries, {len(self.chain.entries)} are here: "
                    "the end was cut off or an older file was put in place"
                )
            else:
                what = f"{point.text} was not given out by this chain"
            yield self.chain.altered("the chain", what, entries)

    def _check_file(self) -> Iterator[ClinicAlteration]:
        problem = sqlite_verdict(self._db.execute("PRAGMA integrity_check(1)"))
        if problem != "ok":
            yield self.chain.altered("the file", f"SQLite finds: {problem}", 0)

    def _check_key_records(self) -> Iterator[ClinicAlteration]:
        """Check that the record of keys is as long and the same as when an entry noted it."""
        for entry in self.chain.entries:
            if entry.kind != EntryKind.KEYS_NOTED:
                continue
            try:
                fault = fault_of_noted(
                    self._history, *noted_keys(object_or_empty(entry.detail_json))
                )
            except JournalCorrupt as error:
                fault = error.message
            if fault:
                yield ClinicAlteration(where="the record of keys", what=fault)
                return

    def _check_orders(self) -> Iterator[ClinicAlteration]:
        """Check that each session's order exists, with its digest beside it and in the evidence."""
        for session_id, *filed in self.orders:
            order = FiledOrder(**dict(zip(_FILED, filed, strict=True)))
            what = fault_of_order(order, self._evidence.of(session_id))
            if what:
                yield ClinicAlteration(where=f"the order of session {session_id}", what=what)

        ordered = {session_id for session_id, *_ in self.orders}
        told = self._register.opened.keys() | self._register.found
        # A removal takes the order first; an interrupted one leaves the content for a while.
        for session_id in self._evidence.with_orders() - ordered - told - set(self._removals):
            yield ClinicAlteration(
                where=f"the order of session {session_id}",
                what="it is not on file, though the evidence names its digest",
            )

    def _check_seals(self) -> Iterator[ClinicAlteration]:
        """Check that a signed note names the seals of the sessions that it was written from."""
        sheets = sheet_digests(self.chain.entries)
        for entry in self.chain.entries:
            if entry.kind not in (EntryKind.NOTE_SIGNED, EntryKind.NOTE_AMENDED):
                continue
            detail = object_or_empty(entry.detail_json)
            own = str(detail.get("session_id", ""))
            if is_paper(own):
                yield from self._check_paper(own, sheets.get(own), detail, entry.sequence)
                continue
            for session_id, seal in {own: detail.get("seal"), **further_seals(entry)}.items():
                said = self._evidence.of(session_id)
                where = f"the note of session {session_id}"
                if self._evidence.misses(session_id):
                    yield self._missed(where, entry.sequence)
                elif said and said.seal != seal:
                    what = "the evidence is no longer the one that was signed"
                    yield self.chain.altered(where, what, entry.sequence)

    def _missed(self, where: str, sequence: int) -> ClinicAlteration:
        """Returns that a session named by an entry is missing; it may be in an unreadable file."""
        found = self.chain.altered(where, self._evidence.why_missing, sequence)
        return replace(found, unread=not self._evidence.whole)

    def _check_paper(
        self, name: str, digest: str | None, detail: dict[str, object], sequence: int
    ) -> Iterator[ClinicAlteration]:
        """Check that a note of a downtime sheet names its entry's digest: there is no evidence."""
        if detail.get("seal") != digest:
            what = "its sheet is not on file" if digest is None else "it names another sheet"
            yield self.chain.altered(f"the note of sheet {name}", what, sequence)

    def _check_removals(self) -> Iterator[ClinicAlteration]:
        """Check a removed session's day, place and counts against its audit row."""
        for session_id, (sequence, detail) in self._removals.items():
            said, where = self._evidence.of(session_id), f"the removed session {session_id}"
            if self._evidence.misses(session_id):
                yield self._missed(where, sequence)
            elif said and "seal" in detail and _differ(said.left, detail):
                what = "its day, place, counts or seal are not those of its removal"
                yield self.chain.altered(where, what, sequence)
        for session_id, said in self._evidence.sessions.items():
            if said.removed and session_id not in self._removals:
                yield ClinicAlteration(
                    where=f"the removed session {session_id}",
                    what="its content was removed, but no entry says so",
                )

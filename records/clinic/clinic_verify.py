"""verify of clinic.db: walk its chain again, check its signatures, its orders and its seals.

Covered are signed notes, amendments, acceptances and audit rows. Drafts, presets, settings and the
names behind patient keys are not; orders are compared with the evidence that names their digest.
The chain finds errors and clumsy edits, the signature finds edits by those without the key, and
only checkpoints that left the machine find a cut tail, an older file or a rewrite by its holder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from controller.errors import JournalCorrupt, JournalError, JournalUnavailable
from records.clinic.clinic_evidence import read_evidence
from records.clinic.session_register import (
    compare_register,
    opened_without_session,
    read_register,
    sealed_not_noted,
)
from records.evidence.unreadable import UNREADABLE
from records.keys.key_folder import key_history
from records.keys.key_records import KeyHistory
from records.keys.key_witness import fault_of_noted
from records.keys.signing import known_public_keys, verify_signature
from records.store.cell_check import CellCheck
from records.store.chain import NO_SEAL, compute_link, compute_statement
from records.store.checkpoint import Checkpoint, make_checkpoint
from records.store.clinic_chain import (
    CHECKPOINT_NAME,
    ENTRY_VERSION,
    EntryKind,
    canonical,
    entry_range,
    entry_rows,
    file_id,
    link_subject,
    noted_keys,
)
from records.store.clinic_file import CLINIC_SCHEMA, clinic_checking, has_chain
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder
from records.store.schema_check import schema_differences
from records.strict_json import object_or_empty, parse_object

NOT_COVERED = "drafts, presets, settings and the names behind patient keys are not covered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicAlteration:
    """One difference. ``since_utc_ms`` is the time of the last entry that still fits, or None.

    ``unread`` is set where the file could not be looked at, so that nothing is said of it.
    ``beside_chain`` is set where the chain itself fits: an order or a session is not as it says.
    """

    where: str
    what: str
    since_utc_ms: int | None = None
    unread: bool = False
    beside_chain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicVerification:
    """What was looked at and found. ``checkpoint`` is the chain's end now, to be kept elsewhere."""

    present: bool
    entries: int
    links: int
    orders: int
    checkpoints_compared: int
    checkpoint: str
    not_covered: str
    remarks: tuple[str, ...]
    """What is no alteration and yet worth a line: seals not noted yet, orders without a session."""
    alterations: tuple[ClinicAlteration, ...]


def verify_clinic(
    folder: RecordFolder,
    *,
    checkpoints: Sequence[Checkpoint] = (),
    public_keys: Mapping[str, bytes] | None = None,
) -> ClinicVerification:
    """Verify clinic.db of a data folder, read-only; ``checkpoints`` of sessions are passed over.

    ``public_keys`` by key id stand for those that lie in the folder; give them where the folder
    itself is in doubt. A missing file is an alteration only when a checkpoint speaks of it.
    """
    keys = known_public_keys(folder) if public_keys is None else public_keys
    checkpoints = [point for point in checkpoints if is_of_clinic(point)]
    path = folder.clinic_database
    if not path.exists() and not path.is_symlink():
        missing = [_missing(point) for point in checkpoints]
        return _result(None, checkpoints, [*missing, *_missed_by_evidence(folder)])
    try:
        with clinic_checking(folder) as db:
            differences = schema_differences(db, CLINIC_SCHEMA)
            of_schema = [ClinicAlteration(where=d.where, what=d.what) for d in differences]
            if not all(difference.readable for difference in differences):
                return _result(None, checkpoints, of_schema)
            walk = _Walk(db, folder, keys, key_history(folder))
            found = [*of_schema, *walk.alterations(), *walk.compare(checkpoints)]
            return _result(walk, checkpoints, found)
    except JournalError as error:
        unread = isinstance(error, JournalUnavailable)
        found = [ClinicAlteration(where="the file", what=error.message, unread=unread)]
        return _result(None, checkpoints, found)


def _result(
    walk: _Walk | None,
    checkpoints: Sequence[Checkpoint],
    alterations: list[ClinicAlteration],
) -> ClinicVerification:
    return ClinicVerification(
        present=walk is not None,
        entries=len(walk.entries) if walk else 0,
        links=len(walk.links) if walk else 0,
        orders=len(walk.orders) if walk else 0,
        checkpoints_compared=len(checkpoints),
        checkpoint=walk.end if walk else "",
        not_covered=NOT_COVERED,
        remarks=walk.remarks if walk else (),
        alterations=tuple(alterations),
    )


def _missing(point: Checkpoint) -> ClinicAlteration:
    return ClinicAlteration(
        where="the file", what=f"there is no clinic.db, but it gave out the checkpoint {point.text}"
    )


def _missed_by_evidence(folder: RecordFolder) -> Iterator[ClinicAlteration]:
    """Openings that name an order show that there was a clinic.db."""
    ordered = len(read_evidence(folder).with_orders())
    if ordered:
        what = f"it is gone: {ordered} sessions on file name orders that were filed in it"
        yield ClinicAlteration(where="the file", what=what)


def _differ(left: Mapping[str, object], noted: Mapping[str, object]) -> bool:
    return any(noted.get(name) != value for name, value in left.items())


def is_of_clinic(point: Checkpoint) -> bool:
    """Returns True for a checkpoint that a clinic.db gave out, false for a session's."""
    return _entries_of(point) is not None


def _entries_of(point: Checkpoint) -> int | None:
    """How many entries there were when it was given out; None for a session's checkpoint."""
    name, _, rest = point.name.partition(".")
    entries = rest.rpartition(".")[2]
    return int(entries) if name.lower() == CHECKPOINT_NAME and entries.isdecimal() else None


_TABLES = ("entry", "link", "session_order", "patient", "draft_word")
_LINKS = (
    "SELECT number, first_entry, entry_count, digest, key_id, signature FROM link ORDER BY number"
)
_ORDERS = "SELECT session_id, patient_key, order_digest, order_text FROM session_order"


class _Walk:
    """The file, read once and recomputed."""

    def __init__(
        self, db: Database, folder: RecordFolder, keys: Mapping[str, bytes], history: KeyHistory
    ) -> None:
        self._db, self._keys, self._history = db, keys, history
        self._evidence = read_evidence(folder)
        self._chained = has_chain(db)
        cells = CellCheck(db)
        self._faults = {name: list(cells.of_table(name)) for name in _TABLES}
        self.entries = entry_rows(db) if self._chained and not self._faults["entry"] else []
        self.links = rows(db, _LINKS) if self._chained and not self._faults["link"] else []
        self.orders = rows(db, _ORDERS)
        self._register = read_register(db)

    @property
    def _removals(self) -> dict[str, tuple[int, dict[str, object]]]:
        """Removed sessions with place and detail of the entry that says so."""
        found = {}
        for entry in self.entries:
            if entry.kind == EntryKind.SESSION_REMOVED:
                detail = object_or_empty(entry.detail_json)
                found[str(detail.get("session_id", ""))] = entry.sequence, detail
        return found

    @property
    def end(self) -> str:
        """The checkpoint of the last link; empty without one."""
        given = self._given_out(len(self.links) - 1) if self.links else None
        return "" if given is None else given.text

    @property
    def remarks(self) -> tuple[str, ...]:
        """Lines about the register that name no alteration."""
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
            yield ClinicAlteration(where=found.where, what=found.what)

    def alterations(self) -> Iterator[ClinicAlteration]:
        yield from self._check_file()
        for fault in (fault for faults in self._faults.values() for fault in faults):
            yield ClinicAlteration(where=f"{fault.table}, row {fault.row}", what=fault.what)
        yield from self._check_entries()
        yield from self._check_links()
        yield from self._check_key_records()
        for check in (
            self._check_register,
            self._check_orders,
            self._check_seals,
            self._check_removals,
        ):
            yield from (replace(found, beside_chain=True) for found in check())

    def compare(self, checkpoints: Sequence[Checkpoint]) -> Iterator[ClinicAlteration]:
        """Each checkpoint must be one that this chain once gave out."""
        places = {first + count: place for place, (_, first, count, *_) in enumerate(self.links)}
        for point in checkpoints:
            entries = _entries_of(point) or 0
            given = self._given_out(places[entries]) if entries in places else None
            if given is not None and given.text.lower() == point.text.lower():
                continue
            if entries > len(self.entries):
                what = (
                    f"{point.text} saw {entries} entries, {len(self.entries)} are here: the end "
                    "was cut off or an older file was put in place"
                )
            else:
                what = f"{point.text} was not given out by this chain"
            yield self._altered("the chain", what, entries)

    def _given_out(self, place: int) -> Checkpoint | None:
        """The checkpoint of a link; None when its public key is not known."""
        _, first, count, digest, key_id, _ = self.links[place]
        public = self._keys.get(key_id)
        if public is None:
            return None
        return make_checkpoint(link_subject(self._file_id(), first + count), digest, public)

    def _check_file(self) -> Iterator[ClinicAlteration]:
        problem = rows(self._db, "PRAGMA integrity_check(1)")[0][0]
        if problem != "ok":
            yield self._altered("the file", f"SQLite finds: {problem}", 0)

    def _check_entries(self) -> Iterator[ClinicAlteration]:
        for index, entry in enumerate(self.entries):
            if entry.sequence != index:
                yield self._altered(
                    f"entry {index}", f"entry {entry.sequence} stands where {index} belongs", index
                )
                return
            if entry.version != ENTRY_VERSION:
                yield self._altered(
                    f"entry {index}",
                    f"its version is {entry.version}, known is {ENTRY_VERSION}",
                    index,
                )
                return
            try:
                parse_object(entry.detail_json)
            except ValueError as error:
                what = f"its text cannot be read: {error}"
                yield self._altered(f"entry {index}", what, index)
                return

    def _check_links(self) -> Iterator[ClinicAlteration]:
        """The first link that does not fit; behind it nothing can be said."""
        previous, covered = NO_SEAL, 0
        for index, (number, first, count, digest, key_id, signature) in enumerate(self.links):
            in_place = (number, first) == (index, covered) and count > 0
            if not in_place or self._link(previous, first, count) != digest:
                yield self._altered(
                    f"entries {covered}-{covered + max(count, 1) - 1}",
                    f"link {index} does not fit",
                    covered,
                )
                return
            statement = compute_statement(link_subject(self._file_id(), first + count), digest)
            yield from self._check_signature(index, first, statement, key_id, signature)
            previous, covered = digest, first + count
        if covered != len(self.entries):
            yield self._altered(
                "the end",
                f"the chain covers {covered} entries, {len(self.entries)} are stored",
                covered,
            )

    def _link(self, previous: bytes, first: int, count: int) -> bytes | None:
        covered = self.entries[first : first + count]
        try:
            return compute_link(previous, entry_range(first, count), canonical(covered), b"")
        except UNREADABLE:  # a number or a text that no canonical field can hold
            return None

    def _check_signature(
        self, index: int, first: int, statement: bytes, key_id: str, signature: bytes
    ) -> Iterator[ClinicAlteration]:
        public = self._keys.get(key_id)
        if public is None:
            yield self._altered(
                f"link {index}", f"its key {key_id} is not known here: bring its public key", first
            )
        elif not verify_signature(public, statement, signature):
            yield self._altered(f"link {index}", f"it is not signed by key {key_id}", first)
        elif fault := self._fault_of_time(index, key_id):
            yield self._altered(f"link {index}", fault, first)

    def _fault_of_time(self, index: int, key_id: str) -> str:
        _, first, count, *_ = self.links[index]
        last = self.entries[first + count - 1]
        subject = link_subject(self._file_id(), first + count)
        return self._history.only(self._keys).fault_of(key_id, last.utc_ms, subject)

    def _check_key_records(self) -> Iterator[ClinicAlteration]:
        """The record of keys is as long and the same as it was when an entry noted it."""
        for entry in self.entries:
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
        """Each session's order is there, and has the digest beside it and in the evidence."""
        for session_id, patient_key, digest, text in self.orders:
            what = self._fault_of_order(session_id, patient_key, digest, text)
            if what:
                yield ClinicAlteration(where=f"the order of session {session_id}", what=what)

        ordered = {session_id for session_id, *_ in self.orders}
        told = self._register.opened.keys() | self._register.found
        # A removal takes the order first; one that was interrupted leaves the content for a while.
        for session_id in self._evidence.with_orders() - ordered - told - set(self._removals):
            yield ClinicAlteration(
                where=f"the order of session {session_id}",
                what="it is not on file, though the evidence names its digest",
            )

    def _fault_of_order(self, session_id: str, key: str, digest: str, text: str) -> str:
        said = self._evidence.of(session_id)
        try:
            if hashlib.sha256(text.encode()).hexdigest() != digest:
                return "its text does not have its digest"
        except UNREADABLE as error:
            return f"its text cannot be read: {error}"
        if said and (digest, key) != (said.order_digest, said.patient_key):
            return "it is not the one that the evidence names"
        return ""

    def _check_seals(self) -> Iterator[ClinicAlteration]:
        """A signed note names the seal of the session that it was written from."""
        for entry in self.entries:
            if entry.kind not in (EntryKind.NOTE_SIGNED, EntryKind.NOTE_AMENDED):
                continue
            detail = object_or_empty(entry.detail_json)
            session_id = str(detail.get("session_id", ""))
            said = self._evidence.of(session_id)
            if self._evidence.misses(session_id):
                what = self._evidence.why_missing
            elif said and said.seal != detail.get("seal"):
                what = "the evidence is no longer the one that was signed"
            else:
                continue
            yield self._altered(f"the note of session {session_id}", what, entry.sequence)

    def _check_removals(self) -> Iterator[ClinicAlteration]:
        """A removed session's day, place and counts are those that its audit row names."""
        for session_id, (sequence, detail) in self._removals.items():
            said = self._evidence.of(session_id)
            if self._evidence.misses(session_id):
                what = self._evidence.why_missing
            elif said and "seal" in detail and _differ(said.left, detail):
                what = "its day, place, counts or seal are not those of its removal"
            else:
                continue
            yield self._altered(f"the removed session {session_id}", what, sequence)
        for session_id, said in self._evidence.sessions.items():
            if said.removed and session_id not in self._removals:
                yield ClinicAlteration(
                    where=f"the removed session {session_id}",
                    what="its content was removed, but no entry says so",
                )

    def _file_id(self) -> str:
        try:
            return file_id(self._db)
        except JournalCorrupt:
            return ""

    def _altered(self, where: str, what: str, entry: int) -> ClinicAlteration:
        """``entry`` is the first one in doubt; the one before it gives the time."""
        since = None
        if 0 < entry <= len(self.entries):
            since = self.entries[entry - 1].utc_ms
        return ClinicAlteration(where=where, what=what, since_utc_ms=since)

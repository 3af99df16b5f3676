"""The chain of clinic.db, read once and recomputed: entries, links, signatures, times of keys.

The walk over all links is the same for the whole file and for the entries of one session; the
caller chooses which texts are read and which signatures are checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache

from controller.errors import JournalCorrupt
from records.evidence.unreadable import UNREADABLE
from records.keys.key_records import KeyHistory
from records.keys.signing import verify_signature
from records.store.canonical import EventRow
from records.store.cell_check import CellCheck, CellFault
from records.store.chain import NO_SEAL, compute_link, compute_statement
from records.store.checkpoint import Checkpoint, make_checkpoint
from records.store.clinic_chain import (
    ENTRY_VERSION,
    canonical,
    entry_range,
    entry_rows,
    file_id,
    link_subject,
)
from records.store.clinic_file import CLINIC_SCHEMA, has_chain
from records.store.database import Database, rows
from records.store.schema_check import schema_differences
from records.strict_json import parse_object

LINKS_KEPT = 20_000
"""Some 15 MB; the walk over a longer chain computes each link anew."""
_LINKS = (
    "SELECT number, first_entry, entry_count, digest, key_id, signature FROM link ORDER BY number"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicAlteration:
    """One difference. ``since_utc_ms`` is the time of the last intact entry, or None.

    ``unread`` is set where the file could not be read, so that nothing is known of it.
    ``beside_chain`` is set where the chain itself is intact: an order or a session differs from
    what it says.
    """

    where: str
    what: str
    since_utc_ms: int | None = None
    unread: bool = False
    beside_chain: bool = False


@dataclass(frozen=True, slots=True)
class SchemaCheck:
    """How the schema of clinic.db differs; not ``readable``: queries may find other rows."""

    alterations: tuple[ClinicAlteration, ...]
    readable: bool


def check_schema(db: Database) -> SchemaCheck:
    """Compare the schema, before anything else is read from the file."""
    differences = schema_differences(db, CLINIC_SCHEMA)
    return SchemaCheck(
        tuple(ClinicAlteration(where=one.where, what=one.what) for one in differences),
        all(one.readable for one in differences),
    )


class ChainCheck:
    """Entries and links of a file whose schema was compared before."""

    def __init__(
        self, db: Database, keys: Mapping[str, bytes], history: KeyHistory, cells: CellCheck
    ) -> None:
        self._db, self._keys, self._history = db, keys, history.only(keys)
        self._faults = [fault for name in ("entry", "link") for fault in cells.of_table(name)]
        readable = has_chain(db) and not self._faults
        self.entries = entry_rows(db) if readable else []
        self.links = rows(db, _LINKS) if readable else []
        self._file_id = _name_of(db) if readable else ""

    @property
    def end(self) -> str:
        """Returns the checkpoint of the last link; "" without one."""
        given = self.given_out(len(self.links) - 1) if self.links else None
        return "" if given is None else given.text

    def given_out(self, place: int) -> Checkpoint | None:
        """Returns the checkpoint of a link; None when its public key is not known."""
        _, first, count, digest, key_id, _ = self.links[place]
        public = self._keys.get(key_id)
        if public is None:
            return None
        return make_checkpoint(link_subject(self._file_id, first + count), digest, public)

    def alterations(
        self, texts: Set[int] | None = None, *, since: int = 0
    ) -> Iterator[ClinicAlteration]:
        """Returns everything that is altered; every link is recomputed in any case.

        ``texts`` are the entries that are read as JSON; None means all. Signatures are checked of
        the links that cover one of them, and of all that end after entry ``since``.
        """
        for fault in self._faults:
            yield altered_row(fault)
        yield from self._check_entries(texts)
        yield from self._check_links(texts, since)

    def altered(self, where: str, what: str, entry: int) -> ClinicAlteration:
        """Returns it; ``entry`` is the first one in doubt; the one before it gives the time."""
        since = None
        if 0 < entry <= len(self.entries):
            since = self.entries[entry - 1].utc_ms
        return ClinicAlteration(where=where, what=what, since_utc_ms=since)

    def _check_entries(self, texts: Set[int] | None) -> Iterator[ClinicAlteration]:
        """Returns the first entry that is out of place or cannot be read."""
        for index, entry in enumerate(self.entries):
            what = ""
            if entry.sequence != index:
                what = f"entry {entry.sequence} stands where {index} belongs"
            elif entry.version != ENTRY_VERSION:
                what = f"its version is {entry.version}, known is {ENTRY_VERSION}"
            elif texts is None or index in texts:
                what = _fault_of_text(entry.detail_json)
            if what:
                yield self.altered(f"entry {index}", what, index)
                return

    def _check_links(self, texts: Set[int] | None, since: int) -> Iterator[ClinicAlteration]:
        """Returns the first link that does not match; after it nothing is known."""
        previous, covered = NO_SEAL, 0
        for index, (number, first, count, digest, key_id, signature) in enumerate(self.links):
            in_place = (number, first) == (index, covered) and count > 0
            if not in_place or self._link(previous, first, count) != digest:
                yield self.altered(
                    f"entries {covered}-{covered + max(count, 1) - 1}",
                    f"link {index} does not fit",
                    covered,
                )
                return
            end = first + count
            if end > since or (texts and not texts.isdisjoint(range(first, end))):
                yield from self._check_signature(index, digest, key_id, signature)
            previous, covered = digest, end
        if covered != len(self.entries):
            yield self.altered(
                "the end",
                f"the chain covers {covered} entries, {len(self.entries)} are stored",
                covered,
            )

    def _link(self, previous: bytes, first: int, count: int) -> bytes | None:
        try:
            return _link_over(previous, first, count, tuple(self.entries[first : first + count]))
        except UNREADABLE:  # a number or a text that no canonical field can have
            return None

    def _check_signature(
        self, index: int, digest: bytes, key_id: str, signature: bytes
    ) -> Iterator[ClinicAlteration]:
        _, first, count, *_ = self.links[index]
        subject = link_subject(self._file_id, first + count)
        public = self._keys.get(key_id)
        if public is None:
            what = f"its key {key_id} is not known here: bring its public key"
        elif not verify_signature(public, compute_statement(subject, digest), signature):
            what = f"it is not signed by key {key_id}"
        else:
            last = self.entries[first + count - 1]
            what = self._history.fault_of(key_id, last.utc_ms, subject)
        if what:
            yield self.altered(f"link {index}", what, first)


@lru_cache(maxsize=LINKS_KEPT)
def _link_over(previous: bytes, first: int, count: int, covered: tuple[EventRow, ...]) -> bytes:
    """Returns a link, cached: it depends on the same bytes, and every read walks all links."""
    return compute_link(previous, entry_range(first, count), canonical(covered), b"")


def altered_row(fault: CellFault) -> ClinicAlteration:
    """Returns a cell of another type than its column, as a finding."""
    return ClinicAlteration(where=f"{fault.table}, row {fault.row}", what=fault.what)


@lru_cache(maxsize=LINKS_KEPT)
def _fault_of_text(detail_json: str) -> str:
    try:
        parse_object(detail_json)
    except ValueError as error:
        return f"its text cannot be read: {error}"
    return ""


def _name_of(db: Database) -> str:
    try:
        return file_id(db)
    except JournalCorrupt:
        return ""

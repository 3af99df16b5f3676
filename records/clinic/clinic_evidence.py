"""What the evidence says about clinic.db's part: orders, patient keys and seals of each session."""

from __future__ import annotations

from dataclasses import dataclass

from controller.errors import JournalError
from controller.event_details.codec import decode_fields
from controller.event_details.opening import OpeningAsFound
from records.clinic.session_words import SessionClaims
from records.evidence.removal import removal_of
from records.evidence.unit_reading import checking
from records.evidence.year_moves import sessions_out_of_reach
from records.store.database import Database, rows
from records.store.record_folder import RecordFolder
from records.store.schema_check import schema_differences
from records.store.unit_file import UNIT_SCHEMA
from records.strict_json import object_or_empty

_LEFT = ("number", "unit_id", "started_utc_ms", "utc_offset_min", "events", "samples")
_SESSIONS = (
    "SELECT session_id, detail, digest, number, unit_id, started_utc_ms, utc_offset_min, "
    "seal.event_count, seal.sample_count FROM session "
    "LEFT JOIN event ON event.session = number AND sequence = 0 "
    "LEFT JOIN seal ON seal.session = number"
)
_ONE = " WHERE session_id = ?"


@dataclass(frozen=True, slots=True)
class Evidence:
    """``whole`` is False where a unit's file could not be read, so that sessions may be missing.

    ``out_of_reach`` are sessions of closed years whose files were moved to a place that cannot be
    read from here; the check of those files reports it.
    """

    sessions: dict[str, SessionClaims]
    whole: bool
    out_of_reach: frozenset[str] = frozenset()

    def of(self, session_id: str) -> SessionClaims | None:
        """Returns what a session names, or None."""
        return self.sessions.get(session_id)

    def seal_of(self, session_id: str) -> str | None:
        """Returns the seal of a session; None for one that is not on file or not sealed."""
        said = self.of(session_id)
        return said.seal if said else None

    def misses(self, session_id: str) -> bool:
        """Returns True for a session that should be on file but is not."""
        return session_id not in self.sessions and session_id not in self.out_of_reach

    def with_orders(self) -> set[str]:
        """Returns sessions whose opening names an order; not those whose content was removed."""
        return {
            session_id
            for session_id, said in self.sessions.items()
            if said.order_digest is not None
        }

    @property
    def why_missing(self) -> str:
        """Returns what to say of a session that is not among them."""
        if self.whole:
            return "its session is not on file"
        return "its session is in none of the units' files that can be read"


def read_evidence(folder: RecordFolder, session_id: str | None = None) -> Evidence:
    """Read it from every unit's file; faults of a file are reported by its own check.

    ``session_id``: only this session, however many the files have.
    """
    sessions: dict[str, SessionClaims] = {}
    whole = True
    for path in folder.readable_databases():
        try:
            with checking(path) as db:
                readable = all(found.readable for found in schema_differences(db, UNIT_SCHEMA))
                if readable:
                    sessions |= _sessions(db, session_id)
        except JournalError:
            readable = False
        whole = whole and readable
    return Evidence(sessions, whole, sessions_out_of_reach(folder) - sessions.keys())


def _sessions(db: Database, only: str | None) -> dict[str, SessionClaims]:
    found = {}
    asked = rows(db, _SESSIONS) if only is None else rows(db, f"{_SESSIONS}{_ONE}", (only,))
    for session_id, detail, digest, number, *row in asked:
        opening = decode_fields(OpeningAsFound, object_or_empty(detail))
        seal = digest.hex() if isinstance(digest, bytes) else None
        found[str(session_id)] = SessionClaims(
            opening.order_digest,
            opening.patient_key,
            seal,
            removal_of(db, number) is not None,
            {**dict(zip(_LEFT, (number, *row), strict=True)), "seal": seal},
        )
    return found

"""The file that a unit's file follows: one that was put aside, or closed at the end of a year.

statement = that of ``records.store.chain`` for (kind, unit's id, last session's number) whose seal
            is SHA-256("traction-predecessor/1" LF file LF digest in hex LF utc_ms LF reason LF)

It is signed by the workstation, and the first session's chain begins with SHA-256(SHA-256 of the
file | signature), so that a file that was put aside cannot be exchanged, nor its mention be
removed, once a session follows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from records.store.chain import NO_SEAL, Subject, compute_lines_digest, compute_statement
from records.store.database import Database, rows, schema_version
from records.store.ed25519 import SigningKey, fault_of_signature

_SINCE_SCHEMA: Final = 4
_STATEMENT: Final = "traction-predecessor/1"


PUT_ASIDE: Final = "put aside"
"""The previous file contained what this workstation did not write; ``digest`` is its list's."""
CLOSED_YEAR: Final = "closed year"
"""The previous file was intact and was closed; ``digest`` is its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileBefore:
    """The previous file. ``file`` is its name below the data folder, ``digest`` its SHA-256.

    ``last_session`` is the highest number in it; the new file continues from there.
    """

    kind: str
    file: str
    digest: bytes
    last_session: int
    utc_ms: int
    reason: str

    def statement(self, unit_id: str) -> bytes:
        """Returns what is signed, and the start of the new file's first chain."""
        seal = compute_lines_digest(
            _STATEMENT, self.file, self.digest.hex(), str(self.utc_ms), self.reason
        )
        subject = Subject(name=self.kind, place=unit_id, number=self.last_session)
        return compute_statement(subject, seal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predecessor(FileBefore):
    """The previous file as the new file names it, signed."""

    public_key: bytes
    signature: bytes

    def fault(self, unit_id: str, known_keys: Mapping[str, bytes]) -> str:
        """Returns why it cannot be trusted; "" when it can."""
        statement = self.statement(unit_id)
        return fault_of_signature(self.public_key, statement, self.signature, known_keys)


def begin_behind(db: Database, key: SigningKey, unit_id: str, before: FileBefore) -> Predecessor:
    """Write what a new file follows; it has no session yet."""
    with db.atomic():
        db.execute(
            "INSERT INTO predecessor VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                before.last_session,
                before.kind,
                before.file,
                before.digest,
                before.utc_ms,
                before.reason,
                key.public_key,
                key.sign(before.statement(unit_id)),
            ),
        )
    found = predecessor_of(db)
    assert found is not None, "it was written this moment"
    return found


def predecessor_of(db: Database) -> Predecessor | None:
    """Returns what the file follows; None for a unit's first file."""
    if schema_version(db) < _SINCE_SCHEMA:
        return None
    found = rows(
        db,
        "SELECT kind, file, digest, last_session, utc_ms, reason, public_key, signature "
        "FROM predecessor ORDER BY last_session LIMIT 1",
    )
    if not found:
        return None
    a, b, c, d, e, f, g, h = found[0]
    return Predecessor(
        kind=a, file=b, digest=c, last_session=d, utc_ms=e, reason=f, public_key=g, signature=h
    )


def file_start(db: Database) -> bytes:
    """Returns the start of a file's first session."""
    predecessor = predecessor_of(db)
    if predecessor is None:
        return NO_SEAL
    return hashlib.sha256(predecessor.digest + predecessor.signature).digest()

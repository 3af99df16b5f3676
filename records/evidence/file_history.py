"""The past of a unit's file as stated in it: its earlier schema, and the file before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from records.evidence.migration import (
    SESSION_KEYS_SINCE_SCHEMA,
    MigrationRecord,
    fault_of_migration,
    migration_of,
)
from records.evidence.predecessor import Predecessor, predecessor_of
from records.evidence.session_check import Alteration
from records.evidence.stored_session import StoredSession
from records.evidence.unreadable import UNREADABLE
from records.store.cell_check import CellCheck
from records.store.database import Database, schema_version
from records.store.record_folder import unit_id_of


@dataclass(frozen=True, slots=True, kw_only=True)
class FileHistory:
    """``has_session_keys`` tells whether the file has schema 4."""

    has_session_keys: bool
    migration: MigrationRecord | None
    predecessor: Predecessor | None
    alterations: tuple[Alteration, ...]

    @property
    def first_number(self) -> int:
        """Returns the number of the file's first session."""
        return self.predecessor.last_session + 1 if self.predecessor else 1

    def must_have_key(self, stored: StoredSession) -> bool:
        """Returns True for a session that the migration record does not exempt from a session key.

        It exempts those that were sealed and signed when the file was migrated (their signature
        proves them), and by name those that were open or not signed.
        """
        record = self.migration
        if not self.has_session_keys:
            return False
        if record is None or stored.head.number > record.last_session:
            return True
        named = (*record.open_sessions, *record.unsigned_sessions)
        return stored.signature is None and stored.head.session_id not in named


def history_of(
    db: Database, path: Path, cells: CellCheck, known_keys: Mapping[str, bytes]
) -> FileHistory:
    """Read and check it; what cannot be trusted counts as missing."""
    found = [
        _altered(path, f"{fault.table}, row {fault.row}", fault.what)
        for table in ("migration", "predecessor")
        for fault in cells.of_table(table)
    ]
    migration = predecessor = None
    unit_id = unit_id_of(path)
    try:
        if not found:
            migration, predecessor = migration_of(db), predecessor_of(db)
    except UNREADABLE as error:
        found.append(_altered(path, "the migration record", f"it cannot be read: {error}"))
    if migration is not None and (fault := fault_of_migration(migration, unit_id, known_keys)):
        found.append(_altered(path, "the migration record", fault))
        migration = None
    if predecessor is not None and (fault := predecessor.fault(unit_id, known_keys)):
        found.append(_altered(path, "the file before it", fault))
    return FileHistory(
        has_session_keys=schema_version(db) >= SESSION_KEYS_SINCE_SCHEMA,
        migration=migration,
        predecessor=predecessor,
        alterations=tuple(found),
    )


def _altered(path: Path, where: str, what: str) -> Alteration:
    return Alteration(session_id="", where=f"{path.name}, {where}", what=what)

"""Entries of clinic.db that decide something: the whole chain is recomputed first."""

from __future__ import annotations

from controller.errors import JournalCorrupt
from records.clinic.chain_check import ChainCheck, ClinicAlteration, check_schema
from records.keys.key_folder import key_history
from records.keys.signing import known_public_keys
from records.store.cell_check import CellCheck
from records.store.clinic_chain import Entry, EntryKind, entry_of
from records.store.clinic_file import clinic_checking
from records.store.record_folder import RecordFolder


def checked_entries(folder: RecordFolder, *kinds: EntryKind) -> list[Entry]:
    """Returns the entries of some kinds, with the whole chain recomputed in the same read.

    Signatures are checked from the first of them on. Raises JournalCorrupt for any alteration of
    the chain, also where no entry is left: a missing flag may be the one that refuses.
    """
    if not folder.clinic_database.exists():
        return []
    keys = key_history(folder).only(known_public_keys(folder))
    with clinic_checking(folder) as db:
        db.execute("BEGIN")  # every query reads the file of one moment
        for found in check_schema(db).alterations:
            raise _altered(found)
        chain = ChainCheck(db, keys.public_keys, keys, CellCheck(db))
        own = [row for row in chain.entries if row.kind in kinds]
        since = own[0].sequence if own else len(chain.entries)
        for found in chain.alterations({row.sequence for row in own}, since=since):
            raise _altered(found)
        return [entry_of(row) for row in own]


def _altered(found: ClinicAlteration) -> JournalCorrupt:
    return JournalCorrupt(
        f"clinic.db was altered ({found.where}: {found.what}), so no standing record in it can be "
        "relied on, and a patient's lasting flag may be gone. Run `traction verify --all`, and "
        "bring back a backup"
    )

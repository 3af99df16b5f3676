"""Checks before a file of a closed year is moved or changed."""

from __future__ import annotations

from controller.errors import JournalCorrupt
from records.clinic.clinic_verify import verify_clinic
from records.store.record_folder import RecordFolder


def refuse_altered_chain(folder: RecordFolder, done: str) -> None:
    """Refuse an altered chain, whose entries tell a file's present digest and earlier moves.

    Raises JournalCorrupt for an altered chain; ``done`` is what is not done then.
    """
    if not folder.clinic_database.exists():
        return
    for found in verify_clinic(folder).alterations:
        if not found.beside_chain:
            raise JournalCorrupt(
                f"clinic.db was altered ({found.where}: {found.what}), so what it says of closed "
                f"files cannot be relied on; nothing was {done}. Run `traction verify --all`"
            )

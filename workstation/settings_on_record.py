"""The settings of the workstation as rows of clinic.db's chain, for later readers."""

from __future__ import annotations

from typing import Final

from records.clinic.audit import accesses, record_read
from records.store.author import Author
from records.store.record_folder import RecordFolder
from workstation.settings import Settings

IN_FORCE: Final = "settings in force"
"""The name of the row in the audit."""


def note_settings(folder: RecordFolder, settings: Settings, author: Author) -> bool:
    """Record the settings that are not the default, where they differ from the last recorded ones.

    Returns whether a row was needed. Raises JournalError.
    """
    in_force = set_by_somebody(settings)
    kept = [row.fields for row in accesses(folder) if row.what == IN_FORCE]
    if in_force == (kept[-1] if kept else ()):
        return False
    record_read(folder, author, IN_FORCE, fields=in_force)
    return True


def set_by_somebody(settings: Settings) -> tuple[str, ...]:
    """Returns each setting with a value of its own, as KEY=VALUE."""
    plain = settings.model_dump(mode="json", exclude_defaults=True)
    return tuple(f"{key}={value}" for key, value in sorted(plain.items()))

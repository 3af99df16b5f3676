"""Status, signature and versions of a note in words; times in the clinic's zone, with its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from records.note.treatment_note import TreatmentNote
from records.note.words import AMENDED, SIGNED, NoteVersion

NO_OTHERS: Mapping[str, str] = {}


def status_text(note: TreatmentNote) -> str:
    """Returns the head of every form of the note."""
    if note.status == AMENDED:
        return f"amended, version {len(note.versions)}"
    return "signed" if note.status == SIGNED else "draft, not signed"


def signer_text(version: NoteVersion) -> str:
    """Returns name and credentials, as on a signature line."""
    return f"{version.by}, {version.credentials}"


def moment_text(note: TreatmentNote, utc_ms: int) -> str:
    """Returns a moment in the clinic's time, to the second."""
    return note.moment_as_read(datetime.fromtimestamp(utc_ms // 1000, note.zone))


def version_texts(note: TreatmentNote) -> list[str]:
    """Yields a line for each version: who, when, and for an amendment what changed and why."""
    before = [NO_OTHERS, *(version.further or NO_OTHERS for version in note.versions)]
    return [
        _version_text(note, version, earlier)
        for version, earlier in zip(note.versions, before, strict=False)
    ]


def _version_text(note: TreatmentNote, version: NoteVersion, earlier: Mapping[str, str]) -> str:
    who = f"{signer_text(version)}, {moment_text(note, version.at_utc_ms)}"
    if version.number == 1:
        return f"Signed by {who}"
    changed = ", ".join([*_sessions_text(version, earlier), *version.changes])
    return f"Version {version.number} by {who}: {changed} ({version.reason})"


def _sessions_text(version: NoteVersion, earlier: Mapping[str, str]) -> Iterator[str]:
    """Returns sessions that a version took into the visit, or out of it."""
    if version.further is None:
        return
    for what, names in (
        ("with session", version.further.keys() - earlier.keys()),
        ("without session", earlier.keys() - version.further.keys()),
    ):
        yield from (f"{what} {name}" for name in sorted(names))

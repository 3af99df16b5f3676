"""The face of an export: its status, who signed, what must not be overlooked, what is not ready."""

from __future__ import annotations

from dataclasses import dataclass

from records.treatment_note import TreatmentNote

NOT_A_DEVICE = "Made by an engineering system that is not a cleared medical device."
INTERRUPTED = "INTERRUPTED: the program ended during this session."


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """Words that stand on every export of a session, whatever its format."""

    status: str
    signature: str
    alerts: tuple[str, ...]
    errors: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """One line about findings of severity error; empty when there is none."""
        if not self.errors:
            return ""
        count = "1 error" if len(self.errors) == 1 else f"{len(self.errors)} errors"
        return f"NOT READY: {count} found by the rules"


def face_of(note: TreatmentNote, errors: tuple[str, ...] = ()) -> Face:
    """The face of a note; ``errors`` are the findings of severity error in words."""
    alerts = (INTERRUPTED, *note.warnings) if note.interrupted else note.warnings
    return Face(status="draft, not signed", signature="", alerts=alerts, errors=errors)

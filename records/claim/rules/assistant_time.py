"""How much of a visit's traction assistants were responsible for, according to the record."""

from __future__ import annotations

from dataclasses import dataclass

from records.claim.context import Role
from records.note.delivered_dose import MINUTE_MS
from records.note.event_texts import clock_text


@dataclass(frozen=True, slots=True, kw_only=True)
class AssistantTime:
    """Assistants of a visit, ``people`` with role and time; ``role`` has the longest time.

    It tells who was responsible, not who treated with their hands.
    """

    people: tuple[str, ...]
    role: Role
    assistant_ms: int
    traction_ms: int

    @property
    def share(self) -> float:
        """Returns their share of the traction."""
        return self.assistant_ms / self.traction_ms

    @property
    def minutes(self) -> int:
        """Returns the same share of the whole minutes that a claim counts."""
        return round(self.share * (self.traction_ms // MINUTE_MS))

    @property
    def said(self) -> str:
        """Returns who was responsible for how much of it."""
        return f"{', '.join(self.people)} of {clock_text(self.traction_ms)} under traction"

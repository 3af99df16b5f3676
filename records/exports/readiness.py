"""What keeps a visit from its claim: findings of severity error, or rules not applied."""

from __future__ import annotations

from controller.errors import ExportRefused
from records.visit.face import simulated_text
from records.visit.visit import Visit

NOT_SCRUBBED = "NOT SCRUBBED: no rule has looked at this claim"


def unready(visit: Visit) -> tuple[str, ...]:
    """Returns each reason in one line; none for a claim that the rules found ready."""
    return (NOT_SCRUBBED,) if visit.report is None else visit.face.errors


def unbillable(visit: Visit) -> tuple[str, ...]:
    """Returns the same, and that the unit was simulated: a test message may leave, no charge."""
    return (*filter(None, (simulated_text(visit.note),)), *unready(visit))


def refuse_unready(visit: Visit, what: str, reasons: tuple[str, ...]) -> None:
    """Raises ExportRefused: a program that takes ``what`` unread gets nothing."""
    if reasons:
        raise ExportRefused(
            f"{what} of session {visit.session_id} is not ready, and its receiver imports without "
            f"looking: {'; '.join(reasons)}; correct these first"
        )

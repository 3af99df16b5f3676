"""Missing needs of a format: refused in one message that names all of them."""

from __future__ import annotations

from collections.abc import Iterable

from controller.errors import ExportIncomplete
from records.claim.context import ClaimContext
from records.claim.needs.need import Need


def refuse_incomplete(format_name: str, session_id: str, needs: Iterable[Need]) -> None:
    """Raises ExportIncomplete naming everything that is missing."""
    missing = tuple(dict.fromkeys(need.name for need in needs))
    if missing:
        raise ExportIncomplete(
            f"{format_name} of session {session_id} misses {', '.join(missing)}; "
            f"add them to the claim context (`traction claim new {session_id}` prints every key)",
            missing=missing,
        )


def context_or_refuse(
    context: ClaimContext | None, format_name: str, session_id: str
) -> ClaimContext:
    """Returns the context; raises ExportIncomplete when there is none."""
    if context is None:
        raise ExportIncomplete(
            f"{format_name} of session {session_id} needs a claim context: name its file with "
            f"--context (`traction claim new {session_id}` prints one with every key)"
        )
    return context

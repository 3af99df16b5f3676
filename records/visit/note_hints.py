"""What a person should look at before the signature; not part of the note."""

from __future__ import annotations

from collections.abc import Iterator

from records.note.fields import clinician_fields
from records.note.words import Repetition
from records.visit.visit import Visit


def repetition_text(repeated: Repetition) -> str:
    """Returns that a text repeats the last visit's."""
    return (
        f"{repeated.name} repeats the text of session {repeated.session_id} "
        f"({repeated.permille / 10:.0f} % alike); repeated text is a known reason for denial"
    )


def unsaid_texts(visit: Visit) -> Iterator[str]:
    """Returns what one session's order has and the note's entry does not."""
    for known in clinician_fields(stopped=True, adjusted=True) if visit.further else ():
        for session in visit.sessions:
            ordered = known.told(session.order)
            said = visit.note.field(known.name) if ordered else None
            if said is not None and ordered not in (said.value or ""):
                yield (
                    f"the order of session {session.session_id} says of {known.name}: {ordered!r}; "
                    "the note says something else"
                )

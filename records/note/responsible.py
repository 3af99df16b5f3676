"""Who was responsible for the patient of a session, from when to when, according to the log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from controller.event_details.treatment import ResponsibilityTaken
from controller.events import EventKind
from records.evidence.reader import SessionRecord
from records.note.delivered_dose import DeliveredDose
from records.note.event_texts import When
from records.note.events import pauses


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsibleSpan:
    """One person's time, in milliseconds of the session; ``ended_ms`` None without an end.

    ``traction_ms`` is how much of it was under traction, without pauses.
    """

    by: str
    began_ms: int
    ended_ms: int | None
    traction_ms: int


def responsible_spans(record: SessionRecord, dose: DeliveredDose) -> tuple[ResponsibleSpan, ...]:
    """Returns everybody's time by its beginning; nothing where nobody took over.

    The record of such a session names nobody; the person who began it filed its order.
    """
    taken = record.of_kind(EventKind.RESPONSIBILITY_TAKEN)
    if not taken:
        return ()
    ended = record.of_kind(EventKind.SESSION_ENDED)
    said = [event.said(ResponsibilityTaken) for event in taken]
    names = (said[0].from_by, *(each.by for each in said))
    moments = (0, *(event.at_ms for event in taken))
    ends = (*moments[1:], ended[-1].at_ms if ended else None)
    under_traction = tuple(_under_traction(record, dose))
    return tuple(
        ResponsibleSpan(
            by=by,
            began_ms=began_ms,
            ended_ms=ended_ms,
            traction_ms=sum(_shared_ms(stretch, began_ms, ended_ms) for stretch in under_traction),
        )
        for by, began_ms, ended_ms in zip(names, moments, ends, strict=True)
    )


def span_text(span: ResponsibleSpan, when: When) -> str:
    """Returns whose time it was, from when to when."""
    until = "" if span.ended_ms is None else f" to {when(span.ended_ms)}"
    return f"{span.by} from {when(span.began_ms)}{until}"


def _under_traction(record: SessionRecord, dose: DeliveredDose) -> Iterator[tuple[int, int]]:
    """Yields stretches of pull as ordered, with pauses between them."""
    began_ms, ended_ms = dose.treatment_started_ms, dose.treatment_ended_ms
    if began_ms is None or ended_ms is None:
        return
    for pause in pauses(record):
        yield began_ms, pause.began_ms
        began_ms = ended_ms if pause.ended_ms is None else pause.ended_ms
    yield began_ms, ended_ms


def _shared_ms(stretch: tuple[int, int], began_ms: int, ended_ms: int | None) -> int:
    until_ms = stretch[1] if ended_ms is None else min(stretch[1], ended_ms)
    return max(0, until_ms - max(stretch[0], began_ms))

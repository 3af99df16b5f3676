"""Events of a session besides its stops: steps, adjustments, pauses, check-ins, remarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from controller.event_details.treatment import ForceAdjusted, Paused, PhaseChanged
from controller.events import EventKind
from controller.order.phases import Phase, Stage
from records.evidence.reader import TURNED_AT_THE_TOP, SessionRecord
from records.store.canonical import StoredEvent

STEPPED = (Stage.PROGRESSIVE.name.lower(), Stage.REGRESSIVE.name.lower())
"""Stages in which the force changes in steps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A change of an ordered force (``force``: hold or rest), as in the log; in 0.1 N."""

    at_ms: int
    by: str
    reason: str
    old_force_dn: int
    new_force_dn: int
    sequence: int
    force: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPause:
    """A pause from its beginning to the next phase; ``ended_ms`` None when none followed.

    ``by`` and ``reason`` are those of the request at the same moment in the log.
    """

    by: str
    reason: str
    began_ms: int
    ended_ms: int | None
    first_sequence: int
    last_sequence: int

    @property
    def length_ms(self) -> int:
        """Returns the length; 0 while no end is known."""
        return 0 if self.ended_ms is None else self.ended_ms - self.began_ms


def adjustments(record: SessionRecord) -> tuple[Adjustment, ...]:
    """Returns every accepted change of force, in order."""
    return tuple(_adjustment(event) for event in record.of_kind(EventKind.FORCE_ADJUSTED))


def _adjustment(event: StoredEvent) -> Adjustment:
    change = event.said(ForceAdjusted)
    return Adjustment(
        at_ms=event.at_ms,
        force=change.force,
        by=change.by,
        reason=change.reason,
        old_force_dn=change.old_force_dn or 0,
        new_force_dn=change.new_force_dn or 0,
        sequence=event.sequence,
    )


def pauses(record: SessionRecord) -> tuple[RecordedPause, ...]:
    """Returns every pause, by the phase events that the dose is computed from."""
    return tuple(_pauses(record))


def steps_reached(record: SessionRecord) -> list[StoredEvent]:
    """Returns the phases that reached the force of a progressive or regressive step, in order.

    A step is held, or, in a cyclic treatment, is the top from which the force goes down again.
    """
    events = record.of_kind(EventKind.PHASE_CHANGED)
    changes = [(event, event.said(PhaseChanged)) for event in events]
    return [
        event for (event, phase), (_, after) in pairwise(changes) if _is_step_reached(phase, after)
    ]


def _is_step_reached(phase: PhaseChanged, after: PhaseChanged) -> bool:
    turned = (phase.to_phase, after.to_phase) == TURNED_AT_THE_TOP
    return phase.stage in STEPPED and (phase.to_phase == Phase.HOLDING.label or turned)


def _pauses(record: SessionRecord) -> Iterator[RecordedPause]:
    began: StoredEvent | None = None
    for event in record.of_kind(EventKind.PHASE_CHANGED):
        if began is not None:
            yield _pause(record, began, event)
            began = None
        if event.said(PhaseChanged).to_phase == Phase.PAUSED.label:
            began = event
    if began is not None:
        yield _pause(record, began, None)


def _pause(record: SessionRecord, began: StoredEvent, ended: StoredEvent | None) -> RecordedPause:
    paused = record.of_kind(EventKind.PAUSED)
    asked = [event.said(Paused) for event in paused if event.at_ms == began.at_ms]
    return RecordedPause(
        by=asked[0].by if asked else "",
        reason=asked[0].reason if asked else "",
        began_ms=began.at_ms,
        ended_ms=None if ended is None else ended.at_ms,
        first_sequence=began.sequence,
        last_sequence=(ended or began).sequence,
    )

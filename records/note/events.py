"""What happened in a session besides its stops: steps, adjustments, pauses, check-ins, remarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from controller.events import EventKind
from records.evidence.reader import SessionRecord
from records.store.canonical import StoredEvent

STEPPED = ("progressive", "regressive")
"""Stages in which the force goes by steps."""
TOP = ("ramping_up", "ramping_down")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    """A change of an ordered force (``force``: hold or rest), as the log holds it; in 0.1 N."""

    at_ms: int
    by: str
    reason: str
    old_force_dn: int
    new_force_dn: int
    sequence: int
    force: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A pause from its beginning to the next phase; ``ended_ms`` None when none followed.

    ``by`` and ``reason`` are those of the request that stands at the same moment in the log.
    """

    by: str
    reason: str
    began_ms: int
    ended_ms: int | None
    first_sequence: int
    last_sequence: int

    @property
    def length_ms(self) -> int:
        """0 while no end is known."""
        return 0 if self.ended_ms is None else self.ended_ms - self.began_ms


def adjustments(record: SessionRecord) -> tuple[Adjustment, ...]:
    """Every accepted change of force, in order."""
    return tuple(
        Adjustment(
            at_ms=event.at_ms,
            force=said(event, "force"),
            by=said(event, "by"),
            reason=said(event, "reason"),
            old_force_dn=_number(event, "old_force_dn"),
            new_force_dn=_number(event, "new_force_dn"),
            sequence=event.sequence,
        )
        for event in record.of_kind(EventKind.FORCE_ADJUSTED)
    )


def pauses(record: SessionRecord) -> tuple[Pause, ...]:
    """Every pause, by the phase events that the dose is computed from."""
    return tuple(_pauses(record))


def steps_reached(record: SessionRecord) -> list[StoredEvent]:
    """The phases that reached the force of a progressive or regressive step, in order.

    A step is held, or, in a cyclic treatment, is the top from which the force goes down again.
    """
    changes = record.of_kind(EventKind.PHASE_CHANGED)
    return [
        phase
        for phase, after in pairwise(changes)
        if said(phase, "stage") in STEPPED
        and (said(phase, "to") == "holding" or (said(phase, "to"), said(after, "to")) == TOP)
    ]


def said(event: StoredEvent, key: str) -> str:
    """A text of an event; empty when the event does not hold it."""
    return str(event.detail.get(key) or "")


def _pauses(record: SessionRecord) -> Iterator[Pause]:
    began: StoredEvent | None = None
    for event in record.of_kind(EventKind.PHASE_CHANGED):
        if began is not None:
            yield _pause(record, began, event)
            began = None
        if event.detail["to"] == "paused":
            began = event
    if began is not None:
        yield _pause(record, began, None)


def _pause(record: SessionRecord, began: StoredEvent, ended: StoredEvent | None) -> Pause:
    asked = [e for e in record.of_kind(EventKind.PAUSED) if e.at_ms == began.at_ms]
    return Pause(
        by=said(asked[0], "by") if asked else "",
        reason=said(asked[0], "reason") if asked else "",
        began_ms=began.at_ms,
        ended_ms=None if ended is None else ended.at_ms,
        first_sequence=began.sequence,
        last_sequence=(ended or began).sequence,
    )


def _number(event: StoredEvent, key: str) -> int:
    value = event.detail.get(key)
    return value if isinstance(value, int) else 0

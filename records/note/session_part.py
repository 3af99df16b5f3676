"""One session of a visit in a note: its fields, its dose, and its warnings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import tzinfo

from controller.events import EventKind, Outcome
from records.clinic.standing_used import NOTHING_USED, StandingUsed
from records.clinic.visit_steps import VisitStep
from records.evidence.reader import NOT_CLOSED, SessionRecord
from records.note.delivered_dose import DeliveredDose, compute_dose
from records.note.device_fields import DevicePart, Field
from records.note.events import Adjustment
from records.note.standing import standing_fields
from records.note.visit_steps import steps_fields
from records.note.words import OrderFiling
from records.order.order import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSession:
    """A session on file: the evidence, and what was ordered, filed and used with it.

    ``steps`` are those that a visit had done before it.
    """

    record: SessionRecord
    order: Order
    filed: OrderFiling | None = None
    standing: StandingUsed = NOTHING_USED
    steps: tuple[VisitStep, ...] = ()

    @property
    def session_id(self) -> str:
        """Returns the session's id."""
        return self.record.head.session_id


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPart:
    """``fields`` are the device's; ``as_signed`` are texts of fields in an earlier form.

    Times are UTC milliseconds; those of ``dose`` are milliseconds of this session.
    """

    session_id: str
    region: str
    started_utc_ms: int
    ended_utc_ms: int | None
    outcome: str
    interrupted: bool
    simulated: bool
    reached_holding: bool
    seal: str
    checkpoint: str
    dose: DeliveredDose
    adjustments: tuple[Adjustment, ...]
    fields: tuple[Field, ...]
    warnings: tuple[str, ...]
    as_signed: dict[str, str]

    def field(self, name: str) -> Field:
        """Returns one field by its name in a note of one session; raises KeyError."""
        for field in self.fields:
            if field.name in (name, field_of(name, self.session_id)):
                return field
        raise KeyError(name)

    def of_a_visit(self, *, names_it: bool) -> SessionPart:
        """Returns the same among other sessions: all but the naming one's fields carry its id."""
        warnings = tuple(f"Session {self.session_id}: {text}" for text in self.warnings)
        if names_it:
            return replace(self, warnings=warnings)
        return replace(
            self,
            fields=tuple(
                replace(field, name=field_of(field.name, self.session_id)) for field in self.fields
            ),
            warnings=warnings,
            as_signed={
                field_of(name, self.session_id): text for name, text in self.as_signed.items()
            },
        )


def field_of(name: str, session_id: str) -> str:
    """Returns the name of a device field of a joined session; it stays when others join."""
    return f"{name}.{session_id}"


def session_part(session: RecordedSession, zone: tzinfo) -> SessionPart:
    """Returns a note's part about one session."""
    record, order = session.record, session.order
    dose = compute_dose(record)
    device = DevicePart(record, order, dose, zone, session.filed)
    ended = record.of_kind(EventKind.SESSION_ENDED)
    return SessionPart(
        session_id=session.session_id,
        region=order.prescription.region.value,
        started_utc_ms=record.head.started_utc_ms,
        ended_utc_ms=ended[-1].utc_ms if ended else None,
        outcome=record.outcome,
        interrupted=record.outcome in (Outcome.INTERRUPTED, NOT_CLOSED),
        simulated=record.simulated,
        reached_holding=record.reached_holding,
        seal=device.digest,
        checkpoint=record.checkpoint,
        dose=dose,
        adjustments=device.adjustments,
        fields=(
            *device.device_fields(),
            *standing_fields(session.standing),
            *steps_fields(session.steps),
        ),
        warnings=tuple(device.warnings()),
        as_signed=device.as_signed,
    )

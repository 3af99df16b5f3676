"""TreatmentNote: every field with its source. Numbers come from the log, texts from a person.

A field without an entry is open and visibly so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from controller.order.force_unit import ForceUnit
from records.clinic.visit_sessions import VisitStatement
from records.evidence.reader import SessionRecord
from records.note.delivered_dose import DeliveredDose
from records.note.device_fields import Field, record_zone
from records.note.events import Adjustment
from records.note.fields import clinician_fields
from records.note.over_visit import VISIT, dose_over, in_time, outcome_over, visit_fields
from records.note.session_part import RecordedSession, SessionPart, session_part
from records.note.spoken import ClinicianPart, FiledWords, SignedUpon
from records.note.stored_text import moment_text
from records.note.words import (
    DRAFT,
    NOTHING_SAID,
    LastVisit,
    NoteSignature,
    NoteVersion,
    NoteWords,
    Repetition,
)
from records.order.order import Order
from records.times_in_words import moment_in_words

STOP_ON_PAPER = frozenset({"stopped_at", "stop_reason"})
"""Fields of a downtime sheet about a stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherSessions:
    """The other sessions of a visit, and who stated that they are one."""

    said: VisitStatement
    sessions: tuple[RecordedSession, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TreatmentNote:
    """The device's part and the clinician's part, in reading order.

    ``versions`` are all signed versions, the newest last. ``proposals`` are entries of the last
    visit (``proposed_by_session``) that a person may confirm one by one, unchanged since the day in
    ``proposed_since``; they are not part of the note until then. ``simulated``: the unit was a
    simulated one, by the sealed record. ``checkpoint`` anchors the sealed session outside,
    ``signature_checkpoint`` the newest version in clinic.db. Times are UTC milliseconds.

    For a visit of several sessions, ``parts`` are its sessions by their beginning; ``session_id``,
    ``seal`` and ``checkpoint`` are those of the session that it is named after, ``device_fields``
    begin with those of the whole visit, and times of ``dose`` count from that session's beginning.
    A visit of one session has no ``parts``.

    ``forces`` is the unit that leads wherever a person reads the note: the clinic's, and in a
    signed note the one that led when it was signed. Values are in newtons first in any case.
    ``zone`` is the clinic's. ``names_zone``: a person reads times with its name, else with their
    offset, as in notes that were signed before the name was shown.

    A visit that was entered from a downtime sheet has ``sheet_fields`` and no ``device_fields``;
    its ``dose`` is empty, and its ``seal`` is the digest of the entry.
    """

    session_id: str
    outcome: str
    interrupted: bool
    seal: str
    device_fields: tuple[Field, ...]
    clinician_fields: tuple[Field, ...]
    dose: DeliveredDose
    warnings: tuple[str, ...]
    checkpoint: str = ""
    adjustments: tuple[Adjustment, ...] = ()
    patient_key: str = ""
    ended_utc_ms: int | None = None
    status: str = DRAFT
    signature: NoteSignature | None = None
    versions: tuple[NoteVersion, ...] = ()
    proposals: tuple[Field, ...] = ()
    proposed_by_session: str = ""
    proposed_since: Mapping[str, str] = field(default_factory=dict)
    repetitions: tuple[Repetition, ...] = ()
    signature_checkpoint: str = ""
    zone: tzinfo = UTC
    names_zone: bool = True
    simulated: bool = False
    reached_holding: bool = False
    parts: tuple[SessionPart, ...] = ()
    sheet_fields: tuple[Field, ...] = ()
    forces: ForceUnit = ForceUnit.NEWTON

    @property
    def on_paper(self) -> bool:
        """Returns True for a visit entered from a downtime sheet: no device recorded it."""
        return bool(self.sheet_fields)

    @property
    def fixed_fields(self) -> tuple[Field, ...]:
        """Returns the fields that nobody overwrites: the device's, or the sheet's."""
        return (*self.device_fields, *self.sheet_fields)

    @property
    def was_stopped(self) -> bool:
        """Returns True when it was stopped, according to the device or the sheet."""
        stops = (each.value for each in self.sheet_fields if each.name in STOP_ON_PAPER)
        return bool(self.dose.stops) or any(stops)

    @property
    def sessions(self) -> tuple[str, ...]:
        """Returns ids of the visit's sessions by their beginning."""
        return tuple(part.session_id for part in self.parts) or (self.session_id,)

    @property
    def further_seals(self) -> dict[str, str]:
        """Returns the seal of each session besides the one that the visit is named after."""
        return {p.session_id: p.seal for p in self.parts if p.session_id != self.session_id}

    @property
    def visit_fields(self) -> tuple[Field, ...]:
        """Returns the device's fields of the whole visit; none where it has one session."""
        return tuple(each for each in self.device_fields if each.name.startswith(VISIT))

    @property
    def open_fields(self) -> list[str]:
        """Returns names of the fields that still need an entry."""
        return [each.name for each in self.clinician_fields if each.needs_a_word]

    @property
    def zone_name(self) -> str:
        """Returns the clinic's zone's name in the time zone database; "" for only an offset."""
        return self.zone.key if isinstance(self.zone, ZoneInfo) else ""

    def moment_as_read(self, moment: datetime) -> str:
        """Returns a moment in the clinic's time, to the second."""
        local = moment.astimezone(self.zone)
        return moment_in_words(local) if self.names_zone else moment_text(local)

    def in_clinic_with(self, forces: ForceUnit) -> TreatmentNote:
        """Returns the same with this unit leading; a signed note keeps its own."""
        return self if self.versions else replace(self, forces=forces)

    def field(self, name: str) -> Field:
        """Returns one field by its name; raises KeyError."""
        for each in (*self.fixed_fields, *self.clinician_fields):
            if each.name == name:
                return each
        raise KeyError(name)


def draft_note(
    record: SessionRecord,
    order: Order,
    zone: tzinfo | None = None,
    *,
    spoken: NoteWords = NOTHING_SAID,
    last_visit: LastVisit | None = None,
    further: FurtherSessions | None = None,
) -> TreatmentNote:
    """Returns the note of a visit: drafted from the log, with what people have ``spoken``.

    ``zone`` is the clinic's; default: the record's own offset.
    """
    zone = spoken.zone or zone or record_zone(record)
    sessions = (_named_session(record, order, spoken), *(further.sessions if further else ()))
    recorded = _recorded(sessions, further.said if further else None, zone)
    own, every, device = recorded.own, recorded.every, recorded.device
    clinician = _clinician_part(sessions, recorded, spoken, last_visit)
    told = tuple(clinician.fields(device))
    return TreatmentNote(
        session_id=own.session_id,
        outcome=outcome_over(every),
        interrupted=any(part.interrupted for part in every),
        seal=own.seal,
        device_fields=device,
        clinician_fields=told,
        dose=recorded.dose,
        warnings=(
            *(text for part in every for text in part.warnings),
            *clinician.warnings(_evidence(own, every), device),
        ),
        adjustments=recorded.adjustments,
        patient_key=record.started.session.patient_key,
        ended_utc_ms=_ended_utc_ms(every),
        status=spoken.status,
        signature=spoken.signature,
        versions=spoken.versions,
        proposals=tuple(clinician.proposals(told)),
        proposed_by_session=last_visit.session_id if last_visit else "",
        proposed_since=last_visit.since if last_visit else {},
        repetitions=tuple(clinician.repetitions(told)),
        signature_checkpoint=spoken.checkpoint,
        zone=zone,
        names_zone=spoken.names_zone,
        simulated=any(part.simulated for part in every),
        checkpoint=own.checkpoint,
        reached_holding=any(part.reached_holding for part in every),
        parts=recorded.parts,
        forces=spoken.forces,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Recorded:
    """The device's record of a visit: the naming session, and all parts if there are several."""

    own: SessionPart
    parts: tuple[SessionPart, ...]
    dose: DeliveredDose
    device: tuple[Field, ...]

    @property
    def every(self) -> tuple[SessionPart, ...]:
        return self.parts or (self.own,)

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        return tuple(change for part in self.every for change in part.adjustments)


def _named_session(record: SessionRecord, order: Order, spoken: NoteWords) -> RecordedSession:
    """Returns the session that the visit is named after."""
    return RecordedSession(
        record=record,
        order=order,
        filed=spoken.filed,
        standing=spoken.standing,
        steps=spoken.steps,
    )


def _clinician_part(
    sessions: Sequence[RecordedSession],
    recorded: _Recorded,
    spoken: NoteWords,
    last_visit: LastVisit | None,
) -> ClinicianPart:
    """Returns what people entered, with the fields that the recorded stops and changes require."""
    known = clinician_fields(stopped=bool(recorded.dose.stops), adjusted=bool(recorded.adjustments))
    return ClinicianPart(
        [FiledWords(each.session_id, each.order, each.filed) for each in _in_time(sessions)],
        spoken,
        last_visit,
        known,
    )


def _recorded(
    sessions: Sequence[RecordedSession], said: VisitStatement | None, zone: tzinfo
) -> _Recorded:
    """Returns the sessions, the first of which names the visit; ``said`` makes them one visit."""
    own, *others = (session_part(session, zone) for session in sessions)
    if said is None:
        return _Recorded(own=own, parts=(), dose=own.dose, device=own.fields)
    own = own.of_a_visit(names_it=True)
    parts = in_time([own, *(part.of_a_visit(names_it=False) for part in others)])
    dose = dose_over(parts, own.started_utc_ms)
    told_over = visit_fields(parts, dose, said, zone)
    device = (*told_over, *(each for part in parts for each in part.fields))
    return _Recorded(own=own, parts=parts, dose=dose, device=device)


def sessions_text(note: TreatmentNote) -> str:
    """Returns the session of the note, or the sessions by their beginning; else the sheet."""
    if note.on_paper:
        return f"downtime sheet {note.session_id}"
    if not note.parts:
        return f"session {note.session_id}"
    return f"visit of {len(note.parts)} sessions: {', '.join(note.sessions)}"


def _in_time(sessions: Sequence[RecordedSession]) -> list[RecordedSession]:
    """Returns sessions by their beginning, like the parts of the note."""
    return sorted(sessions, key=lambda each: (each.record.head.started_utc_ms, each.session_id))


def _evidence(own: SessionPart, every: Sequence[SessionPart]) -> SignedUpon:
    """Returns what a signature is based on: the seals, and texts as they were signed."""
    return SignedUpon(
        seal=own.seal,
        further={part.session_id: part.seal for part in every if part is not own},
        as_signed={name: text for part in every for name, text in part.as_signed.items()},
    )


def _ended_utc_ms(every: Sequence[SessionPart]) -> int | None:
    """Returns the end of the last session; None while one of them has not ended."""
    ends = [part.ended_utc_ms for part in every]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None

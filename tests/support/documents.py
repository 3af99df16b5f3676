"""Makes a session on file without running it: events and samples as the journal would hold them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from controller.events import EventKind, JsonValue, Outcome
from controller.order.phases import Phase
from records.claim.context import ClaimContext
from records.claim.rules.scrubber import ScrubReport
from records.evidence.reader import SessionHead, SessionRecord
from records.note.device_fields import record_zone
from records.note.treatment_note import draft_note
from records.note.words import NoteVersion, NoteWords
from records.order.order import Order
from records.order.order_file import parse_order
from records.store.canonical import ABSENT_DN, SAMPLE_DTYPE, SampleArray, StoredEvent
from records.visit.face import face_of
from records.visit.visit import Visit
from tests.support.claims import MADE_AT, SERVICE_DAY
from tests.support.events import complete

SESSION_ID = "20261124T160000Z-0a1b2c"
STARTED_UTC_MS = 1_795_536_000_000
"""2026-11-24, 16:00 UTC: 10:00 in Chicago."""
SEAL = bytes(range(32))
IDENTITY: dict[str, JsonValue] = {
    "model": "SIM Lumbar 1",
    "serial_number": 20077,
    "firmware": "1.04.2",
    "calibrated_on": "2026-01-04",
    "calibration_due": "2027-01-04",
}
ORDER_TEXT = """
patient_reference = "MRN-0001"
region = "lumbar"
mode = "static"
hold_force = "200 N"
treatment_time = "10 min"
diagnosis = ["M51.16", "M54.50"]
positioning = "supine, hips and knees 90/90"
harness = "pelvic and thoracic belts"
symptoms = "left leg pain"
rationale = "leg pain centralised with distraction in the exam"
screening = "P. Jones, PT: none of the listed contraindications"
set_up_by = "P. Jones, PT"
supervised_by = "P. Jones, PT"
"""
TICK_MS = 100
UP_MS, RELEASED_MS = 8_000, 2_000
ARMED_MS = 3_000


def made_order(text: str = ORDER_TEXT) -> Order:
    """An order as the order file gives it."""
    return parse_order(text, "test.toml")


def made_record(
    order: Order,
    *,
    session_id: str = SESSION_ID,
    minutes: float = 10.0,
    stops_ms: tuple[int, ...] = (),
    outcome: str = Outcome.COMPLETED,
    seal: bytes | None = SEAL,
    treated: bool = True,
) -> SessionRecord:
    """A static treatment of ``minutes``; ``stops_ms`` are presses of the patient's stop switch."""
    hold_ms = round(minutes * 60_000)
    ramp_ms = ARMED_MS + UP_MS
    end_ms = ramp_ms + hold_ms
    log = _Log(order, session_id)
    log.add(EventKind.PRESS_TEST_SEEN, 1_000)
    log.add(EventKind.UNIT_ARMED, ARMED_MS)
    log.phase(ARMED_MS, "armed", Phase.RAMPING_UP)
    if treated:
        log.phase(ramp_ms, "ramping_up", Phase.HOLDING)
    for at_ms in stops_ms:
        log.add(
            EventKind.UNIT_EVENT_SEEN, at_ms, code=10, unit_at_ms=at_ms, value_1=1979, value_2=0
        )
    log.phase(end_ms, "holding", Phase.RELEASING)
    log.add(EventKind.RELEASE_OBSERVED, end_ms + RELEASED_MS)
    log.add(EventKind.SESSION_ENDED, end_ms + RELEASED_MS, outcome=outcome, reason="test")
    return SessionRecord(
        head=log.head,
        events=tuple(log.events),
        samples=_samples(round(order.prescription.hold_force_n * 10), ramp_ms, end_ms),
        seal=seal,
        live=False,
    )


class _Log:
    def __init__(self, order: Order, session_id: str) -> None:
        self.head = SessionHead(
            number=1,
            session_id=session_id,
            unit_id="5452433100004e6d",
            started_utc_ms=STARTED_UTC_MS,
            utc_offset_min=-360,
        )
        self.events: list[StoredEvent] = []
        self.add(
            EventKind.SESSION_STARTED,
            0,
            identity=IDENTITY,
            order_digest=order.digest,
            session_id=session_id,
        )

    def add(self, kind: EventKind, at_ms: int, **detail: JsonValue) -> None:
        self.events.append(
            StoredEvent(
                sequence=len(self.events),
                at_ms=at_ms,
                utc_ms=STARTED_UTC_MS + at_ms,
                kind=kind,
                version=1,
                detail=complete(kind, detail),
            )
        )

    def phase(self, at_ms: int, before: str, after: Phase) -> None:
        self.add(
            EventKind.PHASE_CHANGED, at_ms, **{"from": before, "to": after.label, "stage": "test"}
        )


def _samples(hold_dn: int, hold_from_ms: int, end_ms: int) -> SampleArray:
    """Force that rises linearly, holds with a ripple of 0.3 N and falls linearly."""
    times = np.arange(ARMED_MS, end_ms + RELEASED_MS, TICK_MS)
    phases = np.where(times < hold_from_ms, int(Phase.RAMPING_UP), int(Phase.HOLDING))
    phases = np.where(times >= end_ms, int(Phase.RELEASING), phases)
    target = np.interp(
        times, [ARMED_MS, hold_from_ms, end_ms, end_ms + RELEASED_MS], [0, hold_dn, hold_dn, 0]
    ).round()
    samples = np.zeros(len(times), dtype=SAMPLE_DTYPE)
    samples["taken_at_ms"], samples["target_dn"], samples["phase"] = times, target, phases
    samples["force_1_dn"] = np.maximum(target + 3 * (np.arange(len(times)) % 3 - 1), 0)
    samples["force_2_dn"] = ABSENT_DN
    return samples


SCRUBBED = ScrubReport(
    results=(),
    profile="commercial",
    profile_title="test",
    profile_date=date(2026, 1, 1),
    profile_source="test",
    rule_set=date(2026, 1, 1),
    date_of_service=SERVICE_DAY,
    conditions=(),
    not_checked=(),
)
"""Results of rules that found nothing."""


def made_visit(
    *,
    context: ClaimContext | None = None,
    errors: tuple[str, ...] = (),
    scrubbed: bool = True,
    **options: Any,
) -> Visit:
    """A visit with its note; ``options`` are passed to the record."""
    order = made_order()
    record = made_record(order, **options)
    note = draft_note(record, order)
    return Visit(
        record=record,
        order=order,
        note=note,
        context=context,
        report=SCRUBBED if scrubbed else None,
        face=replace(face_of(note), errors=errors),
        zone=record_zone(record),
        made_at=MADE_AT.astimezone(record_zone(record)),
        clinic="Example Spine Clinic",
    )


def signed_visit(visit: Visit, by: str, credentials: str = "PT", *, utc_ms: int) -> Visit:
    """The same visit with its note signed; statements about it stay open."""
    version = NoteVersion(
        number=1, by=by, credentials=credentials, at_utc_ms=utc_ms, reason="", changes={}
    )
    note = draft_note(visit.record, visit.order, spoken=NoteWords(versions=(version,)))
    return replace(visit, note=note, face=replace(face_of(note), errors=visit.face.errors))

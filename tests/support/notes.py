"""Small recorded sessions of a few events, for the life of a note: no unit, no waiting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from controller.events import EventKind, JsonValue, Sample, SampleFlag, SessionEvent
from controller.runtime.clock import VirtualClock
from records.clinic.order_filing import NewSession, file_order
from records.clinic.standing_used import NOTHING_USED, StandingUsed
from records.clinic.visit_steps import VisitBegun
from records.evidence.journal import SessionOpening, open_session
from records.keys.signing import NoKeyStore, SigningKey, load_or_create_key
from records.note.treatment_note import TreatmentNote
from records.order.order import Order
from records.order.order_file import parse_order
from records.store.author import Author
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from tests.support.events import complete, complete_opening
from tests.support.made_once import made_once
from tests.support.sessions import KEY, SETTINGS

UNIT = "00000000000000aa"
BEGAN_MS = 1_767_225_600_000
DAY_MS = 86_400_000
HOUR_MS = 3_600_000
ORDER = """
patient_reference = "TEST-1"
region = "cervical"
mode = "static"
hold_force = "60 N"
treatment_time = "1 min"
diagnosis = ["M50.120"]
symptoms = "left arm pain"
"""
ALL_WORDS = {
    "rationale": "arm pain centralised with distraction in the exam",
    "positioning": "supine, knees supported",
    "harness": "two-piece head halter",
    "angle_of_pull": "20 deg",
    "screening": "no contraindication found",
    "patient_response": "less arm pain after the third hold",
    "tolerance": "tolerated",
    "pain_before": "6",
    "pain_after": "3",
    "set_up_by": "P. Jones",
    "supervised_by": "P. Jones",
    "performed_by": "P. Jones",
    "total_timed_minutes": "23",
    "total_treatment_minutes": "38",
    "plan_next": "repeat in two days",
    "patient_notice": "told of possible own cost",
}
IDENTITY: dict[str, JsonValue] = {
    "model": "SIM",
    "serial_number": 1,
    "firmware": "1.0",
    "firmware_crc": 0,
    "calibrated_on": "2025-06-01",
    "calibration_due": "2026-06-01",
    "boot_count": 1,
}
Happened = Sequence[tuple[int, EventKind, dict[str, JsonValue]]]


def order_of(text: str, reference: str = "TEST-1") -> Order:
    """An order as it is filed: any text, valid or not, for this patient."""
    parsed = parse_order(ORDER, "test")
    return replace(parsed, patient_reference=reference, source_text=text)


def file_only(
    folder: RecordFolder,
    session: NewSession,
    *,
    order: str = ORDER,
    reference: str = "TEST-1",
    at_ms: int = BEGAN_MS,
) -> tuple[Order, str]:
    """File an order; returns it with the patient's key. No session is started."""
    load_or_create_key(folder, store=NoKeyStore(), new_seed=lambda: KEY.seed)
    filed = order_of(order, reference)
    key = file_order(
        folder,
        filed,
        session,
        author=Author(by="P. Jones", user="desk", at_utc_ms=at_ms, key=KEY),
        new_key=lambda: f"key-of-{reference}",
    )
    return filed, key


@made_once(IDENTITY)
def recorded(
    folder: RecordFolder,
    session_id: str = "s-1",
    *,
    order: str = ORDER,
    reference: str = "TEST-1",
    began_ms: int = BEGAN_MS,
    happened: Happened = (),
    outcome: str = "completed",
    reason: str = "test",
    closed: bool = True,
    held_ms: int | None = 60_000,
    ramped_ms: int = 0,
    used: StandingUsed = NOTHING_USED,
    begun: VisitBegun | None = None,
    uri: str = "",
) -> None:
    """A session that held for ``held_ms``, with the events in ``happened`` (ms, kind, detail).

    Without ``held_ms`` it was released after ``ramped_ms`` of ramps.
    """
    session = NewSession(session_id=session_id, unit_id=UNIT, used=used, begun=begun)
    filed, key = file_only(folder, session, order=order, reference=reference, at_ms=began_ms)
    opening = SessionOpening(
        session_id=session_id,
        unit_id=UNIT,
        utc_offset_min=-360,
        detail=complete_opening(
            {"order_digest": filed.digest, "patient_key": key, "identity": IDENTITY, "uri": uri}
        ),
    )
    clock = VirtualClock(utc_origin_ms=began_ms)
    last_ms = held_ms or ramped_ms
    journal = open_session(folder, opening, clock, key=KEY)
    reached: Happened = [(2_000, EventKind.PHASE_CHANGED, {"from": "ramping_up", "to": "holding"})]
    phases: Happened = [
        (1_000, EventKind.PHASE_CHANGED, {"from": "armed", "to": "ramping_up"}),
        *(reached if held_ms is not None else ()),
        *happened,
        (2_000 + last_ms, EventKind.PHASE_CHANGED, {"from": "holding", "to": "releasing"}),
        (4_000 + last_ms, EventKind.SESSION_ENDED, {"outcome": outcome, "reason": reason}),
    ]
    for at_ms, kind, detail in phases if closed else phases[:-1]:
        clock.sleep_until(1000.0 + at_ms / 1000)
        journal.append_event(SessionEvent(kind=kind, at_ms=at_ms, detail=complete(kind, detail)))
        journal.append_sample(
            Sample(
                taken_at_ms=at_ms,
                target_dn=600,
                force_1_dn=601,
                force_2_dn=None,
                phase=5 if held_ms is None else 6,
                flags=SampleFlag.NONE,
            )
        )
    if closed:
        journal.close()
    else:
        journal.abandon()


def author(
    folder: RecordFolder, by: str = "P. Jones", at_ms: int = BEGAN_MS + HOUR_MS, **given: SigningKey
) -> Author:
    """An author with the folder's own key, an hour after the session began."""
    key = given.get("key") or load_or_create_key(folder, store=NoKeyStore())
    return Author(by=by, user="desk", at_utc_ms=at_ms, key=key)


def note_of(folder: RecordFolder, session_id: str = "s-1") -> TreatmentNote:
    """The current note."""
    return load_visit(folder, session_id, SETTINGS).note


ADJUSTED_AND_PAUSED: Happened = (
    (
        10_000,
        EventKind.FORCE_ADJUSTED,
        {
            "by": "P. Jones",
            "reason": "belt",
            "force": "hold",
            "old_force_dn": 600,
            "new_force_dn": 550,
        },
    ),
    (20_000, EventKind.PAUSED, {"by": "P. Jones", "reason": "asked by the patient"}),
    (20_000, EventKind.PHASE_CHANGED, {"from": "holding", "to": "paused"}),
    (25_000, EventKind.PHASE_CHANGED, {"from": "paused", "to": "holding"}),
    (30_000, EventKind.CHECK_IN_RECORDED, {"by": "P. Jones"}),
    (31_000, EventKind.REMARK_RECORDED, {"by": "A. Ray", "text": "patient talks"}),
)
"""A change of force, a pause, a check-in and a remark."""

"""A visit about which the rules have nothing to say, and small changes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta, timezone
from typing import Any

from controller.events import EventKind
from records.claim.context import ClaimContext
from records.claim.decision import BillingDecision
from records.claim.fees import FeeRow, FeeTable
from records.claim.rules.assistant_time import AssistantTime
from records.claim.rules.code_list import CodeState
from records.claim.rules.facts import Beside, OtherSession
from records.claim.rules.findings import RuleFinding
from records.claim.rules.pairs import Pair, PairTable
from records.claim.rules.payer_profile import PayerProfile, find_profile
from records.claim.rules.scrubber import ScrubReport, scrub
from records.claim.rules.tables import ScrubTables, shipped_tables
from records.claim.unwritten import UnwrittenExport
from records.evidence.reader import SessionHead, SessionRecord
from records.note.delivered_dose import DeliveredDose, RecordedStop
from records.note.events import Adjustment
from records.note.treatment_note import TreatmentNote
from records.note.words import NoteSignature, Repetition
from records.provenance import JournalRange, Origin, Sourced
from records.store.canonical import StoredEvent, samples_from_bytes
from tests.support.events import complete

DAY = "2026-11-24"
ENDED_UTC_MS = 1_795_536_907_000
"""2026-11-24 10:15:07 -06:00."""
SEAL = "5e" * 32
DEVICE_WORDS = {
    "device_type": "lumbar traction table",
    "region": "lumbar",
    "hold_force": "200.0 N (45.0 lbf) for 60 s",
    "mean_hold_force": "199.1 N (44.8 lbf)",
    "started_at": f"{DAY} 10:00:04-06:00",
    "ended_at": f"{DAY} 10:15:07-06:00",
    "delivered_minutes": "15 min (15 min 3 s)",
    "calibration": "2026-02-01, due 2027-02-01",
    "outcome": "completed",
}
CLINICIAN_WORDS = {
    "patient_reference": "A-0815",
    "diagnosis": "M51.16",
    "symptoms": "left leg pain",
    "rationale": "leg pain centralises with distraction",
    "positioning": "supine, hips and knees 90/90",
    "harness": "pelvic and thoracic belts",
    "angle_of_pull": "18 degrees",
    "screening": "no contraindication found, P. Jones PT",
    "patient_response": "less leg pain afterwards",
    "tolerance": "tolerated",
    "set_up_by": "P. Jones PT",
    "supervised_by": "P. Jones PT",
    "performed_by": "P. Jones PT",
    "total_timed_minutes": "23",
    "total_treatment_minutes": "38",
    "patient_notice": "told on 2026-11-01",
}
LINE = {
    "cpt": "97012",
    "modifiers": ["GP"],
    "charge": "22.00",
    "dx_pointers": [1],
    "pos": "11",
    "started_at": f"{DAY}T10:00:04-06:00",
    "ended_at": f"{DAY}T10:15:07-06:00",
    "minutes": 15,
    "performed_by_role": "PT",
    "body_region": "lumbar",
    "technique": "mechanical",
}
ADDRESS = {"line_1": "2 Oak Avenue", "city": "Springfield", "state": "IL", "zip": "62702-0002"}
CONTEXT: dict[str, Any] = {
    "claim_id": "S-1",
    "payer": {
        "name": "Medicare Part B",
        "payer_id": "06102",
        "kind": "medicare_b",
        "profile": "medicare_b",
    },
    "form": "837P",
    "date_of_service": DAY,
    "patient_ref": "A-0815",
    "diagnoses": ["M5116"],
    "patient": {
        "last_name": "Doe",
        "first_name": "Jane",
        "birth_date": "1960-01-01",
        "sex": "F",
        "member_id": "1EG4TE5MK73",
        "address": ADDRESS,
    },
    "billing": {
        "last_name": "Example Spine Clinic",
        "npi": "1234567893",
        "tin": "12-3456789",
        "tin_kind": "EI",
        "taxonomy": "225100000X",
        "phone": "5555550100",
        "address": ADDRESS,
    },
    "rendering": {
        "last_name": "Jones",
        "first_name": "Pat",
        "npi": "1679576722",
        "taxonomy": "225100000X",
    },
    "referring": {"last_name": "Smith", "first_name": "Alan", "npi": "1003000126"},
    "plan": {
        "established": "2026-11-01",
        "discipline": "GP",
        "includes_traction": True,
        "certified_on": "2026-11-05",
        "cert_through": "2027-01-29",
        "treatment_days_since_progress_report": 4,
    },
    "therapy_ytd_allowed": "812.40",
    "visits_97012_this_episode": 1,
    "prior_auth_required": False,
    "accept_assignment": True,
    "benefits_assigned": True,
    "release_of_information": True,
    "submitter_id": "TIN000001",
    "receiver_id": "PAYER01",
    "device": {"clock_offset_s": "0.4"},
}
DOSE = DeliveredDose(
    traction_ms=903_000,
    paused_ms=0,
    delivered_minutes=15,
    hold_time_ms=600_000,
    hold_samples=12_000,
    mean_hold_force_dn=1991,
    peak_force_dn=2050,
    in_band_permille=990,
    treatment_started_ms=40_000,
    treatment_ended_ms=943_000,
    stops=(),
)
PATIENT_STOP = RecordedStop(
    at_ms=340_000, cause="patient switch pressed", force_dn=1990, to_15_n_ms=900, sequence=41
)
ADJUSTMENT = Adjustment(
    at_ms=300_000, by="P. Jones PT", reason="", old_force_dn=2000, new_force_dn=1900, sequence=30
)
SIGNATURE = NoteSignature(
    signed_by="P. Jones", credentials="PT", signed_at_utc_ms=ENDED_UTC_MS + 1_500_000, version=1
)


class SmallCodeList:
    """A few codes of a list that is valid on the day of the visit."""

    name = "test list"
    valid_from, valid_to = date(2026, 10, 1), date(2027, 9, 30)
    has_exclusions = True
    billable = frozenset({"M5116", "M5450", "M5416", "M542", "M50120", "M4806"})
    categories = frozenset({"M51", "M511", "M5136", "M545"})

    def state(self, code: str) -> CodeState:
        if code in self.billable:
            return "billable"
        return "category" if code in self.categories else "unknown"

    def regions(self, code: str) -> frozenset[str]:
        """By the region digit of these few codes."""
        neck = code in ("M542", "M50120")
        return frozenset({"cervical" if neck else "lumbar"})

    def exclude_each_other(self, first: str, second: str) -> bool:
        return {first, second} == {"M5116", "M5416"}


@dataclass(frozen=True)
class Visit:
    """Everything that the scrubber takes."""

    note: TreatmentNote | None
    record: SessionRecord | None
    context: ClaimContext
    profile: PayerProfile
    tables: ScrubTables
    beside: Beside

    def report(self) -> ScrubReport:
        return scrub(
            self.note,
            self.record,
            self.context,
            self.profile,
            self.tables,
            self.beside,
        )

    def found(self, rule_id: str) -> list[RuleFinding]:
        return self.report().of_rule(rule_id)


def visit(
    *,
    words: Mapping[str, str | None] | None = None,
    dose: Mapping[str, Any] | None = None,
    note: Mapping[str, Any] | None = None,
    line: Mapping[str, Any] | None = None,
    same_day: Sequence[Mapping[str, Any]] = (),
    claim: Mapping[str, Any] | None = None,
    payer: str = "medicare_b",
    profile: Mapping[str, Any] | None = None,
    tables: Mapping[str, Any] | None = None,
    identity: Mapping[str, Any] | None = None,
    without: str = "",
    log_altered: str | None = "",
    refusals: tuple[UnwrittenExport, ...] | None = (),
    decided: str = "",
    other_sessions: tuple[OtherSession, ...] | None = (),
    looked_up: bool = True,
    assistant_time: AssistantTime | None = None,
) -> Visit:
    """The visit with changes; ``same_day`` are further lines of the same claim.

    ``without="note"`` takes the note away, ``without="line"`` the 97012 line. Without
    ``looked_up`` nobody has the second payer's profile.
    """
    lines = [] if without == "line" else [{**LINE, **(line or {})}]
    looked_by = find_profile(payer).model_copy(update=dict(profile or {}))
    paid_by = {**CONTEXT["payer"], "kind": looked_by.kind, "profile": payer}
    context = {**CONTEXT, "payer": paid_by, "lines": [*lines, *same_day], **(claim or {})}
    made = _note(words or {}, dose or {}, note or {})
    other = context.get("other_payer") if looked_up else None
    return Visit(
        note=None if without == "note" else made,
        record=None if without == "note" else _record(identity or {}),
        context=ClaimContext.model_validate(context),
        profile=looked_by,
        tables=replace(shipped_tables(), **{"code_list": SmallCodeList(), **(tables or {})}),
        beside=Beside(
            log_altered=log_altered,
            refusals=refusals,
            other_sessions=other_sessions,
            other_profile=find_profile(other["profile"]) if other else None,
            decision=BillingDecision(value=decided, by="P. Jones", reason="seen")
            if decided
            else None,
            assistant_time=assistant_time,
        ),
    )


def service(cpt: str, *modifiers: str, **more: Any) -> dict[str, Any]:
    """Another line of the claim that is right in itself."""
    return {
        "cpt": cpt,
        "modifiers": list(modifiers),
        "dx_pointers": [1],
        "charge": "40",
        "pos": "11",
        "performed_by_role": "PT",
        **more,
    }


def at(start: str, end: str) -> dict[str, str]:
    """Times of a line on the day of the visit."""
    return {"started_at": f"{DAY}T{start}:00-06:00", "ended_at": f"{DAY}T{end}:00-06:00"}


def party(name: str, **changes: Any) -> dict[str, Any]:
    """A part of the context with changes."""
    return {name: {**CONTEXT[name], **changes}}


def quarter(*rows: tuple[str, str, int]) -> PairTable:
    """The CMS file of the quarter, loaded by the user."""
    pairs = [
        Pair(column_1=a, column_2=b, effective=None, deletion=None, indicator=i)  # type: ignore[arg-type]
        for a, b, i in rows
    ]
    return PairTable(
        by_partner={p.column_2 if p.column_1 == "97012" else p.column_1: (p,) for p in pairs},
        valid_from=date(2026, 10, 1),
        valid_to=date(2026, 12, 31),
        source="test file",
        of_the_user=True,
        seen_on=date(2026, 10, 1),
    )


def fee_row(code: str = "97012", **changes: Any) -> FeeRow:
    """The national row of 2026 with changes."""
    row = {
        "code": code,
        "valid_from": "2026-01-01",
        "valid_to": "2026-12-31",
        "source": "PPRRVU2026_Jul_nonQPP",
        "work": "0.24",
        "pe": "0.18",
        "mp": "0.01",
        "conversion_factor": "33.4009",
    }
    return FeeRow.model_validate({**row, **changes})


def fee_table(*rows: FeeRow) -> FeeTable:
    """A user's fee table."""
    return FeeTable(name="fees.toml", rows=rows or (fee_row(),))


def repetition(name: str = "symptoms", permille: int = 1000) -> Repetition:
    """What the note found in the last visit's words."""
    return Repetition(name=name, session_id="S-0", permille=permille)


def _note(
    words: Mapping[str, str | None], dose: Mapping[str, Any], note: Mapping[str, Any]
) -> TreatmentNote:
    device = {name: words.get(name, text) for name, text in DEVICE_WORDS.items()}
    clinician = {**CLINICIAN_WORDS, **{k: v for k, v in words.items() if k not in device}}
    made = TreatmentNote(
        session_id="S-1",
        outcome="completed",
        interrupted=False,
        seal=SEAL,
        device_fields=tuple(_field(name, text, Origin.DEVICE) for name, text in device.items()),
        clinician_fields=tuple(
            _field(name, text, Origin.CLINICIAN) for name, text in clinician.items()
        ),
        dose=replace(DOSE, **dose),
        warnings=(),
        signature=SIGNATURE,
        zone=timezone(timedelta(hours=-6)),
        reached_holding=True,
    )
    return replace(made, **note)


def _field(name: str, value: str | None, origin: Origin) -> Sourced[str]:
    logged = origin is Origin.DEVICE
    return Sourced(
        name=name,
        label=name,
        value=value,
        origin=origin,
        journal_range=JournalRange(records="event", first=1, last=9) if logged else None,
        digest=SEAL if logged else "",
    )


def _record(identity: Mapping[str, Any]) -> SessionRecord:
    opening = StoredEvent(
        sequence=0,
        at_ms=0,
        utc_ms=ENDED_UTC_MS - 943_000,
        kind=EventKind.SESSION_STARTED,
        version=1,
        detail=complete(
            EventKind.SESSION_STARTED, {"identity": {"calibration_due": "2027-02-01", **identity}}
        ),
    )
    head = SessionHead(
        number=1,
        session_id="S-1",
        unit_id="00000000000000aa",
        started_utc_ms=opening.utc_ms,
        utc_offset_min=-360,
    )
    return SessionRecord(
        head=head,
        events=(opening,),
        samples=samples_from_bytes(b""),
        seal=bytes.fromhex(SEAL),
        live=False,
    )

"""Cases of diagnoses, plan and note (T-052 to T-070, N-01 to N-15)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from records.claim.rules.facts import OtherSession
from records.claim.unwritten import UnwrittenExport
from records.note.words import NoteSignature
from tests.unit.records.claim.rules.builders import (
    ADJUSTMENT,
    CONTEXT,
    ENDED_UTC_MS,
    PATIENT_STOP,
    SIGNATURE,
    at,
    fee_table,
    party,
    repetition,
    visit,
)
from tests.unit.records.claim.rules.case import Case


def signed(seconds_after_the_end: int) -> NoteSignature:
    """The signature at a time beside the end of the traction."""
    return replace(SIGNATURE, signed_at_utc_ms=ENDED_UTC_MS + 1000 * seconds_after_the_end)


LAPSED = {"plan": {**CONTEXT["plan"], "certified_on": None, "established": "2026-10-01"}}
SENT = {"signed_order_on_file": True, "sent_to_referrer_on": "2026-10-20"}

DIAGNOSIS = (
    Case("T-052", visit(claim={"diagnoses": ["M5136"]}), visit(claim={"diagnoses": ["M5450"]})),
    Case("T-053", visit(claim={"diagnoses": ["M51.16"]}), visit(claim={"diagnoses": ["M5116"]})),
    Case("T-054", visit(line={"dx_pointers": [2]}), visit(line={"dx_pointers": [1]})),
    Case(
        "T-055",
        visit(claim={"diagnoses": ["M5116", "m51.16"]}),
        visit(claim={"diagnoses": ["M5116", "M5450"]}),
    ),
    Case(
        "T-056",
        visit(claim={"diagnoses": ["M5116", "M5416"]}),
        visit(claim={"diagnoses": ["M5116", "M5450"]}),
    ),
    Case(
        "T-057",
        visit(words={"region": "cervical"}),
        visit(words={"region": "cervical"}, claim={"diagnoses": ["M50120"]}),
    ),
    Case(
        "T-058",
        visit(claim={"diagnoses": ["M5450"]}, payer="cigna_ash"),
        visit(claim={"diagnoses": ["M5116"]}, payer="cigna_ash"),
    ),
    Case("T-059", visit(words={"rationale": None}), visit(words={"rationale": "because"})),
    Case("T-060", visit(words={"symptoms": None}), visit(words={"symptoms": "leg pain"})),
)
PLAN = (
    Case(
        "T-061",
        visit(claim={"plan": None}),
        visit(claim={"plan": None}, payer="commercial"),
    ),
    Case(
        "T-062",
        visit(claim=LAPSED),
        visit(claim={"plan": {**LAPSED["plan"], **SENT}}),
    ),
    Case(
        "T-063",
        visit(claim=party("plan", cert_through="2026-11-23")),
        visit(claim=party("plan", cert_through="2026-11-24")),
    ),
    Case(
        "T-064",
        visit(claim=party("plan", treatment_days_since_progress_report=10)),
        visit(claim=party("plan", treatment_days_since_progress_report=9)),
    ),
    Case(
        "T-065",
        visit(claim={"visits_97012_this_episode": 5}, profile={"max_visits": 4}),
        visit(claim={"visits_97012_this_episode": 4}, profile={"max_visits": 4}),
    ),
    Case(
        "T-066",
        visit(claim={"prior_auth_required": True}),
        visit(claim={"prior_auth_required": True, "authorization": {"number": "A-1"}}),
    ),
    Case(
        "T-067",
        visit(claim={"referring": None}),
        visit(claim={"referring": None}, payer="commercial"),
    ),
    Case(
        "T-068",
        visit(claim=party("billing", npi="1234567890")),
        visit(claim=party("billing", npi="1234567893")),
    ),
    Case(
        "T-069",
        visit(payer="uhc_commercial", words={"patient_notice": None}),
        visit(payer="uhc_commercial"),
    ),
    Case("T-070", visit(tables={"fees": fee_table()}), visit(tables={"fees": None})),
)
CLAIM = (
    Case("T-079", visit(claim=party("patient", birth_date=None)), visit()),
    Case("T-080", visit(claim=party("billing", tin=None)), visit()),
    Case("T-081", visit(claim={"rendering": None}), visit()),
    Case("T-082", visit(line={"pos": None}), visit()),
    Case("T-083", visit(line={"charge": None}), visit(line={"charge": "0"})),
    Case("T-084", visit(claim=party("plan", established=None)), visit(claim={"plan": None})),
    Case(
        "T-085",
        visit(claim={"submitter_id": None}),
        visit(claim={"submitter_id": None, "form": "CMS1500"}, payer="commercial"),
    ),
    Case(
        "T-086",
        visit(refusals=(UnwrittenExport(formats=("837p",), message="it is not sound"),)),
        visit(
            claim={"rendering": None},
            refusals=(UnwrittenExport(formats=("837p",), message="", missing=("rendering",)),),
        ),
    ),
)
OTHER = OtherSession(
    session_id="S-2", began=datetime(2026, 11, 24, 22, 0, tzinfo=UTC), exported=True
)
IDENTITY = (
    Case(
        "T-096",
        visit(claim={"payer": {**CONTEXT["payer"], "kind": "commercial"}}),
        visit(payer="commercial"),
    ),
    Case("T-090", visit(claim={"patient_ref": "A-0816"}), visit(claim={"patient_ref": "A-0815"})),
    Case("T-091", visit(line=at("10:17", "10:30")), visit(line=at("10:01", "10:14"))),
    Case("T-092", visit(line={"body_region": "cervical"}), visit(line={"body_region": None})),
    Case("T-093", visit(other_sessions=(OTHER,)), visit(other_sessions=())),
    Case(
        "T-094",
        visit(claim=party("rendering", last_name="Brown")),
        visit(claim=party("rendering", last_name="JONES")),
    ),
    Case(
        "T-095", visit(line={"performed_by_role": "aide"}), visit(line={"performed_by_role": "PT"})
    ),
)
NOTE = (
    Case("N-01", visit(words={"device_type": None}), visit()),
    Case(
        "N-02",
        visit(words={"hold_force": None, "mean_hold_force": None}),
        visit(words={"mean_hold_force": None}),
    ),
    Case("N-03", visit(words={"positioning": None}), visit(words={"positioning": "prone"})),
    Case("N-04", visit(words={"tolerance": None}), visit(words={"tolerance": "not tolerated"})),
    Case(
        "N-05",
        visit(note={"adjustments": (ADJUSTMENT,)}, words={"adjustment_comment": None}),
        visit(note={"adjustments": (ADJUSTMENT,)}, words={"adjustment_comment": "belt"}),
    ),
    Case("N-06", visit(words={"angle_of_pull": None}), visit(words={"angle_of_pull": "0"})),
    Case(
        "N-07",
        visit(dose={"stops": (PATIENT_STOP,)}, words={"stop_comment": None}),
        visit(dose={"stops": (PATIENT_STOP,)}, words={"stop_comment": "cramp in the calf"}),
    ),
    Case("N-08", visit(dose={"stops": (PATIENT_STOP,)}), visit()),
    Case("N-09", visit(note={"signature": None}), visit(note={"signature": SIGNATURE})),
    Case("N-10", visit(note={"signature": signed(-1)}), visit(note={"signature": signed(0)})),
    Case("N-11", visit(log_altered="event 3: it was altered"), visit(log_altered=None)),
    Case("N-12", visit(note={"repetitions": (repetition(),)}), visit(note={"repetitions": ()})),
    Case(
        "N-13",
        visit(identity={"calibration_due": "2026-11-23"}),
        visit(identity={"calibration_due": "2026-11-24"}),
    ),
    Case("N-14", visit(words={"screening": None}), visit(words={"screening": "done, PJ"})),
    Case("N-15", visit(words={"supervised_by": None}), visit(words={"supervised_by": "PJ"})),
)
NOTE_CASES = (*DIAGNOSIS, *PLAN, *CLAIM, *IDENTITY, *NOTE)

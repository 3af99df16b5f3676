"""For each rule of the catalogue a case in which it speaks and its neighbour in which it does not.

The neighbour is as near as possible: the same visit with the one fact set right.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from records.note_words import NoteSignature
from tests.unit.records.rules.builders import (
    ADJUSTMENT,
    CONTEXT,
    ENDED_UTC_MS,
    LINE,
    PATIENT_STOP,
    SIGNATURE,
    Visit,
    at,
    fee_table,
    party,
    quarter,
    repetition,
    service,
    visit,
)


class Case(NamedTuple):
    """One rule, what makes it speak, and what nearly does."""

    rule_id: str
    speaks: Visit
    silent: Visit


def signed(seconds_after_the_end: int) -> NoteSignature:
    """The signature at a time beside the end of the traction."""
    return replace(SIGNATURE, signed_at_utc_ms=ENDED_UTC_MS + 1000 * seconds_after_the_end)


LATE, SAME_TIME = at("10:20", "10:35"), at("10:05", "10:20")
DC = party("rendering", taxonomy="111N00000X")
MANUAL = service("97140", "GP", **LATE)
LAPSED = {"plan": {**CONTEXT["plan"], "certified_on": None, "established": "2026-10-01"}}
SENT = {"signed_order_on_file": True, "sent_to_referrer_on": "2026-10-20"}

CODE = (
    Case("T-001", visit(without="note"), visit()),
    Case("T-002", visit(line={"technique": "roller_table"}), visit(line={"technique": None})),
    Case("T-003", visit(line={"units": 2}), visit(line={"units": 1})),
    Case(
        "T-004",
        visit(same_day=[LINE]),
        visit(same_day=[{**LINE, "rendering_npi": "1003000126"}]),
    ),
    Case("T-005", visit(line={"units": 15}), visit(line={"units": 14})),
    Case(
        "T-006",
        visit(line={"technique": "axial_decompression"}),
        visit(line={"technique": "axial_decompression"}, payer="wa_lni"),
    ),
    Case(
        "T-007",
        visit(line={"technique": "axial_decompression"}, payer="commercial"),
        visit(line={"technique": "axial_decompression"}, payer="wa_lni"),
    ),
    Case(
        "T-008",
        visit(profile={"needs_fda_clearance": True}),
        visit(
            profile={"needs_fda_clearance": True}, claim={"device": {"udi_di": "00812345678906"}}
        ),
    ),
    Case(
        "T-009",
        visit(claim={"visits_97012_this_episode": 2}),
        visit(claim={"visits_97012_this_episode": 2}, same_day=[service("97110", "GP")]),
    ),
    Case("T-010", visit(line={"charge": "0.00"}), visit(line={"charge": "0.01"})),
)
TIME = (
    Case(
        "T-011",
        visit(payer="commercial", dose={"delivered_minutes": 14}),
        visit(payer="commercial", dose={"delivered_minutes": 15}),
    ),
    Case("T-012", visit(dose={"delivered_minutes": 7}), visit(dose={"delivered_minutes": 8})),
    Case(
        "T-013",
        visit(words={"total_treatment_minutes": None}),
        visit(words={"total_treatment_minutes": None}, payer="commercial"),
    ),
    Case(
        "T-014",
        visit(words={"total_timed_minutes": None}, same_day=[service("97110", "GP")]),
        visit(words={"total_timed_minutes": None}, same_day=[service("97014", "GP")]),
    ),
    Case(
        "T-015",
        visit(words={"total_treatment_minutes": "37"}),
        visit(words={"total_treatment_minutes": "38"}),
    ),
    Case("T-016", visit(line={"minutes": 17}), visit(line={"minutes": 16})),
    Case(
        "T-017",
        visit(line={"minutes": 18}, dose={"paused_ms": 180_000}),
        visit(line={"minutes": 16}, dose={"paused_ms": 180_000}),
    ),
    Case(
        "T-018",
        visit(line={"minutes": None}, dose={"treatment_started_ms": None}),
        visit(line={"minutes": None}),
    ),
    Case(
        "T-019",
        visit(claim={"date_of_service": "2026-11-25"}),
        visit(claim={"date_of_service": "2026-11-24"}),
    ),
    Case(
        "T-020",
        visit(claim={"device": {"clock_offset_s": "61"}}),
        visit(claim={"device": {"clock_offset_s": "-60"}}),
    ),
)
MODIFIERS = (
    Case("T-021", visit(line={"modifiers": []}), visit(line={"modifiers": ["GO"]})),
    Case("T-022", visit(line={"modifiers": ["GP", "GO"]}), visit(line={"modifiers": ["GP"]})),
    Case("T-023", visit(line={"modifiers": ["GN"]}), visit(line={"modifiers": ["GO"]})),
    Case(
        "T-024",
        visit(line={"modifiers": ["GO"]}),
        visit(line={"modifiers": ["GO"]}, claim=party("plan", discipline=None)),
    ),
    Case(
        "T-025",
        visit(line={"modifiers": ["59", "GP"]}, same_day=[service("97110", "GP")]),
        visit(line={"modifiers": ["59", "GP"]}, same_day=[MANUAL]),
    ),
    Case(
        "T-030",
        visit(same_day=[service("97140", "59", "XU", "GP", **LATE)]),
        visit(same_day=[service("97140", "XU", "GP", **LATE)]),
    ),
    Case("T-033", visit(line={"assistant_min": 2}), visit(line={"assistant_min": 1})),
    Case("T-034", visit(line={"modifiers": ["CQ"]}), visit(line={"modifiers": ["GP", "CQ"]})),
    Case(
        "T-035",
        visit(line={"modifiers": ["GP", "CQ"]}),
        visit(line={"modifiers": ["GP", "CQ"]}, payer="va"),
    ),
    Case(
        "T-036",
        visit(claim={"therapy_ytd_allowed": "2480.01"}),
        visit(claim={"therapy_ytd_allowed": "2480.00"}),
    ),
    Case(
        "T-037",
        visit(line={"modifiers": ["GP", "KX"]}, claim={"therapy_ytd_allowed": "2480.00"}),
        visit(line={"modifiers": ["GP", "KX"]}, claim={"therapy_ytd_allowed": "2480.01"}),
    ),
    Case(
        "T-038",
        visit(claim={"therapy_ytd_allowed": "3000.01"}),
        visit(claim={"therapy_ytd_allowed": "3000.00"}),
    ),
    Case("T-039", visit(claim=DC), visit(claim=DC, line={"modifiers": ["GP", "GY"]})),
    Case(
        "T-040",
        visit(line={"modifiers": ["GP", "GY"]}, claim={"voluntary_abn_on_file": True}),
        visit(line={"modifiers": ["GP", "GY", "GX"]}, claim={"voluntary_abn_on_file": True}),
    ),
    Case(
        "T-041",
        visit(line={"modifiers": ["GP", "GA", "GZ"]}),
        visit(line={"modifiers": ["GP", "GX", "GY"]}),
    ),
    Case(
        "T-042",
        visit(line={"modifiers": ["GP", "GA"]}),
        visit(line={"modifiers": ["GP", "GA"]}, claim={"abn_on_file": True}),
    ),
    Case(
        "T-043",
        visit(line={"modifiers": ["GP", "AT"]}),
        visit(same_day=[service("98940", "AT")]),
    ),
    Case("T-044", visit(line={"modifiers": ["GP", "kx"]}), visit(line={"modifiers": ["GP", "KX"]})),
    Case(
        "T-045",
        visit(line={"modifiers": ["KX", "GP"]}),
        visit(line={"modifiers": ["GP", "KX"]}),
    ),
    Case(
        "T-071",
        visit(line={"modifiers": ["GP", "GZ"]}, profile={"kind": "medicare_advantage"}),
        visit(line={"modifiers": ["GP", "GZ"]}),
    ),
)
PAIRS = (
    Case(
        "T-026",
        visit(same_day=[MANUAL]),
        visit(same_day=[service("97140", "59", "GP", **LATE)]),
    ),
    Case(
        "T-027",
        visit(same_day=[service("97022", "GP")], tables={"pairs": quarter(("97012", "97022", 0))}),
        visit(same_day=[service("97022", "GP")], tables={"pairs": quarter(("97012", "97022", 9))}),
    ),
    Case(
        "T-028",
        visit(same_day=[service("97140", "59", "GP", **SAME_TIME)]),
        visit(same_day=[service("97110", "59", "GP", **SAME_TIME)]),
    ),
    Case(
        "T-029",
        visit(same_day=[service("97140", "XU", "GP", **LATE)]),
        visit(same_day=[service("97140", "XU", "GP", **SAME_TIME)]),
    ),
    Case(
        "T-031",
        visit(same_day=[service("97140", "59", "GP", **LATE)]),
        visit(same_day=[service("97140", "XU", "GP", **LATE)]),
    ),
    Case(
        "T-032",
        visit(same_day=[service("97140", "XS", "GP", body_region="lumbar", **LATE)]),
        visit(same_day=[service("97140", "XS", "GP", body_region="cervical", **LATE)]),
    ),
    Case(
        "T-046",
        visit(same_day=[service("97140", "GP", body_region="lumbar")]),
        visit(same_day=[service("97140", "GP", body_region="lumbar", **LATE)]),
    ),
    Case(
        "T-047",
        visit(same_day=[service("98941", "AT")]),
        visit(same_day=[service("98941", "AT")], tables={"pairs": quarter(("98941", "97012", 1))}),
    ),
    Case(
        "T-072",
        visit(same_day=[service("97164", "GP")]),
        visit(same_day=[service("97164", "59", "GP")]),
    ),
    Case(
        "T-073",
        visit(same_day=[service("62323")]),
        visit(same_day=[service("62323", rendering_npi="1003000126")]),
    ),
    Case(
        "T-074",
        visit(same_day=[service("96523")]),
        visit(same_day=[service("96523")], claim={"form": "UB04"}),
    ),
)
SAME_DAY = (
    Case(
        "T-048",
        visit(same_day=[service("97110", "GP")]),
        visit(same_day=[service("97016", "GP")]),
    ),
    Case(
        "T-049",
        visit(same_day=[service("97010", "GP")]),
        visit(same_day=[service("97010", "GP")], payer="commercial"),
    ),
    Case(
        "T-050",
        visit(same_day=[service("97014", "GP")]),
        visit(same_day=[service("G0283", "GP")]),
    ),
    Case(
        "T-051",
        visit(same_day=[service("E0849")]),
        visit(claim={"other_lines_same_day": [service("E0849")]}),
    ),
    Case("T-075", visit(line={"pos": "22"}), visit(line={"pos": "11"})),
    Case(
        "T-076",
        visit(same_day=[service("93798")]),
        visit(same_day=[service("93799")]),
    ),
    Case(
        "T-077",
        visit(line={"units": 2}, claim={"abn_on_file": True}),
        visit(line={"units": 1}, claim={"abn_on_file": True}),
    ),
)
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
    Case(
        "N-08",
        visit(dose={"stops": (PATIENT_STOP,), "hold_samples": 0}),
        visit(dose={"stops": (PATIENT_STOP,), "hold_samples": 1}),
    ),
    Case("N-09", visit(note={"signature": None}), visit(note={"signature": SIGNATURE})),
    Case("N-10", visit(note={"signature": signed(-1)}), visit(note={"signature": signed(0)})),
    Case("N-11", visit(log_altered=True), visit(log_altered=None)),
    Case("N-12", visit(note={"repetitions": (repetition(),)}), visit(note={"repetitions": ()})),
    Case(
        "N-13",
        visit(identity={"calibration_due": "2026-11-23"}),
        visit(identity={"calibration_due": "2026-11-24"}),
    ),
    Case("N-14", visit(words={"screening": None}), visit(words={"screening": "done, PJ"})),
    Case("N-15", visit(words={"supervised_by": None}), visit(words={"supervised_by": "PJ"})),
)
CASES = (*CODE, *TIME, *MODIFIERS, *PAIRS, *SAME_DAY, *DIAGNOSIS, *PLAN, *NOTE)

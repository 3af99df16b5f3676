"""For each rule a visit in which it is held, one in which it does not apply, one it cannot judge.

In which it fails stands in ``cases.py``. Where an outcome cannot occur, the reason stands here.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import NamedTuple, TypeAlias

from records.claim.context import OF_THE_SESSION
from tests.unit.records.claim.rules.builders import (
    CONTEXT,
    PATIENT_STOP,
    Visit,
    at,
    fee_row,
    fee_table,
    party,
    quarter,
    service,
    visit,
)
from tests.unit.records.claim.rules.cases import CASES
from tests.unit.records.claim.rules.cases_payers import before, behind

OneOutcome: TypeAlias = Visit | str
"""A visit that ends so, or why none can."""


class Outcomes(NamedTuple):
    """Three of the four outcomes of a rule; the fourth is its case."""

    held: OneOutcome
    not_applicable: OneOutcome
    not_judged: OneOutcome


LATE = at("10:20", "10:35")
RIGHT = visit()
COMMERCIAL = visit(payer="commercial")
NO_TRACTION = visit(without="line", same_day=[service("97110", "GP")])
NO_NOTE = visit(without="note")
NOBODY = visit(words={"performed_by": None, "supervised_by": None}, note={"signature": None})
NO_FILE = visit(claim={"source": OF_THE_SESSION})
NO_TREATMENT = visit(dose={"treatment_started_ms": None})
NO_START = visit(words={"started_at": None})
NO_AMOUNT = visit(claim={"therapy_ytd_allowed": None})
SEPARATED = visit(
    same_day=[service("97140", "XU", "GP", body_region="cervical", **LATE)],
    tables={"pairs": quarter(("97012", "97140", 1))},
)
UNTIMED = visit(same_day=[service("97140", "59", "GP")])
NOT_OF_THIS_QUARTER = replace(
    quarter(("97012", "97022", 0)), valid_from=date(2026, 7, 1), valid_to=date(2026, 9, 30)
)
TWO_DIAGNOSES = visit(claim={"diagnoses": ["M5116", "M5450"]})
NO_ORDER = {"other_insurance_first": None}
ALWAYS_ASKED = "every claim is asked"
ALWAYS_KNOWN = "what it asks always stands on a claim"
ABSENCE_FAILS = "what is not known fails"
INFORMS = "information: it is said, or it does not apply"

OUTCOMES: dict[str, Outcomes] = {
    "T-001": Outcomes(RIGHT, NO_TRACTION, ABSENCE_FAILS),
    "T-002": Outcomes(RIGHT, NO_TRACTION, visit(line={"technique": None})),
    "T-003": Outcomes(RIGHT, NO_TRACTION, ALWAYS_KNOWN),
    "T-004": Outcomes(RIGHT, NO_TRACTION, ALWAYS_KNOWN),
    "T-005": Outcomes(RIGHT, NO_TRACTION, ALWAYS_KNOWN),
    "T-006": Outcomes(RIGHT, COMMERCIAL, visit(line={"technique": None})),
    "T-007": Outcomes(COMMERCIAL, RIGHT, visit(line={"technique": None}, payer="commercial")),
    "T-008": Outcomes(
        visit(
            profile={"needs_fda_clearance": True}, claim={"device": {"udi_di": "00812345678906"}}
        ),
        RIGHT,
        ABSENCE_FAILS,
    ),
    "T-009": Outcomes(RIGHT, NO_TRACTION, visit(claim={"visits_97012_this_episode": None})),
    "T-010": Outcomes(RIGHT, ALWAYS_ASKED, visit(line={"charge": None})),
    "T-011": Outcomes(
        COMMERCIAL, RIGHT, visit(payer="commercial", dose={"treatment_started_ms": None})
    ),
    "T-012": Outcomes(RIGHT, NO_TRACTION, NO_TREATMENT),
    "T-013": Outcomes(RIGHT, COMMERCIAL, NO_NOTE),
    "T-014": Outcomes(visit(same_day=[service("97110", "GP")]), RIGHT, NO_NOTE),
    "T-015": Outcomes(
        RIGHT,
        visit(words={"total_treatment_minutes": None}, payer="commercial"),
        visit(words={"total_treatment_minutes": None}),
    ),
    "T-016": Outcomes(RIGHT, visit(line={"minutes": None}), NO_TREATMENT),
    "T-017": Outcomes(visit(dose={"paused_ms": 180_000}), RIGHT, NO_TREATMENT),
    "T-018": Outcomes(RIGHT, NO_TRACTION, ABSENCE_FAILS),
    "T-019": Outcomes(RIGHT, ALWAYS_ASKED, NO_START),
    "T-020": Outcomes(RIGHT, ALWAYS_ASKED, NO_START),
    "T-021": Outcomes(RIGHT, COMMERCIAL, ALWAYS_KNOWN),
    "T-022": Outcomes(RIGHT, ALWAYS_ASKED, ALWAYS_KNOWN),
    "T-023": Outcomes(RIGHT, NO_TRACTION, ALWAYS_KNOWN),
    "T-024": Outcomes(
        RIGHT, visit(line={"modifiers": []}), visit(claim=party("plan", discipline=None))
    ),
    "T-025": Outcomes(
        visit(line={"modifiers": ["59", "GP"]}, same_day=[service("97140", "GP", **LATE)]),
        RIGHT,
        ALWAYS_KNOWN,
    ),
    "T-026": Outcomes(SEPARATED, RIGHT, UNTIMED),
    "T-027": Outcomes(
        "such a pair cannot be billed",
        RIGHT,
        visit(same_day=[service("97022", "GP")], tables={"pairs": NOT_OF_THIS_QUARTER}),
    ),
    "T-028": Outcomes(SEPARATED, RIGHT, UNTIMED),
    "T-029": Outcomes(INFORMS, RIGHT, UNTIMED),
    "T-030": Outcomes(RIGHT, ALWAYS_ASKED, ALWAYS_KNOWN),
    "T-031": Outcomes(INFORMS, RIGHT, ALWAYS_KNOWN),
    "T-032": Outcomes(
        visit(same_day=[service("97140", "XS", "GP", body_region="cervical", **LATE)]),
        RIGHT,
        visit(same_day=[service("97140", "XS", "GP", **LATE)]),
    ),
    "T-033": Outcomes(RIGHT, COMMERCIAL, visit(line={"performed_by_role": None})),
    "T-034": Outcomes(visit(line={"modifiers": ["GP", "CQ"]}), RIGHT, ALWAYS_KNOWN),
    "T-035": Outcomes(INFORMS, RIGHT, ALWAYS_KNOWN),
    "T-036": Outcomes(RIGHT, COMMERCIAL, NO_AMOUNT),
    "T-037": Outcomes(
        visit(line={"modifiers": ["GP", "KX"]}, claim={"therapy_ytd_allowed": "2480.01"}),
        RIGHT,
        visit(line={"modifiers": ["GP", "KX"]}, claim={"therapy_ytd_allowed": None}),
    ),
    "T-038": Outcomes(RIGHT, COMMERCIAL, NO_AMOUNT),
    "T-039": Outcomes(
        visit(line={"modifiers": ["GP", "GY"], "performed_by_role": "DC"}),
        RIGHT,
        visit(line={"performed_by_role": None}, claim=party("rendering", taxonomy=None)),
    ),
    "T-040": Outcomes(
        visit(line={"modifiers": ["GP", "GX", "GY"]}),
        RIGHT,
        visit(line={"modifiers": ["GP", "GY"]}),
    ),
    "T-041": Outcomes(RIGHT, NO_TRACTION, ALWAYS_KNOWN),
    "T-042": Outcomes(
        visit(line={"modifiers": ["GP", "GA"]}, claim={"abn_on_file": True}), RIGHT, ABSENCE_FAILS
    ),
    "T-043": Outcomes(RIGHT, NO_TRACTION, ALWAYS_KNOWN),
    "T-044": Outcomes(RIGHT, ALWAYS_ASKED, ALWAYS_KNOWN),
    "T-045": Outcomes(RIGHT, NO_TRACTION, ALWAYS_KNOWN),
    "T-046": Outcomes(SEPARATED, RIGHT, ABSENCE_FAILS),
    "T-047": Outcomes(
        visit(same_day=[service("98941", "AT")], tables={"pairs": quarter(("98941", "97012", 1))}),
        RIGHT,
        ALWAYS_KNOWN,
    ),
    "T-048": Outcomes(visit(same_day=[service("97016", "GP")]), RIGHT, ABSENCE_FAILS),
    "T-049": Outcomes(RIGHT, COMMERCIAL, ALWAYS_KNOWN),
    "T-050": Outcomes(RIGHT, COMMERCIAL, ALWAYS_KNOWN),
    "T-051": Outcomes(RIGHT, NO_TRACTION, ALWAYS_KNOWN),
    "T-052": Outcomes(RIGHT, visit(claim={"diagnoses": []}), visit(tables={"code_list": None})),
    "T-053": Outcomes(RIGHT, visit(claim={"diagnoses": []}), ALWAYS_KNOWN),
    "T-054": Outcomes(RIGHT, ALWAYS_ASKED, ALWAYS_KNOWN),
    "T-055": Outcomes(TWO_DIAGNOSES, RIGHT, ALWAYS_KNOWN),
    "T-056": Outcomes(
        TWO_DIAGNOSES,
        RIGHT,
        visit(claim={"diagnoses": ["M5116", "M5450"]}, tables={"code_list": None}),
    ),
    "T-057": Outcomes(RIGHT, NO_TRACTION, visit(words={"region": None})),
    "T-058": Outcomes(
        visit(payer="cigna_ash"), RIGHT, visit(payer="cigna_ash", line={"dx_pointers": []})
    ),
    "T-059": Outcomes(RIGHT, ALWAYS_ASKED, NO_NOTE),
    "T-060": Outcomes(RIGHT, ALWAYS_ASKED, NO_NOTE),
    "T-061": Outcomes(RIGHT, COMMERCIAL, visit(claim=party("plan", includes_traction=None))),
    "T-062": Outcomes(
        RIGHT, COMMERCIAL, visit(claim=party("plan", established=None, certified_on=None))
    ),
    "T-063": Outcomes(
        RIGHT, visit(claim={"plan": None}, payer="commercial"), visit(claim={"plan": None})
    ),
    "T-064": Outcomes(
        RIGHT,
        visit(claim={"plan": None}, payer="commercial"),
        visit(claim=party("plan", treatment_days_since_progress_report=None)),
    ),
    "T-065": Outcomes(
        visit(profile={"max_visits": 4}),
        RIGHT,
        visit(profile={"max_visits": 4}, claim={"visits_97012_this_episode": None}),
    ),
    "T-066": Outcomes(
        visit(claim={"authorization": {"number": "A-1"}}),
        RIGHT,
        visit(claim={"prior_auth_required": None}),
    ),
    "T-067": Outcomes(RIGHT, COMMERCIAL, ABSENCE_FAILS),
    "T-068": Outcomes(
        RIGHT,
        visit(claim={"billing": None, "rendering": None, "referring": None}),
        ALWAYS_KNOWN,
    ),
    "T-069": Outcomes(COMMERCIAL, RIGHT, ABSENCE_FAILS),
    "T-070": Outcomes(
        INFORMS,
        RIGHT,
        visit(tables={"fees": fee_table(fee_row(valid_from="2019-01-01", valid_to="2019-12-31"))}),
    ),
    "T-071": Outcomes(visit(profile={"kind": "medicare_advantage"}), RIGHT, ALWAYS_KNOWN),
    "T-072": Outcomes(
        visit(
            same_day=[service("97164", "59", "GP")],
            tables={"pairs": quarter(("97012", "97164", 1))},
        ),
        RIGHT,
        visit(same_day=[service("97164", "59", "GP")]),
    ),
    "T-073": Outcomes(
        visit(same_day=[service("62323", "59")], tables={"pairs": quarter(("62323", "97012", 1))}),
        RIGHT,
        visit(same_day=[service("62323", "59")]),
    ),
    "T-074": Outcomes(
        "such a pair cannot be billed", RIGHT, visit(same_day=[service("96523", "GP")])
    ),
    "T-075": Outcomes(RIGHT, COMMERCIAL, visit(line={"pos": None})),
    "T-076": Outcomes(RIGHT, NO_TRACTION, ALWAYS_KNOWN),
    "T-077": Outcomes(visit(line={"units": 2}), RIGHT, ALWAYS_KNOWN),
    "T-078": Outcomes(visit(same_day=[service("97110", "GP")]), RIGHT, ALWAYS_KNOWN),
    **{
        f"T-{number:03}": Outcomes(RIGHT, NO_FILE, ABSENCE_FAILS) for number in (79, 80, 81, 82, 83)
    },
    "T-085": Outcomes(RIGHT, ALWAYS_ASKED, ABSENCE_FAILS),
    "T-084": Outcomes(RIGHT, COMMERCIAL, ABSENCE_FAILS),
    "T-086": Outcomes(RIGHT, NO_FILE, visit(refusals=None)),
    "T-096": Outcomes(RIGHT, ALWAYS_ASKED, visit(claim=behind(), looked_up=False)),
    "T-097": Outcomes(visit(claim=behind()), RIGHT, ABSENCE_FAILS),
    "T-098": Outcomes(visit(claim=before()), RIGHT, visit(claim=before() | NO_ORDER)),
    "T-099": Outcomes(
        visit(claim=before()),
        RIGHT,
        visit(claim=before(insurance_type="14", kind="auto", profile="auto")),
    ),
    "T-100": Outcomes(visit(claim=before()), RIGHT, visit(line={"charge": None}, claim=before())),
    "T-090": Outcomes(
        RIGHT, visit(claim={"patient_ref": None}), visit(words={"patient_reference": None})
    ),
    "T-091": Outcomes(RIGHT, visit(line={"started_at": None, "ended_at": None}), NO_START),
    "T-092": Outcomes(RIGHT, visit(line={"body_region": None}), visit(words={"region": None})),
    "T-093": Outcomes(RIGHT, NO_TRACTION, visit(other_sessions=None)),
    "T-094": Outcomes(RIGHT, visit(claim={"rendering": None}), NOBODY),
    "T-095": Outcomes(RIGHT, COMMERCIAL, visit(line={"performed_by_role": None})),
    "T-087": Outcomes(RIGHT, NO_TRACTION, NO_NOTE),
    "T-088": Outcomes(visit(decided="bill"), RIGHT, ALWAYS_KNOWN),
    "T-089": Outcomes(
        visit(line={"modifiers": ["52", "GP"]}, profile={"accepts_52": True}), RIGHT, ALWAYS_KNOWN
    ),
    **{
        name: Outcomes(RIGHT, ALWAYS_ASKED, NO_NOTE)
        for name in ("N-01", "N-02", "N-03", "N-04", "N-06", "N-09", "N-14", "N-15")
    },
    "N-05": Outcomes(next(case.silent for case in CASES if case.rule_id == "N-05"), RIGHT, NO_NOTE),
    "N-07": Outcomes(
        visit(dose={"stops": (PATIENT_STOP,)}, words={"stop_comment": "cramp"}), RIGHT, NO_NOTE
    ),
    "N-08": Outcomes("a stop is always said", RIGHT, NO_NOTE),
    "N-10": Outcomes(RIGHT, visit(note={"signature": None}), visit(words={"ended_at": None})),
    "N-11": Outcomes(RIGHT, ALWAYS_ASKED, visit(log_altered=None)),
    "N-12": Outcomes(visit(note={"proposed_by_session": "S-0"}), RIGHT, NO_NOTE),
    "N-13": Outcomes(RIGHT, ALWAYS_ASKED, visit(identity={"calibration_due": ""})),
}
assert CONTEXT["plan"], "the rules of the plan need one"

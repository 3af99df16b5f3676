"""Cases of the claim: code, minutes, modifiers, pairs, other codes of the day (T-001 to T-051)."""

from __future__ import annotations

from tests.unit.records.claim.rules.builders import LINE, at, party, quarter, service, visit
from tests.unit.records.claim.rules.case import Case

LATE, SAME_TIME = at("10:20", "10:35"), at("10:05", "10:20")
DC = party("rendering", taxonomy="111N00000X")
MANUAL = service("97140", "GP", **LATE)

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
    Case(
        "T-078",
        visit(same_day=[service("97110", "GP"), service("97110", "GP")]),
        visit(same_day=[service("97110", "GP"), service("97110", "GP", units=2)]),
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
TREATMENT = (
    Case(
        "T-087",
        visit(dose={"traction_ms": 59_999, "delivered_minutes": 0}),
        visit(dose={"traction_ms": 60_000, "delivered_minutes": 1}),
    ),
    Case("T-088", visit(decided="no-bill"), visit(decided="bill")),
    Case(
        "T-089",
        visit(line={"modifiers": ["52", "GP"]}),
        visit(line={"modifiers": ["52", "GP"]}, profile={"accepts_52": True}),
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
CLAIM_CASES = (*CODE, *TIME, *TREATMENT, *MODIFIERS, *PAIRS, *SAME_DAY)

"""Sets of codes that the predicates use. Codes only, no descriptors; each with its source."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

TRACTION = "97012"
MANUAL_THERAPY = "97140"

SUPERVISED = frozenset(
    {"97010", "97012", "97014", "97016", "97018", "97022", "97024", "97026", "97028", "G0283"}
)
"""Supervised modalities: they may share their time (NCCI manual 2026, XI.P.2)."""
TIMED = frozenset(
    {
        "97032",
        "97033",
        "97034",
        "97035",
        "97036",
        "97110",
        "97112",
        "97113",
        "97116",
        "97124",
        "97140",
        "97530",
        "97533",
        "97535",
        "97537",
        "97542",
        "97750",
        "97755",
        "97760",
        "97761",
        "97763",
    }
)
"""Codes in 15-minute units (general knowledge; used to look for minutes, never to price)."""
ALWAYS_THERAPY = TIMED | SUPERVISED | {"97150", "97161", "97162", "97163", "97164", "97168"}
RE_EVALUATIONS = frozenset({"97164", "97168"})
"""NCCI manual 2026, XI.P.3."""
NEVER_TOGETHER = frozenset({"36591", "36592", "96523"})
"""Column 2 with indicator 0 (CMS practitioner PTP file 2024-07-01)."""
MANIPULATIONS = frozenset({"98940", "98941", "98942"})
REHABILITATION = frozenset({"93797", "93798", "94625", "94626", "G0237", "G0238", "G0239"})
"""Cardiac and pulmonary rehabilitation (NCCI manual 2026, XI.P.7)."""
HOME_UNITS = frozenset({"E0849", "E0855", "E0856", "E0860"})
"""Traction equipment for the home: durable medical equipment."""
HOT_PACKS, STIMULATION_NOT_MEDICARE, STIMULATION_MEDICARE = "97010", "97014", "G0283"

DISCIPLINES = frozenset({"GP", "GO", "GN"})
X_MODIFIERS = frozenset({"XE", "XS", "XP", "XU"})
SEPARATE = X_MODIFIERS | {"59"}
"""Modifiers that pass a pair."""
ASSISTANTS = {"CQ": "GP", "CO": "GO"}
KINDS: dict[str, str] = {
    **dict.fromkeys(SEPARATE, "59"),
    **dict.fromkeys(DISCIPLINES, "GP"),
    **dict.fromkeys(ASSISTANTS, "CQ"),
}
"""Modifiers by the one that represents them in a payer's order."""
MODIFIER_ORDER = ("59", "GP", "CQ", "KX")
"""Used where no payer says otherwise; no rule of CMS on the order was found."""
NOTICES = frozenset({"GA", "GX", "GY", "GZ"})
HOSPITAL_PLACES = frozenset({"19", "21", "22"})

CHIROPRACTOR_TAXONOMY = "111N"
THERAPIST_TAXONOMIES = ("2251", "225X")
"""Beginnings of the taxonomies of physical and of occupational therapists."""

ASSISTANT_SHARE = 0.10
"""Of the whole service, for an untimed code (42 CFR; CMS examples for CQ and CO)."""
REVIEW_LINE = 3000
"""US dollars a year; above it a targeted medical review is possible (fixed through 2028)."""
CERTIFIED_DAYS, CERTIFICATION_DELAY_DAYS, PROGRESS_REPORT_DAYS = 90, 30, 10
FREQUENCIES = {"original": "1", "corrected": "7", "void": "8"}
"""CLM05-3, and box 22 of a claim that replaces another one."""
REPLACING = frozenset({"corrected", "void"})
GRACE_MINUTES = 1
"""Practice systems keep whole minutes: compared with the device's log a time may be off by one."""
GRACE = timedelta(minutes=GRACE_MINUTES)
SHORT_MINUTES = 8
"""Below this, trade pages doubt a bill; no rule of CMS (the 8-minute rule is for timed codes)."""


def plain(code: str) -> str:
    """Returns a diagnosis in capitals without dot and blanks."""
    return "".join(code.split()).replace(".", "").upper()


def dotted(code: str) -> str:
    """Returns a diagnosis with its dot after the third character."""
    bare = plain(code)
    return f"{bare[:3]}.{bare[3:]}" if len(bare) > 3 else bare


def in_order(modifiers: Sequence[str], order: Sequence[str] = MODIFIER_ORDER) -> list[str]:
    """Returns modifiers in a payer's order; unnamed ones come last, in their own order."""
    place = {kind: number for number, kind in enumerate(order)}

    def rank(modifier: str) -> int:
        return place.get(KINDS.get(modifier, modifier), len(place))

    return sorted(modifiers, key=rank)

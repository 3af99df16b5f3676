"""Whatever a well-formed claim looks like, the scrubber answers; it never raises or adds."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from records.claim.context import ClaimContext
from records.claim.rules.facts import Facts
from records.claim.rules.offers import offers_of
from records.claim.rules.payer_profile import shipped_profiles
from records.claim.rules.report import report_document, report_text
from records.claim.rules.rule_data import shipped_rules
from records.claim.rules.scrubber import scrub
from tests.unit.records.claim.rules.builders import (
    ADJUSTMENT,
    CLINICIAN_WORDS,
    DEVICE_WORDS,
    PATIENT_STOP,
    SIGNATURE,
    fee_table,
    repetition,
    visit,
)

CODES = st.sampled_from(
    [
        "97012",
        "97140",
        "97110",
        "97164",
        "97014",
        "97010",
        "98941",
        "G0151",
        "62323",
        "96523",
        "93798",
        "E0849",
        "97032",
        "99999",
    ]
)
MODIFIERS = st.sampled_from(
    [
        "GP",
        "GO",
        "GN",
        "59",
        "XU",
        "XS",
        "XE",
        "KX",
        "CQ",
        "CO",
        "GA",
        "GX",
        "GY",
        "GZ",
        "AT",
        "k",
        "{x}",
        "",
    ]
)
REGIONS = st.sampled_from([None, "cervical", "thoracic", "lumbar", "other"])
TIMES = st.one_of(
    st.datetimes(datetime(2026, 11, 23), datetime(2026, 11, 26), timezones=st.just(UTC)),
    st.datetimes(
        datetime(2026, 11, 1),
        datetime(2026, 11, 2),
        timezones=st.just(ZoneInfo("America/New_York")),
        allow_imaginary=False,
    ),
)
"""The second part holds the autumn change of the clock."""
NPIS = st.sampled_from([None, "1234567893", "123", "abc", "１２３４５６７８９３"])
COUNTS = st.one_of(st.none(), st.integers(0, 40))
DIAGNOSES = st.sampled_from(["M5116", "m51.16", "M542", "", "{}", "x" * 9])
DATES = st.one_of(st.none(), st.dates(date(2019, 1, 1), date(2028, 1, 1)), st.dates())
FLAGS = st.sampled_from([None, True, False])


def later(start: datetime, length: timedelta) -> datetime:
    """A moment that is later, whatever the clock on the wall does in between."""
    return (start.astimezone(UTC) + length).astimezone(start.tzinfo)


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    """What a payer before said, of a line or of the claim, with what it left open."""
    taken = {"group": "CO", "reason": "45", "amount": draw(st.sampled_from(["22.10", "-1", "0"]))}
    return {
        "paid": draw(st.sampled_from([None, Decimal(0), Decimal("22.10")])),
        "adjustments": draw(st.lists(st.just(taken), max_size=7)),
        "patient_liability": draw(st.sampled_from([None, Decimal(1)])),
    }


@st.composite
def others(draw: st.DrawFn) -> dict[str, Any]:
    """A second payer of any kind, with parts left out."""
    person = {"last_name": "Doe", "member_id": draw(st.sampled_from([None, "W1"]))}
    answer = draw(st.one_of(st.none(), answers()))
    return {
        "kind": draw(st.sampled_from(["commercial", "medicare_b", "workers_comp", "va", "auto"])),
        "profile": "commercial",
        "patient_relationship": draw(st.sampled_from([None, "self", "spouse"])),
        "insured": draw(st.sampled_from([None, person])),
        "insurance_type": draw(st.sampled_from([None, "12", "14", "15", "42", "47"])),
        "medigap": draw(FLAGS),
        "adjudication": None if answer is None else answer | {"decided_on": draw(DATES)},
    }


@st.composite
def lines(draw: st.DrawFn) -> dict[str, Any]:
    start = draw(st.one_of(st.none(), TIMES))
    length = timedelta(minutes=draw(st.integers(0, 60)))
    return {
        "cpt": draw(CODES),
        "modifiers": draw(st.lists(MODIFIERS, max_size=6)),
        "units": draw(st.integers(0, 20)),
        "unit_of_measure": draw(st.sampled_from(["UN", "MJ", ""])),
        "charge": draw(st.sampled_from([None, Decimal(0), Decimal("22.10")])),
        "dx_pointers": draw(st.lists(st.integers(-1, 14), max_size=6)),
        "pos": draw(st.sampled_from([None, "11", "22"])),
        "started_at": start,
        "ended_at": draw(st.sampled_from([None, start and later(start, length)])),
        "minutes": draw(COUNTS),
        "performed_by_role": draw(st.sampled_from([None, "PT", "PTA", "OTA", "DC", "aide"])),
        "assistant_min": draw(COUNTS),
        "body_region": draw(REGIONS),
        "technique": draw(st.sampled_from([None, "mechanical", "manual", "axial_decompression"])),
        "rendering_npi": draw(NPIS),
        "adjudication": draw(st.one_of(st.none(), answers())),
    }


@st.composite
def contexts(draw: st.DrawFn) -> ClaimContext:
    plan = {
        "established": draw(DATES),
        "discipline": draw(st.sampled_from([None, "GP", "GO", "GN"])),
        "includes_traction": draw(FLAGS),
        "certified_on": draw(DATES),
        "signed_order_on_file": draw(FLAGS),
        "sent_to_referrer_on": draw(DATES),
        "cert_through": draw(DATES),
        "treatment_days_since_progress_report": draw(COUNTS),
    }
    authorization = {
        "number": draw(st.sampled_from(["", "A-1"])),
        "visits_allowed": draw(COUNTS),
        "visits_used": draw(COUNTS),
        "valid_from": draw(DATES),
        "valid_to": draw(DATES),
        "cpt_codes": draw(st.lists(CODES, max_size=2)),
    }
    doctor = {
        "last_name": "Jones",
        "npi": draw(NPIS),
        "taxonomy": draw(st.sampled_from([None, "111N00000X", "225100000X"])),
    }
    other = draw(st.one_of(st.none(), others()))
    mine = draw(st.booleans()) and (other is None or other["kind"] != "medicare_b")
    return ClaimContext.model_validate(
        {
            "claim_id": "S-1",
            "payer": {
                "kind": "medicare_b" if mine else "commercial",
                "profile": "commercial",
            },
            "other_insurance_first": draw(FLAGS),
            "other_payer": other,
            "related_causes": draw(st.sampled_from([[], ["none"], ["auto"], ["employment"]])),
            "form": draw(st.sampled_from(["837P", "CMS1500", "837I", "UB04"])),
            "date_of_service": draw(DATES.filter(bool)),
            "diagnoses": draw(st.lists(DIAGNOSES, max_size=5)),
            "lines": draw(st.lists(lines(), min_size=1, max_size=4)),
            "other_lines_same_day": draw(st.lists(lines(), max_size=2)),
            "rendering": draw(st.sampled_from([None, doctor])),
            "referring": draw(st.sampled_from([None, doctor])),
            "plan": draw(st.sampled_from([None, plan])),
            "authorization": draw(st.sampled_from([None, authorization])),
            "prior_auth_required": draw(FLAGS),
            "referral_number": draw(st.sampled_from([None, "A-1"])),
            "therapy_ytd_allowed": draw(st.sampled_from([None, Decimal(0), Decimal("2999.99")])),
            "visits_97012_this_episode": draw(COUNTS),
            "abn_on_file": draw(FLAGS),
            "voluntary_abn_on_file": draw(FLAGS),
            "device": draw(st.sampled_from([None, {"clock_offset_s": "-99.5"}])),
        }
    )


@st.composite
def changes(draw: st.DrawFn) -> dict[str, Any]:
    """Open fields, stops and states of the note."""
    names = st.sampled_from(sorted({**DEVICE_WORDS, **CLINICIAN_WORDS}))
    words: dict[str, str | None] = dict.fromkeys(draw(st.lists(names, max_size=6)))
    words["total_treatment_minutes"] = draw(st.sampled_from([None, "", "many", "7", "38 min"]))
    started = draw(st.sampled_from([None, 0, 40_000]))
    return {
        "words": words,
        "dose": {
            "delivered_minutes": draw(st.integers(0, 99)),
            "paused_ms": draw(st.integers(0, 600_000)),
            "treatment_started_ms": started,
            "hold_samples": draw(st.integers(0, 2)),
            "stops": draw(st.sampled_from([(), (PATIENT_STOP,)])),
        },
        "note": {
            "signature": draw(st.sampled_from([None, SIGNATURE])),
            "adjustments": draw(st.sampled_from([(), (ADJUSTMENT,)])),
            "repetitions": draw(st.sampled_from([(), (repetition(),)])),
            "seal": draw(st.sampled_from(["", "00" * 32, "5e" * 32])),
        },
        "identity": {"calibration_due": draw(st.sampled_from(["2026-01-01", "", "unknown"]))},
        "without": draw(st.sampled_from(["", "note"])),
        "log_altered": draw(st.sampled_from(["event 3: it was altered", "", None])),
        "tables": {"fees": draw(st.sampled_from([None, fee_table()]))},
    }


@settings(max_examples=60, deadline=None)
@given(contexts(), changes(), st.sampled_from(sorted(shipped_profiles())))
def test_scrub_never_raises_and_never_exceeds_its_rules(
    context: ClaimContext, change: dict[str, Any], payer: str
) -> None:
    made = visit(**change)
    profile = shipped_profiles()[payer]
    before = context.model_dump()
    report = scrub(made.note, made.record, context, profile, made.tables, made.beside)
    allowed = {rule.id: {rule.severity, *rule.also} for rule in shipped_rules().rule}
    for finding in report.findings:
        assert finding.severity in allowed[finding.rule_id]
    assert report.blocked == any(finding.severity == "error" for finding in report.findings)
    assert [f.severity for f in report.findings] == sorted(
        (f.severity for f in report.findings), key=["error", "warn", "info"].index
    )
    offers = offers_of(Facts(made.note, made.record, context, profile, made.tables))
    assert report.advice in report_text("S-1", report, offers)
    assert report_document("S-1", report, offers)["ready"] is not report.blocked
    assert context.model_dump() == before

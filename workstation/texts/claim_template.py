"""The claim context that ``traction claim new`` prints: every key, commented, known ones filled in.

Keys without a value are printed as comments with an invented example; a test checks that every key
of the model is here and that every example is accepted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from records.checked_data import toml_value
from records.claim.context import ClaimContext
from records.standing.proposals import Proposal

OPEN: Final = (None, "", ())
"""Values that count as not given."""

_HEAD = """\
# Claim context: what the practice's system knows of this claim. It stays the owner; this file is a
# copy. Lines that begin with # are not read: remove the # and put your own value in place of the
# example (all examples are invented). What is left out stays open and is named where it is needed.
"""
_PROPOSED = """\
# Lines marked PROPOSED are from standing data, in the version that they name, or from the record:
# nobody has looked at them for this claim.
"""
Row = tuple[str, str, str]
_TOP: tuple[Row, ...] = (
    ("claim_id", '"CLAIM-1"', "account number on the claim; keep it unless you have one"),
    ("form", '"837P"', "837P, CMS1500, 837I or UB04"),
    ("date_of_service", "2026-11-24", "in the clinic's time zone"),
    ("patient_ref", '"A-0815"', "your record number"),
    ("diagnoses", '["M5116", "M5450"]', "as they stand on the claim: capitals, no dot"),
    ("patient_relationship", '"self"', "to the insured: self, spouse, child, other"),
    ("onset_date", "2026-10-20", "box 14"),
    ("initial_treatment_date", "2026-11-01", "box 15: first visit of the episode"),
    ("prior_auth_required", "true", "does the plan ask for an authorization?"),
    ("referral_number", '"REF-77"', "never the same as the authorization"),
    ("therapy_ytd_allowed", "812.40", "allowed therapy amounts of this year before this day"),
    ("visits_97012_this_episode", "3", "this visit included"),
    ("abn_on_file", "false", "a signed Advance Beneficiary Notice that Medicare requires"),
    ("voluntary_abn_on_file", "false", "a signed voluntary notice"),
    ("accept_assignment", "true", "box 27"),
    ("benefits_assigned", "true", "box 13"),
    ("release_of_information", "true", "box 12"),
    ("frequency", '"corrected"', "original, corrected or void; left out: original"),
    ("payer_claim_number", '"2026330000123"', "box 22: the payer's number of the claim before"),
    ("related_causes", '["none"]', "box 10: none, employment, auto, other"),
    ("accident_date", "2026-10-20", "of an accident"),
    ("accident_state", '"IL"', "box 10b: where, of an auto accident"),
    ("casualty_claim_number", '"WC-2026-77"', "box 11b: workers' compensation, auto"),
    ("other_insurance_first", "false", "does another insurance (other_payer) pay first? Box 11"),
    ("submitter_id", '"TIN000001"', "837P only"),
    ("receiver_id", '"PAYER01"', "837P only"),
)
_ADJUSTMENTS = '[{ group = "CO", reason = "45", amount = 7.00 }]'
_LINE: tuple[Row, ...] = (
    ("cpt", '"97140"', "code only"),
    ("units", "1", "97012: always 1"),
    ("modifiers", '["GP"]', "those that your system has; the program adds none by itself"),
    ("unit_of_measure", '"UN"', "UN = units"),
    ("charge", "22.00", ""),
    ("dx_pointers", "[1]", "numbers of the diagnoses above, at most 4"),
    ("pos", '"11"', "place of service"),
    ("started_at", "2026-11-24T10:20:00-06:00", "with the offset from UTC"),
    ("ended_at", "2026-11-24T10:35:00-06:00", ""),
    ("minutes", "15", ""),
    ("performed_by_role", '"PT"', "PT, PTA, OT, OTA, DC, MD, ATC or aide"),
    ("assistant_min", "0", "minutes that an assistant did alone"),
    ("body_region", '"lumbar"', "cervical, thoracic, lumbar, sacral, ... for 59 and XS"),
    ("technique", '"mechanical"', "or axial_decompression, manual, roller_table, y_strap, ..."),
    ("rendering_npi", '"1679576722"', "only when it is not the claim's"),
    ("adjudication.cpt", '"97012"', "where other_payer paid first: the code that it paid"),
    ("adjudication.modifiers", '["GP"]', ""),
    ("adjudication.units", "1", ""),
    ("adjudication.paid", "15.00", "never what you expect: what its remittance says"),
    ("adjudication.adjustments", _ADJUSTMENTS, "as its remittance says"),
    ("adjudication.patient_liability", "0.00", ""),
)
_ADDRESS: tuple[Row, ...] = (
    ("address.line_1", '"1 Main Street"', ""),
    ("address.line_2", '"Suite 2"', ""),
    ("address.city", '"Springfield"', ""),
    ("address.state", '"IL"', ""),
    ("address.zip", '"62701-0001"', "nine digits"),
)
_NPI: Row = ("npi", '"1234567893"', "ten digits")
_TAXONOMY: Row = ("taxonomy", '"225100000X"', "physical therapist")
_PERSON: tuple[Row, ...] = (
    ("last_name", '"Doe"', ""),
    ("first_name", '"Jane"', ""),
    ("middle_name", '"Q"', ""),
)
_INSURED: tuple[Row, ...] = (
    *_PERSON,
    ("birth_date", "1960-01-01", ""),
    ("sex", '"F"', "F, M or U"),
    ("member_id", '"1EG4TE5MK73"', "as on the card"),
    ("group_number", '"G-100"', ""),
    *_ADDRESS,
)
_PRACTICE: tuple[Row, ...] = (("last_name", '"Example Spine Clinic"', "the name"), _NPI, *_ADDRESS)
_OTHER_PAYER: tuple[Row, ...] = (
    ("kind", '"commercial"', "commercial, workers_comp, va, ..."),
    ("profile", '"commercial"', ""),
    ("name", '"Employer Plan"', ""),
    ("payer_id", '"60054"', "of a Medigap insurer its number at Medicare"),
    *_ADDRESS,
    ("patient_relationship", '"spouse"', "to its insured: self, spouse, child, other"),
    *((f"insured.{key}", example, meaning) for key, example, meaning in _INSURED),
    ("insurance_type", '"12"', "why Medicare pays second: 12, 13, 14, 15, 16, 41, 42, 43, 47"),
    ("medigap", "false", "a Medigap policy whose benefits were assigned? Boxes 9 to 9d"),
    ("adjudication.decided_on", "2026-11-24", "where it paid first: the day of its remittance"),
    ("adjudication.paid", "15.00", ""),
    ("adjudication.adjustments", _ADJUSTMENTS, "of the whole claim, not of a line"),
    ("adjudication.patient_liability", "0.00", "here or at the lines"),
)
_TABLES: tuple[tuple[str, str, tuple[Row, ...]], ...] = (
    (
        "payer",
        "who pays; the profile's rules apply (traction payers)",
        (
            ("kind", '"medicare_b"', "commercial, workers_comp, va, ..."),
            ("profile", '"medicare_b"', ""),
            ("name", '"Medicare Part B"', ""),
            ("payer_id", '"06102"', ""),
            *_ADDRESS,
        ),
    ),
    ("other_payer", "the second payer, where there is one (a claim names no third)", _OTHER_PAYER),
    (
        "plan",
        "the plan of care",
        (
            ("established", "2026-11-01", ""),
            ("discipline", '"GP"', "GP physical, GO occupational therapy, GN speech"),
            ("includes_traction", "true", ""),
            ("certified_on", "2026-11-05", ""),
            ("signed_order_on_file", "true", ""),
            ("sent_to_referrer_on", "2026-11-02", ""),
            ("cert_through", "2027-01-29", ""),
            ("treatment_days_since_progress_report", "4", ""),
        ),
    ),
    (
        "threshold_check",
        "in place of therapy_ytd_allowed: what the payer said of the threshold",
        (
            ("checked_on", "2026-11-20", ""),
            ("by", '"A. Example"', "who asked the payer"),
            ("result", '"below"', "below or above"),
        ),
    ),
    (
        "authorization",
        "the prior authorization",
        (
            ("number", '"AUTH12345"', ""),
            ("visits_allowed", "12", ""),
            ("visits_used", "3", "before this visit"),
            ("valid_from", "2026-11-01", ""),
            ("valid_to", "2026-12-31", ""),
            ("cpt_codes", '["97012"]', "empty: all"),
        ),
    ),
    ("patient", "the patient", _INSURED),
    ("subscriber", "the insured, when it is not the patient", _INSURED),
    (
        "billing",
        "who bills",
        (
            *_PRACTICE,
            ("tin", '"12-3456789"', ""),
            ("tin_kind", '"EI"', "EI employer, SY social security number"),
            _TAXONOMY,
            ("phone", '"5555550100"', ""),
        ),
    ),
    (
        "rendering",
        "who treated",
        (*_PERSON, ("credentials", '"PT"', ""), _NPI, _TAXONOMY),
    ),
    ("referring", "who certified the plan (box 17)", (*_PERSON, _NPI)),
    ("service_facility", "where, when it is not the billing address", _PRACTICE),
    (
        "device",
        "what people know of the device and its log does not hold",
        (
            ("udi_di", '"00812345678906"', "device identifier of a cleared device"),
            ("clock_offset_s", "0.4", "the workstation's clock against a time server"),
        ),
    ),
)


def claim_template(
    context: ClaimContext, proposed: Mapping[str, Proposal] = MappingProxyType({})
) -> str:
    """Returns the file for a claim; ``context`` has what record and order know.

    What they do not know is ``proposed``, each line with its source; ``lines.97012`` has keys of
    that service.
    """
    known = context.model_dump(mode="python", exclude_none=True)
    return "\n".join(_lines(known, proposed)) + "\n"


def _lines(known: dict[str, Any], proposed: Mapping[str, Proposal]) -> Iterator[str]:
    yield f"{_HEAD}{_PROPOSED if proposed else ''}"
    for row in _TOP:
        offered = proposed.get(row[0])
        yield _row(known, row, {row[0]: offered.value} if offered else {}, _mark(offered))
    for table, meaning, rows in _TABLES:
        offered = proposed.get(table)
        offer = offered.value if offered else {}
        own = known.get(table) or {}
        yield ""
        yield _beside(f"[{table}]" if own or offer else f"# [{table}]", meaning)
        yield from (_row(own, row, offer, _mark(offered)) for row in rows)
    for line in known["lines"]:
        offered = proposed.get(f"lines.{line['cpt']}")
        yield from _service("[[lines]]", "a service of this claim", line, offered)
    others: tuple[dict[str, Any], ...] = known["other_lines_same_day"] or ({},)
    for line in others:
        meaning = "a service of the same day that is billed elsewhere"
        yield from _service("[[other_lines_same_day]]", meaning, line)


def _service(
    head: str, meaning: str, known: dict[str, Any], offered: Proposal | None = None
) -> Iterator[str]:
    yield ""
    yield _beside(head if known else f"# {head}", meaning)
    offer = offered.value if offered else {}
    yield from (_row(known, row, offer, _mark(offered)) for row in _LINE)


def _row(
    known: dict[str, Any], row: Row, offer: Mapping[str, Any] = MappingProxyType({}), mark: str = ""
) -> str:
    """Returns a line: the known value, else a marked proposal, else the example as a comment."""
    key, example, meaning = row
    value, offered = _at(known, key), _at(offer, key)
    if value in OPEN and offered not in OPEN:
        value, meaning = offered, f"{mark}; {meaning}" if meaning else mark
    text = f"# {key} = {example}" if value in OPEN else f"{key} = {toml_value(value)}"
    return _beside(text, meaning) if meaning else text


def _at(table: Mapping[str, Any], key: str) -> Any:
    """Returns the value of a dotted key; None where there is none."""
    value: Any = table
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _mark(offered: Proposal | None) -> str:
    return f"PROPOSED by {offered.source}, check it" if offered else ""


def _beside(text: str, meaning: str) -> str:
    """Returns the line with its meaning in a column, or two blanks after a longer text."""
    return f"{text:<35} # {meaning}" if len(text) < 36 else f"{text}  # {meaning}"

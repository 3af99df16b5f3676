"""The clinician's fields of a note: their names, valid content, and what may be proposed.

The program never fills any of them. Findings and judgements of the day (symptoms, rationale,
screen, response, pain, comments, plan) are never proposed from an earlier visit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from controller.errors import NoteRefused
from controller.words import NAME_CHARACTERS, TEXT_CHARACTERS, fault_of
from records.note.stored_text import codes_text, number_text
from records.order.order import DIAGNOSIS, Order

MOST_DIAGNOSES = 12
MOST_MINUTES = 480
"""Minutes of one visit; more is a typing error (eight hours)."""
TOLERANCE = ("tolerated", "tolerated with change", "not tolerated")
REMARK = "remark."
"""Beginning of the name of a remark on a device field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClinicianField:
    """``proposable``: the last visit's entry may be confirmed; ``narrative``: repeats are flagged.

    ``told`` returns the order's text for the field, "" without one; ``is_codes``: the codes in the
    orders of several sessions are combined.
    """

    name: str
    label: str
    check: Callable[[str, str], str]
    told: Callable[[Order], str] = lambda order: ""
    unit: str = ""
    proposable: bool = False
    narrative: bool = False
    is_codes: bool = False


def _words(most: int) -> Callable[[str, str], str]:
    """Returns a check for text of at most ``most`` characters, as in the order file."""

    def check(name: str, value: str) -> str:
        text = value.strip()
        if not text:
            raise NoteRefused(f"{name} is empty; write something or mark it as not assessed")
        if fault := fault_of(text, most):
            raise NoteRefused(f"{name} {fault}")
        return text

    return check


_text, _name = _words(TEXT_CHARACTERS), _words(NAME_CHARACTERS)


def _diagnosis(name: str, value: str) -> str:
    codes = [code.strip() for code in value.split(",")]
    for code in codes:
        if not DIAGNOSIS.fullmatch(code):
            raise NoteRefused(
                f'{name}: "{code}" does not have the shape of an ICD-10-CM code; write codes with '
                'their dot, separated by commas, as in "A00.0, B00.1"'
            )
    if len(codes) > MOST_DIAGNOSES:
        raise NoteRefused(
            f"{name} has {len(codes)} codes, at most {MOST_DIAGNOSES}; leave some out"
        )
    return codes_text(codes)


def _tolerance(name: str, value: str) -> str:
    text = value.strip().lower()
    if text not in TOLERANCE:
        raise NoteRefused(f'{name}="{value}" is not one of {", ".join(TOLERANCE)}; correct it')
    return text


def _number(limit: int, what: str) -> Callable[[str, str], str]:
    def check(name: str, value: str) -> str:
        text = value.strip()
        if not (text.isascii() and text.isdigit()) or int(text) > limit:
            raise NoteRefused(f'{name}="{value}" is not a whole number from 0 to {limit} ({what})')
        return number_text(int(text))

    return check


_pain = _number(10, "numeric pain scale")
_minutes = _number(MOST_MINUTES, "minutes")

STOP_COMMENT = ClinicianField(
    name="stop_comment", label="Comment on the stop", check=_text, narrative=True
)
ADJUSTMENT_COMMENT = ClinicianField(
    name="adjustment_comment", label="Why the force changed", check=_text, narrative=True
)
PATIENT_REFERENCE = ClinicianField(
    name="patient_reference",
    label="Patient reference",
    check=_name,
    told=lambda order: order.patient_reference,
)

_FIELDS = (
    PATIENT_REFERENCE,
    ClinicianField(
        name="diagnosis",
        label="Diagnosis",
        check=_diagnosis,
        proposable=True,
        is_codes=True,
        told=lambda order: codes_text(order.diagnosis),
    ),
    ClinicianField(
        name="symptoms",
        label="Symptoms",
        check=_text,
        narrative=True,
        told=lambda order: order.symptoms,
    ),
    ClinicianField(
        name="rationale",
        label="Rationale for traction",
        check=_text,
        narrative=True,
        told=lambda order: order.rationale,
    ),
    ClinicianField(
        name="positioning",
        label="Positioning",
        check=_text,
        proposable=True,
        told=lambda order: order.positioning,
    ),
    ClinicianField(
        name="harness",
        label="Harness",
        check=_text,
        proposable=True,
        told=lambda order: order.harness,
    ),
    ClinicianField(name="angle_of_pull", label="Angle of pull", check=_text, proposable=True),
    ClinicianField(
        name="screening",
        label="Contraindication screen",
        check=_text,
        told=lambda order: order.screening,
    ),
    ClinicianField(name="patient_response", label="Patient response", check=_text, narrative=True),
    ClinicianField(name="tolerance", label="Tolerance", check=_tolerance),
    ClinicianField(name="pain_before", label="Pain before (0-10)", check=_pain),
    ClinicianField(name="pain_after", label="Pain after (0-10)", check=_pain),
    STOP_COMMENT,
    ADJUSTMENT_COMMENT,
    ClinicianField(
        name="set_up_by", label="Set up by", check=_name, told=lambda order: order.set_up_by
    ),
    ClinicianField(
        name="supervised_by",
        label="Supervised by",
        check=_name,
        told=lambda order: order.supervised_by,
    ),
    ClinicianField(name="performed_by", label="Performed by", check=_name),
    ClinicianField(
        name="total_timed_minutes", label="Total timed minutes", check=_minutes, unit="min"
    ),
    ClinicianField(
        name="total_treatment_minutes", label="Total treatment min", check=_minutes, unit="min"
    ),
    ClinicianField(name="plan_next", label="Plan for next visit", check=_text, narrative=True),
    ClinicianField(name="patient_notice", label="Notice of own cost", check=_text),
)


def clinician_fields(*, stopped: bool, adjusted: bool) -> tuple[ClinicianField, ...]:
    """Returns the fields of a note, in reading order."""
    absent = {
        *(() if stopped else (STOP_COMMENT.name,)),
        *(() if adjusted else (ADJUSTMENT_COMMENT.name,)),
    }
    return tuple(field for field in _FIELDS if field.name not in absent)


def open_in_words(names: Sequence[str]) -> str:
    """Returns open fields by label, each with the name that a command takes after it.

    "Rationale [rationale], Plan for next visit [plan_next]"; a remark has its name only.
    """
    labels = {field.name: field.label for field in _FIELDS}
    return ", ".join(f"{labels[name]} [{name}]" if name in labels else name for name in names)


def remark_field(device_name: str, device_label: str) -> ClinicianField:
    """Returns the field for a person's remark on a device field, which itself never changes."""
    return ClinicianField(
        name=REMARK + device_name, label=f"Remark: {device_label}"[:40], check=_text
    )

"""What standing data propose for an order or a claim, marked with its source.

A proposal is a line in a file that a person reads, changes and uses. Nothing is proposed where the
record, the order or the practice's system has a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from records.claim.code_sets import plain
from records.note.stored_text import codes_text
from records.standing.kinds import PatientRecord, PersonRecord, PresetDose, StandingRecord
from records.standing.versions import StandingData, StandingVersion

OF_THE_PATIENT = (
    "last_name",
    "first_name",
    "middle_name",
    "birth_date",
    "sex",
    "address",
    "phone",
    "member_id",
    "group_number",
)
"""Keys of the patient in table [patient] of a claim context."""
OF_THE_CLAIM = (
    "payer",
    "patient_relationship",
    "subscriber",
    "other_payer",
    "authorization",
    "plan",
    "referring",
    "onset_date",
    "initial_treatment_date",
    "prior_auth_required",
    "accept_assignment",
    "benefits_assigned",
    "release_of_information",
    "related_causes",
    "other_insurance_first",
    "threshold_check",
)
"""Keys that have the same name in both."""
OF_THE_CLINIC = ("submitter_id", "receiver_id")
"""The same of the clinic's record."""
OF_A_PERSON = ("last_name", "first_name", "credentials", "npi", "taxonomy")


OPEN: Final[tuple[object, ...]] = (None, "", (), [])
"""Values that count as not given."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A value and its source in words. A table is a mapping."""

    value: Any
    source: str


def claim_proposals(
    held: StandingData, patient: StandingVersion[PatientRecord] | None, performed_by: str
) -> dict[str, Proposal]:
    """Returns keys of a claim context, for a patient and for who treated, as far as on file.

    ``performed_by`` is the note's entry; it names somebody on file by initials or whole name.
    """
    found = dict[str, Proposal]()
    if held.clinic is not None:
        source, said = _from(held.clinic), _table(held.clinic.record)
        found["billing"] = Proposal(_table(held.clinic.record.bills), source)
        found |= {key: Proposal(said[key], source) for key in OF_THE_CLINIC if key in said}
    if patient is not None:
        source = _from(patient)
        said = _table(patient.record)
        found["patient"] = Proposal(
            {key: said[key] for key in OF_THE_PATIENT if key in said}, source
        )
        found |= {
            key: Proposal(said[key], source) for key in OF_THE_CLAIM if said.get(key) not in OPEN
        }
        if codes := tuple(plain(code) for code in patient.record.diagnoses):
            found["diagnoses"] = Proposal(codes, source)
    if person := person_called(held, performed_by):
        said = _table(person.record)
        values = {key: said[key] for key in OF_A_PERSON if key in said}
        found["rendering"] = Proposal(values, _from(person))
    return found


def order_proposals(
    patient: StandingVersion[PatientRecord] | None, preset: StandingVersion[Any] | None
) -> dict[str, Proposal]:
    """Returns keys of an order file. None as a value: the preset has no such part of a dose."""
    found = dict[str, Proposal]()
    if preset is not None:
        dose = preset.record.dose.model_dump()
        assert dose.keys() == PresetDose.model_fields.keys(), "a preset's dose is one"
        found |= {key: Proposal(value, _from(preset)) for key, value in dose.items()}
    if patient is not None:
        source, record = _from(patient), patient.record
        found["patient_reference"] = Proposal(record.reference, source)
        words: Mapping[str, Any] = {
            "diagnosis": record.diagnoses,
            "harness": record.harness,
            "positioning": record.positioning,
        }
        found |= {key: Proposal(value, source) for key, value in words.items() if value}
    return found


def note_words(patient: PatientRecord) -> dict[str, str]:
    """Returns fields of a note with texts in a patient's record; a person takes each over."""
    words = {
        "diagnosis": codes_text(patient.diagnoses),
        "positioning": patient.positioning,
        "harness": patient.harness,
    }
    return {name: text for name, text in words.items() if text}


def person_called(held: StandingData, name: str) -> StandingVersion[PersonRecord] | None:
    """Returns the person named in a note: by initials, or by whole name, perhaps with credentials.

    None where nobody on file, or more than one, has this name.
    """
    named = [each for each in held.people if name in set(_names(each.record))]
    return named[0] if len(named) == 1 else None


def _names(person: PersonRecord) -> Iterator[str]:
    yield person.initials
    yield person.full_name
    if person.credentials:
        yield f"{person.full_name}, {person.credentials}"


def _table(record: BaseModel) -> dict[str, Any]:
    return record.model_dump(mode="python", exclude_none=True)


def _from(version: StandingVersion[StandingRecord]) -> str:
    return f"{version.words.partition(' of ')[0]} by {version.by}"

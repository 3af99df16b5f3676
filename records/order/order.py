"""Order: the prescription as checked numbers, and the texts that people wrote with it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from controller.errors import PrescriptionInvalid
from controller.order.prescription import Prescription

ICD10_CATEGORY = r"[A-Z](?:\d[0-9A-Z]|[A-Z]\d)"
"""First three characters of an ICD-10-CM code. The second was a digit until the edition of 2026
brought QA0; one of the first three is a digit, so that "(NOS)" in a note is not a code.
"""
DIAGNOSIS = re.compile(rf"{ICD10_CATEGORY}(?:\.[0-9A-Z]{{1,4}})?")
"""Form of an ICD-10-CM code; whether it exists is not checked here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """``as_entered`` keeps each quantity as it was written; empty texts are open, never filled."""

    prescription: Prescription
    as_entered: Mapping[str, str]
    patient_reference: str
    positioning: str
    harness: str
    diagnosis: tuple[str, ...]
    symptoms: str
    rationale: str
    screening: str
    set_up_by: str
    supervised_by: str
    source_text: str

    @property
    def digest(self) -> str:
        """Returns SHA-256 of the order's text (hex), which the evidence contains."""
        return hashlib.sha256(self.source_text.encode()).hexdigest()

    @property
    def is_of_a_patient(self) -> bool:
        """Returns True when the order names its patient."""
        return bool(self.patient_reference.strip())

    def check_patient_is_named(self) -> None:
        """Refuse an order without a patient for a unit that treats people.

        Raises PrescriptionInvalid.
        """
        if not self.is_of_a_patient:
            raise PrescriptionInvalid(
                "patient_reference is empty, and this unit treats patients (its profile is "
                "verified); write your record number into the order"
            )

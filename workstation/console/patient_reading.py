"""A patient's address on the console, and the audit row that is kept before a record is shown."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from records.clinic.audit import record_read, standing_field
from records.standing.kinds import PatientRecord
from records.standing.versions import StandingVersion
from workstation.console.site import Site

Patient = StandingVersion[PatientRecord]


def patient_path(reference: str) -> str:
    """Returns the address of a patient's page."""
    return f"/patients/{quote(reference, safe='')}"


def keep_reading(site: Site, person: str, what: str, found: Sequence[Patient]) -> None:
    """Record the access before patients' data are handed out."""
    if found:
        named = [standing_field("patient", each.name) for each in found]
        record_read(site.folder, site.author(person), what, fields=named)

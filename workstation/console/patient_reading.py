"""A patient's address on the console, and the row that is kept before a record is shown."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from records.clinic.audit import record_read, standing_field
from records.standing.kinds import PatientRecord
from records.standing.versions import StandingVersion
from workstation.console.site import Site

Patient = StandingVersion[PatientRecord]


def patient_path(reference: str) -> str:
    """The address of a patient's page."""
    return f"/patients/{quote(reference, safe='')}"


def keep_reading(site: Site, person: str, what: str, found: Sequence[Patient]) -> None:
    """Patients' data are handed out only once the row of the access is kept."""
    if found:
        named = [standing_field("patient", each.name) for each in found]
        record_read(site.folder, site.author(person), what, fields=named)

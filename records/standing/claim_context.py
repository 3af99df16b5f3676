"""A claim's context from standing data: what record, order and note do not know of the claim.

Their values are not changed, and nothing is invented: what is missing in standing records stays
open, and the rules name it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from records.claim.context import TRACTION_CPT, ClaimContext
from records.standing.kinds import PatientRecord, PersonRecord
from records.standing.proposals import OPEN, claim_proposals, person_called
from records.standing.versions import StandingData, StandingVersion


def standing_context(
    known: ClaimContext,
    held: StandingData,
    patient: StandingVersion[PatientRecord],
    performed_by: str,
) -> ClaimContext:
    """Returns ``known`` with standing data of clinic, patient and who treated.

    ``source`` names the versions, ``source_digest`` is over their digests.
    """
    proposed = claim_proposals(held, patient, performed_by)
    said = {key: each.value for key, each in proposed.items()}
    values: dict[str, Any] = known.model_dump(mode="python", exclude_none=True)
    pays = patient.record.payer
    if pays is not None and pays.profile == known.payer.profile:
        values["payer"] = said["payer"]
    for key, value in said.items():
        if values.get(key) in OPEN:
            values[key] = value
    person = person_called(held, performed_by)
    values["lines"] = [_with_line(line, held, person) for line in values["lines"]]
    used = [each for each in (patient, held.clinic, person) if each is not None]
    named = ", ".join(f"{each.kind} {each.name} version {each.number}" for each in used)
    digests = " ".join(each.digest for each in used)
    values["source"] = f"standing data ({named})"
    values["source_digest"] = hashlib.sha256(digests.encode()).hexdigest()
    return ClaimContext.model_validate(values)


def _with_line(
    line: Mapping[str, Any], held: StandingData, person: StandingVersion[PersonRecord] | None
) -> Mapping[str, Any]:
    """Returns the traction line with the clinic's charge, place and technique, and who treated."""
    if line["cpt"] != TRACTION_CPT:
        return line
    of_clinic = held.clinic.record.traction_line if held.clinic else None
    said = of_clinic.model_dump(exclude_none=True) if of_clinic else {}
    if person is not None and person.record.role is not None:
        said["performed_by_role"] = person.record.role
    return {**said, **line}

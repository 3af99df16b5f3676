"""The claim data of the practice's system, as a commented file to be filled in."""

from __future__ import annotations

from records.claim.rules.payer_profile import find_profile
from records.standing.proposals import claim_proposals
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from records.visit.billing import GENERIC_PAYER, claim_of_record
from records.visit.responsible_assistants import line_proposals
from records.visit.visit import Visit
from workstation.texts.claim_template import claim_template


def claim_to_fill_in(folder: RecordFolder, visit: Visit, payer: str | None = None) -> str:
    """Returns the claim context of a session with what its record knows; ``payer`` is a profile.

    What standing data know of clinic, patient and people is proposed, marked line by line, and so
    are an assistant's minutes where somebody took over.
    """
    held = read_standing(folder)
    patient = held.patient_exactly(visit.patient_reference)
    known = patient.record.payer if patient else None
    payer = payer or (known.profile if known else None)
    context = claim_of_record(visit, find_profile(payer or GENERIC_PAYER, folder))
    performed_by = visit.note.field("performed_by").value or ""
    proposed = claim_proposals(held, patient, performed_by)
    if known and known.profile != context.payer.profile:
        del proposed["payer"]
    return claim_template(context, proposed | line_proposals(folder, visit))


def name_of_claim_file(session_id: str) -> str:
    """Returns the name of such a file."""
    return f"{session_id}-claim.toml"

"""The payers of the clinic: its record names the profiles that are in use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from records.claim.rules.payer_profile import all_profiles
from records.standing.kinds import PatientRecord
from records.standing.versions import StandingData
from records.store.record_folder import RecordFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class PayersInUse:
    """Names of profiles with a patient's ``payer`` values for each; ``unknown`` have no profile.

    A clinic that names no profiles uses all of them.
    """

    offered: Mapping[str, Mapping[str, str]]
    unknown: tuple[str, ...]


def payers_in_use(folder: RecordFolder, held: StandingData) -> PayersInUse:
    """Returns the choices for a patient; raises RulesInvalid for an invalid profile."""
    known = all_profiles(folder)
    named = _named(held)
    return PayersInUse(
        offered={
            name: {"profile": name, "kind": known[name].kind}
            for name in named or known
            if name in known
        },
        unknown=tuple(name for name in named if name not in known),
    )


def payer_not_in_use(patient: PatientRecord, held: StandingData) -> str:
    """Returns that the clinic does not use the patient's payer profile, in words; "" if it does."""
    named = _named(held)
    profile = patient.payer.profile if patient.payer else ""
    if not named or not profile or profile in named:
        return ""
    return (
        f"payer profile {profile} of patient {patient.reference} is not one that the clinic has in "
        f"use ({', '.join(named)}): correct one of both (`traction clinic change payers=...`)"
    )


def _named(held: StandingData) -> tuple[str, ...]:
    return held.clinic.record.payers if held.clinic is not None else ()

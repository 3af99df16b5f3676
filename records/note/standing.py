"""A note's texts about the standing data of its session, as they were then."""

from __future__ import annotations

from collections.abc import Iterator

from records.clinic.standing_used import StandingUsed
from records.provenance import Origin, Sourced

SOURCE = "standing data"
NO_FLAG = "none"


def standing_fields(used: StandingUsed) -> Iterator[Sourced[str]]:
    """Returns the lasting flags that were shown, and the records by version and digest."""
    patient = used.of("patient")
    if patient is not None:
        yield Sourced(
            name="lasting_flags",
            label="Lasting flags",
            value="; ".join(used.flags) or NO_FLAG,
            origin=Origin.CLINICIAN,
            source=SOURCE,
            attested_by=patient.by,
            attested_utc_ms=patient.at_utc_ms,
            document=f"{patient.kind} {patient.name} version {patient.version}",
            digest=patient.digest,
        )
    if used.records:
        yield Sourced(
            name="standing_data",
            label="Standing data",
            value=", ".join(each.words for each in used.records),
            origin=Origin.DERIVED,
            method="the versions on file when the order was filed",
        )

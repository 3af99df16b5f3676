"""The findings of the verification of clinic.db, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator

from records.clinic.chain_check import ClinicAlteration
from records.clinic.clinic_verify import ClinicVerification
from workstation.output import utc_text


def clinic_lines(result: ClinicVerification) -> Iterator[str]:
    """Yields one line for each finding, and what was checked and what was not."""
    yield _looked_at(result)
    yield from result.remarks
    for found in result.alterations:
        label = "NOT CHECKED" if found.unread else "ALTERED"
        yield f"{label} clinic.db, {found.where}: {found.what}{_since(found)}"
    if not result.alterations and result.session_id:
        yield f"the words of session {result.session_id} were not altered"
    elif not result.alterations:
        compared = result.checkpoints_compared
        yield "clinic.db was not altered " + (
            f"({compared} checkpoints from outside agree)"
            if compared
            else "(not checked against outside checkpoints)"
        )
    if result.checkpoint:
        yield f"checkpoint of clinic.db, to be kept elsewhere: {result.checkpoint}"


def _looked_at(result: ClinicVerification) -> str:
    if not result.session_id:
        return (
            f"verified clinic.db: {result.entries} entries in {result.links} signed links, "
            f"{result.orders} orders; {result.not_covered}"
        )
    return (
        f"verified the words of session {result.session_id} in clinic.db: {result.entries} "
        f"entries, {result.orders} order, all {result.links} links recomputed, those since the "
        f"order with their signatures; {result.not_covered}"
    )


def _since(found: ClinicAlteration) -> str:
    if found.since_utc_ms is None:
        return ""
    return f"; everything before fits, up to {utc_text(found.since_utc_ms)}"

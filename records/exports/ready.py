"""Whether a claim can be written: every export of it is tried before the rules call it ready."""

from __future__ import annotations

from collections.abc import Iterator

from controller.errors import ExportIncomplete, RequestRefused
from records.claim.context_file import ImportedClaim
from records.claim.needs.of_form import is_electronic, is_on_paper
from records.claim.unwritten import UnwrittenExport
from records.exports.formats import KINDS, PLAIN
from records.store.record_folder import RecordFolder
from records.visit.billing import billed
from records.visit.visit import Visit


def scrubbed(
    folder: RecordFolder,
    visit: Visit,
    *,
    payer: str | None = None,
    imported: ImportedClaim | None = None,
) -> Visit:
    """Returns the visit with scrubbed claim, after trying the exports; parameters as ``billed``."""
    return billed(folder, visit, payer=payer, imported=imported, trial=refusals_of)


def refusals_of(visit: Visit) -> tuple[UnwrittenExport, ...]:
    """Returns what the exports of this claim would refuse, each reason once with its formats."""
    by_reason: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for name in claim_formats(visit):
        try:
            _try(visit, name)
        except RequestRefused as error:
            missing = error.missing if isinstance(error, ExportIncomplete) else ()
            reason = "" if missing else error.message
            by_reason.setdefault((reason, missing), []).append(name)
    return tuple(
        UnwrittenExport(formats=tuple(names), message=reason, missing=missing)
        for (reason, missing), names in by_reason.items()
    )


def _try(visit: Visit, name: str) -> None:
    """Write one format to nowhere: without the PDF inside, and before the rules are applied."""
    from records.exports.messages.fhir_bundle import fhir_bundle
    from records.exports.messages.hl7_dft import dft_p03
    from records.exports.messages.hl7_mdm import mdm_t02

    match name:
        case "fhir":
            fhir_bundle(visit, b"")
        case "hl7-dft":
            dft_p03(visit, PLAIN.known_receiver)
        case "hl7-mdm":
            mdm_t02(visit, b"", visit.note_file)
        case _:
            KINDS[name].write(visit, PLAIN)


def claim_formats(visit: Visit) -> Iterator[str]:
    """Returns the formats that carry a claim of this form; the note's own are never refused.

    A self-paying patient has no payer's form. An institutional form has no export of its own.
    """
    context = visit.context
    if context is not None and is_electronic(context):
        yield "837p"
    if context is not None and is_on_paper(context):
        yield "cms1500"
    yield from ("fhir", "hl7-dft", "hl7-mdm")

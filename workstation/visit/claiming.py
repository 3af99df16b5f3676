"""The claim of a signed visit: the rules of the patient's payer, and the file when it is ready."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from controller.errors import TractionError
from records.claim.charge_line import MODIFIER
from records.claim.needs.of_form import is_electronic, is_on_paper
from records.claim.rules.report import open_errors, verdict
from records.exports.ready import scrubbed
from records.store.author import Person
from records.store.record_folder import RecordFolder
from records.visit.billing import ClaimCode, accept
from records.visit.load import audited_visit
from records.visit.visit import Visit
from workstation.output import Target
from workstation.settings import Settings
from workstation.visit.desk import VisitDesk
from workstation.visit.exporting import AskedExport, write_export

NewPerson = Callable[[RecordFolder], Person]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimResult:
    """The outcome of a claim: its ``file``, or why there is none."""

    session_id: str
    reference: str
    file: Path | None = None
    lacks: tuple[str, ...] = ()


def claim_of_visit(desk: VisitDesk, session_id: str) -> ClaimResult:
    """Scrub, offer what may be accepted one by one, and write the claim when it is ready."""
    visit = scrubbed_visit(desk.folder, desk.settings, session_id, desk.author)
    for offer in visit.offers:
        desk.dialogue.tell(f"offer {offer.key}: {offer.why}")
        for text in offer.shown:
            desk.dialogue.tell(f"  {text}")
        if desk.dialogue.yes(f"accept {offer.key}", f"Accept {offer.key}?"):
            accept(desk.folder, visit, desk.author(), code_called(offer.kind, offer.key))
    if visit.offers:
        visit = scrubbed_visit(desk.folder, desk.settings, session_id, desk.author)
    assert visit.report is not None, "a scrubbed visit has a report"
    desk.dialogue.tell(verdict(visit.report))
    place = desk.documents / desk.day.isoformat()
    return export_when_ready(desk.folder, visit, place, desk.author)


def code_called(kind: str, key: str) -> ClaimCode:
    """Returns the code that an offer or an acceptance names: "97012:GP", or a diagnosis."""
    if kind != MODIFIER:
        return ClaimCode(diagnosis=key)
    line, _, modifier = key.partition(":")
    return ClaimCode(modifier=modifier, line=line)


def scrubbed_visit(
    folder: RecordFolder, settings: Settings, session_id: str, person: NewPerson
) -> Visit:
    """Returns the visit with what the rules of its payer say; the access is kept first."""
    visit = audited_visit(folder, session_id, settings, person(folder), "scrub")
    return scrubbed(folder, visit)


def export_when_ready(
    folder: RecordFolder, visit: Visit, place: Path, person: NewPerson
) -> ClaimResult:
    """Write the claim into the folder of a day, or return what it lacks."""
    lacks = tuple(claim_lacks(visit))
    result = ClaimResult(
        session_id=visit.session_id, reference=visit.patient_reference, lacks=lacks
    )
    if lacks:
        return result
    asked = AskedExport(format=_format(visit), out=Target(place, is_folder=True))
    try:
        written = write_export(folder, visit, asked, person=person)
    except TractionError as refusal:
        return ClaimResult(
            session_id=result.session_id, reference=result.reference, lacks=(refusal.message,)
        )
    return ClaimResult(session_id=result.session_id, reference=result.reference, file=written.file)


def claim_lacks(visit: Visit) -> Iterator[str]:
    """Returns what holds a claim back, each in the words of its rule."""
    assert visit.report is not None, "a scrubbed visit has a report"
    for finding in visit.report.findings:
        if finding.severity == "error":
            yield f"{finding.rule_id}  {finding.message}"
    for result in open_errors(visit.report):
        yield f"{result.rule_id}  not judged: {'; '.join(result.why)}"


def _format(visit: Visit) -> str:
    """Returns the form of its payer; a self-paying patient gets the charge line."""
    context = visit.context
    assert context is not None, "a scrubbed visit has a claim"
    if is_electronic(context):
        return "837p"
    return "cms1500" if is_on_paper(context) else "csv"

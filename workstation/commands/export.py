"""``traction export`` and ``traction upload``: documents of a session, for people and systems."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workstation.commands.options import (
    ContextOption,
    DataOption,
    JsonOption,
    PayerOption,
    SessionArgument,
    place_of,
)
from workstation.output import say, say_json

if TYPE_CHECKING:
    from records.store.record_folder import RecordFolder
    from records.visit.visit import Visit


class Format(StrEnum):
    """Export formats; exporting.KINDS holds their writers, the bundle is the evidence's."""

    PDF = "pdf"
    TEXT = "text"
    SUMMARY = "summary"
    CSV = "csv"
    JSON = "json"
    SCRUB_HTML = "scrub-html"
    SCRUB_PDF = "scrub-pdf"
    SCRUB_JSON = "scrub-json"
    CMS1500 = "cms1500"
    CMS1500_JSON = "cms1500-json"
    X12_837P = "837p"
    FHIR = "fhir"
    HL7_DFT = "hl7-dft"
    HL7_MDM = "hl7-mdm"
    BUNDLE = "bundle"


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("export")(export)
    app.command("upload")(upload)


def export(
    session: SessionArgument,
    format_: Annotated[Format, typer.Option("--format", help="What to write.")],
    out: Annotated[
        Path | None,
        typer.Option(help="File or folder; default: a file named by the session, here."),
    ] = None,
    context: ContextOption = None,
    payer: PayerOption = None,
    receiver: Annotated[
        str, typer.Option(help="Column map of the CSV; your own lie in DIR/receivers.")
    ] = "own",
    sampled: Annotated[
        bool, typer.Option("--sampled", help="FHIR: with the whole force curve.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write one document of a session.

    The claim is looked at by the rules of its payer; what they call wrong stands on the document,
    and a program that would import it without looking gets nothing.
    """
    from records.exports.bundle import bundle_of
    from records.exports.formats import Choices, chosen_receiver, file_name, place_for, written
    from workstation.output import write_file

    folder = place_of(data).folder
    choices = Choices(receiver=chosen_receiver(folder, receiver), sampled=sampled)
    if format_ is Format.BUNDLE:
        visit = _audited(folder, session, "export bundle")
        content, name = bundle_of(folder, visit), f"{visit.session_id}.zip"
    else:
        visit = _visit(folder, session, f"export {format_.value}", context, payer)
        content = written(visit, format_.value, choices)
        mapped = receiver if format_ is Format.CSV else "own"
        name = file_name(visit.session_id, format_.value, mapped)
    target = place_for(visit.session_id, out, name)
    _report(visit, format_, write_file(target, content), as_json=as_json)


def upload(
    session: SessionArgument,
    openemr: Annotated[str, typer.Option("--openemr", help="Address, as in https://emr.example")],
    patient: Annotated[int, typer.Option("--patient", help="OpenEMR's number of the patient.")],
    token_env: Annotated[
        str, typer.Option("--token-env", help="Environment variable that holds the token.")
    ],
    category: Annotated[
        str, typer.Option(help="Folder of the documents tree, as OpenEMR shows it.")
    ] = "Medical Record",
    site: Annotated[str, typer.Option(help="OpenEMR's site.")] = "default",
    context: ContextOption = None,
    payer: PayerOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put the note's PDF into a patient's documents in OpenEMR. Not tried with a live one."""
    from records.exports.formats import written
    from workstation.openemr import DocumentEndpoint, token_from, upload_document

    token = token_from(token_env)
    endpoint = DocumentEndpoint(base_url=openemr, site=site, patient=patient, category=category)
    folder = place_of(data).folder
    visit = _visit(folder, session, "upload pdf", context, payer)
    upload_document(endpoint, visit.note_file, written(visit, "pdf"), token)
    if as_json:
        say_json({"uploaded": visit.note_file, "to": endpoint.url, "patient": patient})
        return
    say(f"uploaded {visit.note_file} to patient {patient} at {endpoint.url}")


def _visit(
    folder: RecordFolder, session: str, what: str, context: Path | None, payer: str | None
) -> Visit:
    """The session with its claim and what the rules say of it; the access is kept first."""
    from records.visit.billing import billed

    visit = _audited(folder, session, what)
    if context is None and not visit.record.reached_holding:
        return visit  # without a treatment there is no claim for rules to look at
    return billed(folder, visit, payer=payer, context_file=context)


def _audited(folder: RecordFolder, session: str, what: str) -> Visit:
    from records.visit.load import audited_visit
    from workstation.author_now import reader_now
    from workstation.settings import load_settings

    return audited_visit(folder, session, load_settings(), reader_now(folder), what)


def _report(visit: Visit, format_: Format, file: Path, *, as_json: bool) -> None:
    csv = format_ is Format.CSV
    open_fields = visit.charge().open_fields if csv else visit.note.open_fields
    errors = [f for f in visit.report.findings if f.severity == "error"] if visit.report else []
    if as_json:
        say_json(
            {
                "file": str(file),
                "open_fields": open_fields,
                "ready": not errors and visit.report is not None,
                "errors": [finding.rule_id for finding in errors],
            }
        )
        return
    say(f"written to {file}")
    if open_fields:
        say(f"open, to be completed: {', '.join(open_fields)}")
    if errors:
        say(f"NOT READY: {', '.join(finding.rule_id for finding in errors)}")

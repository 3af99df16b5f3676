"""``traction export`` and ``traction upload``: documents of a session, for people and systems."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workstation.commands.options import (
    ClaimOptions,
    ForceOption,
    Place,
    RecordsOptions,
    SessionArgument,
    grouped,
    say_whose_visit,
)
from workstation.commands.session_names import named_session, named_treatment
from workstation.output import Target, say, say_json

if TYPE_CHECKING:
    from records.visit.visit import Visit
    from workstation.terminal_sign_in import Acting
    from workstation.visit.exporting import AskedExport, Written


class Format(StrEnum):
    """Export formats; records.exports.formats has their writers, except for the bundle."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class FormOptions:
    """Options for documents of some formats."""

    receiver: Annotated[
        str,
        typer.Option(help="Receiver map for CSV, HL7 and X12; yours are in DIR/receivers."),
    ] = "own"
    sampled: Annotated[
        bool, typer.Option("--sampled", help="FHIR: include the whole force curve.")
    ] = False
    again: Annotated[
        bool,
        typer.Option("--again", help="Export a claim that was already exported in this format."),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOptions:
    """Where a document is written, and whether it may overwrite a file."""

    out: Annotated[
        Target | None,
        typer.Option(
            parser=Target.of,
            metavar="PLACE",
            help="File, or a folder (FOLDER/), which is created; default: here, named after "
            "the session.",
        ),
    ] = None
    force: ForceOption = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEmrOptions:
    """Where in OpenEMR a document is stored."""

    openemr: Annotated[str, typer.Option(help="Address, as in https://emr.example")]
    patient: Annotated[int, typer.Option("--pid", help="OpenEMR's number of the patient.")]
    token_env: Annotated[str, typer.Option(help="Environment variable that holds the token.")]
    category: Annotated[
        str, typer.Option(help="Folder of the documents tree, as OpenEMR shows it.")
    ] = "Medical Record"
    site: Annotated[str, typer.Option(help="OpenEMR's site.")] = "default"


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("export")(export)
    app.command("upload")(upload)


@grouped
def export(
    session: SessionArgument,
    *,
    format_: Annotated[Format, typer.Option("--format", help="What to write.")],
    to: PlaceOptions,
    claim: ClaimOptions,
    form: FormOptions,
    records: RecordsOptions,
) -> None:
    """Write one document of a session.

    The claim is looked at by the rules of its payer; what they call wrong stands on the document,
    and a program that would import it without looking gets nothing.
    """
    from workstation.author_now import reader_now
    from workstation.visit.exporting import AskedExport, write_export

    place = records.place
    asked = AskedExport(
        format=format_.value,
        receiver=form.receiver,
        sampled=form.sampled,
        again=form.again,
        out=to.out,
        force=to.force,
    )
    asked.check_receiver(place.folder)
    named = named_treatment(place, session)
    if named.on_paper:
        _export_paper(place, named.called, asked, as_json=records.as_json)
        return
    who = _who(place, asked)
    visit = _visit(place, named.called, f"export {format_.value}", claim, who)
    by = partial(reader_now, by=who.by, account=who.account)
    written = write_export(place.folder, visit, asked, say_whose_visit, by)
    _report(visit, format_, written, as_json=records.as_json)


def _export_paper(place: Place, sheet_id: str, asked: AskedExport, *, as_json: bool) -> None:
    """A document of a downtime sheet: its note, never a claim."""
    from records.exports.paper_documents import paper_document
    from records.visit.paper_visit import audited_paper
    from workstation.author_now import reader_now
    from workstation.output import refuse_existing, write_file

    settings, folder = place
    what = f"export {asked.format}"
    visit = audited_paper(folder, sheet_id, settings, reader_now(folder), what)
    content, name = paper_document(visit, asked.format)
    target = asked.out.file(name) if asked.out else Path(name)
    refuse_existing(target, force=asked.force)
    write_file(target, content)
    open_fields = visit.note.open_fields
    if as_json:
        say_json(
            "export",
            {
                "file": str(target),
                "notices": [],
                "open_fields": open_fields,
                "ready": False,
                "errors": ["T-001"],
                "exported_before": [],
            },
        )
        return
    say(f"written to {target}")
    if open_fields:
        say(f"open, to be completed: {', '.join(open_fields)}")
    say("NOT READY: T-001")


@grouped
def upload(
    session: SessionArgument,
    target: OpenEmrOptions,
    claim: ClaimOptions,
    records: RecordsOptions,
) -> None:
    """Put the note's PDF into a patient's documents in OpenEMR. Not tried with a live one."""
    from records.exports.formats import written
    from workstation.openemr import DocumentEndpoint, token_from, upload_document
    from workstation.terminal_sign_in import Acting

    token = token_from(target.token_env)
    endpoint = DocumentEndpoint(
        base_url=target.openemr,
        site=target.site,
        patient=target.patient,
        category=target.category,
    )
    place = records.place
    visit = _visit(place, named_session(place, session), "upload pdf", claim, Acting(""))
    say_whose_visit(visit)
    upload_document(endpoint, visit.note_file, written(visit, "pdf"), token)
    if records.as_json:
        say_json(
            "upload", {"uploaded": visit.note_file, "to": endpoint.url, "patient": target.patient}
        )
        return
    say(f"uploaded {visit.note_file} to patient {target.patient} at {endpoint.url}")


def _who(place: Place, asked: AskedExport) -> Acting:
    """Require a sign-in to let a claim leave, where accounts are in use; a reader needs none."""
    from workstation.terminal_sign_in import Acting, acting

    if not asked.sent_as:
        return Acting("")
    from records.accounts.rights import Right

    return acting(place.folder, "", Right.CLAIM)


def _visit(place: Place, session: str, what: str, claim: ClaimOptions, who: Acting) -> Visit:
    """Returns the session with its claim and what the rules say of it; the access is kept first."""
    from workstation.author_now import reader_now
    from workstation.visit.exporting import visit_to_export

    person = reader_now(place.folder, *who)
    return visit_to_export(place, session, what, person, (claim.payer, claim.imported))


def _report(visit: Visit, format_: Format, written: Written, *, as_json: bool) -> None:
    from records.note.fields import open_in_words
    from records.visit.sent import sent_texts

    csv = format_ is Format.CSV
    open_fields = visit.charge().open_fields if csv else visit.note.open_fields
    errors = list(dict.fromkeys(text.partition(":")[0] for text in visit.face.errors))
    if as_json:
        say_json(
            "export",
            {
                "file": str(written.file),
                "notices": list(written.notices),
                "open_fields": open_fields,
                "ready": visit.ready,
                "errors": errors,
                "exported_before": sent_texts(visit),
            },
        )
        return
    say(f"written to {written.file}")
    for notice in written.notices:
        say(f"changed for the receiver: {notice}")
    if open_fields:
        named = ", ".join(open_fields) if csv else open_in_words(open_fields)
        say(f"open, to be completed: {named}")
    if errors:
        say(f"NOT READY: {', '.join(errors)}")
    for text in sent_texts(visit):
        say(f"claim exported before: {text}")

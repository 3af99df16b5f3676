"""Commands of billing: claim new, scrub, estimate, accept, payers.

The practice's system remains the source of the claim: nothing is sent, and nothing is added
automatically.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.errors import RequestRefused
from workstation.commands.help_page import WholeSentences
from workstation.commands.made_file import MadeFile, put_out
from workstation.commands.options import (
    ClaimOptions,
    ForceOption,
    OutOption,
    PayerOption,
    Place,
    RecordsOptions,
    SessionArgument,
    grouped,
    say_whose_visit,
)
from workstation.commands.session_names import named_session, named_treatment
from workstation.exit_status import RECORD_BAD
from workstation.output import say, say_json, say_text

if TYPE_CHECKING:
    from records.claim.estimate import Estimate
    from records.claim.rules.scrubber import ScrubReport
    from records.visit.paper_visit import PaperVisit
    from records.visit.visit import Visit

NOT_READY = 3
ByOption = Annotated[str, typer.Option("--by", help="Name of the person who accepts.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOptions:
    """The code that a person accepts, or a decision about billing."""

    modifier: Annotated[str | None, typer.Option(help="Modifier, as in GP or XU.")] = None
    diagnosis: Annotated[str | None, typer.Option(help="ICD-10-CM code.")] = None
    line: Annotated[str, typer.Option(help="Code of the line of the modifier.")] = "97012"
    billing: Annotated[
        str | None,
        typer.Option(help="Decision on a treatment cut short: bill, bill-52 or no-bill."),
    ] = None
    reason: Annotated[str, typer.Option(help="Why it is billed so, or not.")] = ""


claim_app = typer.Typer(
    cls=WholeSentences,
    help="Print a claim context to fill in with what the practice's system knows.",
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    """Add the commands of billing."""
    app.add_typer(claim_app, name="claim")
    app.command("scrub")(scrub)
    app.command("estimate")(estimate)
    app.command("accept")(accept)
    app.command("payers")(payers)


@claim_app.command("new")
@grouped
def claim_new(
    session: SessionArgument,
    payer: PayerOption = None,
    out: OutOption = None,
    force: ForceOption = False,
    *,
    records: RecordsOptions,
) -> None:
    """Print a commented claim context for a session, with what its record knows filled in.

    What standing data know of clinic, patient and people is proposed, marked line by line, and so
    are an assistant's minutes where somebody took over.
    """
    from records.visit.load import audited_visit
    from workstation.author_now import reader_now
    from workstation.visit.claim_to_fill_in import claim_to_fill_in, name_of_claim_file

    place = records.place
    settings, folder = place
    session_id = named_session(place, session)
    visit = audited_visit(folder, session_id, settings, reader_now(folder), "claim new")
    say_whose_visit(visit)
    text = claim_to_fill_in(folder, visit, payer)
    made = MadeFile(name_of_claim_file(visit.session_id), text.encode())
    put_out("claim-new", made, out, force=force, as_json=records.as_json)


@grouped
def scrub(session: SessionArgument, claim: ClaimOptions, records: RecordsOptions) -> None:
    """Check a session's claim by the rules of its payer (exit status 3: not ready).

    Of a record that was altered it says what and where (exit status 4).
    97012 has no time rule: minutes are evidence and some payers look for 15, so a short treatment
    is never an error. 59 is for a true NCCI pair only, not for any other service of the day.
    """
    from records.claim.rules.as_read import report_as_read
    from records.claim.rules.report import NEVER_EXPORTED, report_document, report_text
    from records.visit.sent import exported

    visit: Visit | PaperVisit
    facts: tuple[Any, ...]
    named = named_treatment(records.place, session)
    if named.on_paper:
        visit = _billed_paper(records.place, named.called, claim)
        report = visit.report
        assert report is not None, "a scrubbed sheet has a report"
        facts = (visit.session_id, report, (), (), NEVER_EXPORTED)
    else:
        visit, report = _billed(records.place, named.called, claim, "scrub", altered_too=True)
        facts = (visit.session_id, report, visit.offers, visit.acceptances, exported(visit))
    if records.as_json:
        say_json("scrub", report_document(*facts))
    else:
        say_text(report_text(facts[0], report_as_read(report, visit.note), *facts[2:]))
    if visit.altered:
        raise typer.Exit(RECORD_BAD)
    if report.blocked:
        raise typer.Exit(NOT_READY)


@grouped
def estimate(
    session: SessionArgument,
    *,
    table: Annotated[
        Path | None, typer.Option("--fees", help="Fee table, TOML or CSV; else tables.toml's.")
    ] = None,
    claim: ClaimOptions,
    records: RecordsOptions,
) -> None:
    """Estimate the payment for 97012, line by line from your fee table. No amount is a promise.

    The usual ranges ($14-$22 Medicare, $7-$19 private) are trade figures and stand beside it.
    """
    from records.visit.estimating import clinic_fee_table, estimate_visit

    place = records.place
    visit, report = _billed(place, named_session(place, session), claim, "estimate")
    made = estimate_visit(visit, table or clinic_fee_table(place.folder))
    if records.as_json:
        say_json("estimate", _estimate_document(visit, report, made))
        return
    for text in _estimate_lines(report, made):
        say(text)


@grouped
def accept(
    session: SessionArgument,
    code: CodeOptions,
    *,
    by: ByOption = "",
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take it back.")] = False,
    claim: ClaimOptions,
    records: RecordsOptions,
) -> None:
    """Accept an offered modifier or diagnosis, or decide on billing; your name is recorded."""
    from records.accounts.rights import Right
    from records.visit.billing import ClaimCode
    from records.visit.billing import accept as keep
    from workstation.terminal_sign_in import author_for

    place = records.place
    author = author_for(place.folder, by, Right.CLAIM)
    if not by.strip() and not author.account:
        raise RequestRefused('by is empty; say who accepts with --by "NAME"')
    visit, _ = _billed(place, named_session(place, session), claim, "accept")
    chosen = ClaimCode(
        modifier=code.modifier,
        diagnosis=code.diagnosis,
        line=code.line,
        billing=code.billing,
        reason=code.reason,
    )
    value = keep(place.folder, visit, author, chosen, accepted=not withdraw)
    if records.as_json:
        say_json("accept", {"value": value, "by": author.by, "accepted": not withdraw})
        return
    say(f"{'withdrawn' if withdraw else 'accepted'}: {value} by {author.by}")


@grouped
def payers(records: RecordsOptions) -> None:
    """List the payer profiles: the shipped ones and your own (DIR/payers/*.toml)."""
    from records.claim.rules.payer_profile import all_profiles

    profiles = all_profiles(records.place.folder)
    if records.as_json:
        found = {name: profile.model_dump(mode="json") for name, profile in profiles.items()}
        say_json("payers", {"payers": found})
        return
    for name, profile in profiles.items():
        say(f"{name:<24} {profile.title}, of {profile.valid_from} ({profile.source})")


def _billed(
    place: Place, session_id: str, claim: ClaimOptions, what: str, *, altered_too: bool = False
) -> tuple[Visit, ScrubReport]:
    """Returns the claim for a person to read, and what the rules say of it; audited."""
    from records.exports.ready import scrubbed
    from records.visit.load import altered_is_said, audited_visit
    from workstation.author_now import reader_now

    settings, folder = place
    person = reader_now(folder)
    visit = audited_visit(folder, session_id, settings, person, what, altered_too=altered_too)
    say_whose_visit(visit)
    with altered_is_said(visit):
        visit = scrubbed(folder, visit, payer=claim.payer, imported=claim.imported)
    assert visit.report is not None, "a billed visit has a report"
    return visit, visit.report


def _billed_paper(place: Place, sheet_id: str, claim: ClaimOptions) -> PaperVisit:
    """Returns the claim of a downtime sheet, which is never ready; audited."""
    from records.visit.paper_visit import audited_paper, scrubbed_paper
    from workstation.author_now import reader_now

    settings, folder = place
    person = reader_now(folder)
    visit = audited_paper(folder, sheet_id, settings, person, "scrub", altered_too=True)
    return scrubbed_paper(folder, visit, payer=claim.payer, imported=claim.imported)


def _estimate_lines(report: ScrubReport, made: Estimate) -> list[str]:
    from records.claim.estimate import AUTHORIZATION, OWN_COST, TRADE_FIGURES

    row = made.row
    return [
        f"{made.label.upper()} for {row.code}, {report.date_of_service}, "
        f"{row.locality}: ${made.amount}",
        f"from {made.table}: {row.source} ({row.valid_from} to {row.valid_to})",
        *(f"  {step.what:<52} {step.how:<28} {step.shown}" for step in made.steps),
        TRADE_FIGURES,
        OWN_COST,
        AUTHORIZATION,
        report.advice,
    ]


def _estimate_document(visit: Visit, report: ScrubReport, made: Estimate) -> dict[str, Any]:
    from records.claim.estimate import AUTHORIZATION, OWN_COST, TRADE_FIGURES

    return {
        "label": made.label,
        "session_id": visit.session_id,
        "code": made.row.code,
        "date_of_service": report.date_of_service.isoformat(),
        "amount": str(made.amount),
        "table": made.table,
        "row": made.row.model_dump(mode="json"),
        "steps": [{"what": s.what, "how": s.how, "value": str(s.value)} for s in made.steps],
        "trade_figures": TRADE_FIGURES,
        "own_cost": OWN_COST,
        "prior_authorization": AUTHORIZATION,
        "advice": report.advice,
    }

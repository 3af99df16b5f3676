"""``traction visit``, ``today`` and ``claims``: a whole visit at once, and a day's visits."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from controller.errors import RequestRefused
from controller.words import check_name
from workstation.commands.options import PersonOptions, Place, grouped
from workstation.exit_status import ENDED_EARLY
from workstation.output import say, say_json, say_text, warn, write_file

if TYPE_CHECKING:
    from records.clinic.visit_steps import VisitBegun
    from records.order.planned_order import PlannedOrder
    from records.visit.worklist import ListedVisit
    from workstation.session.workplace import Workplace
    from workstation.terminal.typed_lines import TypedLines
    from workstation.terminal_sign_in import Acting
    from workstation.visit.claiming import ClaimResult
    from workstation.visit.desk import TreatedSession, VisitDesk, VisitHolder
    from workstation.visit.dialogue import Dialogue

NOT_READY = 3
DAYS_OF_A_WEEK = 7
OutOption = Annotated[
    Path, typer.Option("--out", help="Folder for the claims, with a subfolder for each day.")
]
CLAIMS = Path("claims")


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command("visit")(visit)
    app.command("today")(today)
    app.command("claims")(claims)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitOptions:
    """Whose visit is held, and how."""

    resume: Annotated[bool, typer.Option("--resume", help="Continue an unfinished visit.")] = False
    from_paper: Annotated[
        bool, typer.Option("--from-paper", help="Enter a downtime sheet of the patient.")
    ] = False
    unit: Annotated[str, typer.Option(help="Name of the table; default: the one booked.")] = ""
    preset: Annotated[str, typer.Option(help="Preset to use instead of the last order.")] = ""
    credentials: Annotated[str, typer.Option(help="Credentials of somebody not on file.")] = ""
    out: OutOption = CLAIMS


@grouped
def visit(
    patient: Annotated[
        str, typer.Argument(help="Reference of the patient; one who is not on file is added.")
    ] = "",
    *,
    asked: VisitOptions,
    person: PersonOptions,
) -> None:
    """Hold one visit from the patient's name to the signed note and the claim.

    Every answer is kept before the next question, so that a visit can be interrupted anywhere:
    --resume continues where its record ends. Each step is also a command of its own.
    """
    from workstation.terminal.typed_lines import is_terminal
    from workstation.texts.refusals import refusals_in
    from workstation.visit.dialogue import VisitLeft
    from workstation.visit.flow import AskedVisit, begin_visit, take_up
    from workstation.visit.from_paper import enter_sheet

    if not patient and not asked.resume:
        raise RequestRefused("say whose visit it is: traction visit REFERENCE --by NAME")
    if person.as_json:
        raise RequestRefused("a visit asks a person and prints no JSON; omit --json")
    if not is_terminal(sys.stdin):
        raise RequestRefused(
            "a visit is held at a terminal: it asks a person. Each step is a command of its own "
            "(run, note, scrub, export)"
        )
    place = person.place
    whose = AskedVisit(reference=patient, table=asked.unit, preset=asked.preset)
    signer = _signer(place, person.by, asked.credentials)
    desk = _desk(place, _workplace(place), signer, asked.out)
    if asked.from_paper and (asked.resume or asked.unit or asked.preset or not patient):
        raise RequestRefused(
            "--from-paper takes only the patient: it continues an unfinished entry by "
            "itself, and the sheet names the table"
        )
    try:
        with refusals_in(desk.settings.unit_of_force):
            if asked.from_paper:
                enter_sheet(desk, patient)
            else:
                (take_up if asked.resume else begin_visit)(desk, whose)
    except (VisitLeft, KeyboardInterrupt):
        of_whom = f" {patient}" if patient else ""
        way = "--from-paper" if asked.from_paper else "--resume"
        say(f"the visit is unfinished; continue it with: traction visit{of_whom} {way}")
        raise typer.Exit(ENDED_EARLY) from None
    _leave_checkpoints(place)


@grouped
def today(*, person: PersonOptions) -> None:
    """List today's visits: running, to complete, to sign, to claim, claimed."""
    from workstation.terminal_sign_in import Acting

    place = person.place
    workplace = _workplace(place)
    day = _day(workplace)
    listed = _listed(place, workplace, (day, day), Acting(person.by), "today")
    if person.as_json:
        say_json("today", {"visits": [_facts(each, workplace) for each in listed]})
        return
    if not listed:
        say(f"no visits on {day}")
    for each in listed:
        say(_line(each, workplace))


@grouped
def claims(
    *,
    of_today: Annotated[
        bool, typer.Option("--today", help="Write the claims of today's visits.")
    ] = False,
    of_week: Annotated[
        bool, typer.Option("--week", help="Write the claims of the last seven days.")
    ] = False,
    out: OutOption = CLAIMS,
    person: PersonOptions,
) -> None:
    """Scrub and export every claim that is ready, and say why the others are not.

    Exit status 3 when a visit has no claim yet.
    """
    from records.accounts.rights import Right
    from workstation.author_now import reader_now
    from workstation.terminal_sign_in import acting
    from workstation.visit.day import export_claims, summary_lines

    if of_today == of_week:
        raise RequestRefused("say which claims: --today or --week, one of both")
    place = person.place
    who = acting(place.folder, person.by, Right.CLAIM)
    workplace = _workplace(place)
    day = _day(workplace)
    days = (day if of_today else day - timedelta(days=DAYS_OF_A_WEEK - 1), day)
    listed = _listed(place, workplace, days, who, "claims")

    results = export_claims(workplace, listed, out, day, lambda folder: reader_now(folder, *who))
    lines = [*summary_lines(results)]
    written = _write_summary(workplace, out / day.isoformat(), lines)
    if person.as_json:
        facts = [_claim_facts(each) for each in results]
        say_json("claims", {"claims": facts, "summary": str(written)})
    else:
        for line in lines:
            say(line)
        say(f"summary in {written}")
    if any(each.file is None for each in results):
        raise typer.Exit(NOT_READY)


def _write_summary(workplace: Workplace, place: Path, lines: Sequence[str]) -> Path:
    """Write the summary of one run beside the claims; the next run has its own file."""
    from controller.words import lines_of
    from records.store.private_files import make_folder

    now = _local(workplace, workplace.clock.utc_ms())
    make_folder(place)
    return write_file(place / f"summary-{now.strftime('%H%M%S')}.txt", lines_of(lines).encode())


# --- what a visit is held with ------------------------------------------------------------------


def _workplace(place: Place) -> Workplace:
    """Returns the records, with name and time zone from the clinic's own record."""
    from controller.runtime.clock import SystemClock
    from records.standing.versions import read_standing
    from workstation.session.standing import at_the_clinic
    from workstation.session.workplace import Workplace

    workplace = Workplace(
        folder=place.folder, settings=place.settings, clock=SystemClock(), warn=warn
    )
    return at_the_clinic(workplace, read_standing(place.folder))


def _desk(place: Place, workplace: Workplace, signer: VisitHolder, out: Path) -> VisitDesk:
    from records.accounts.rights import Right
    from workstation.terminal_sign_in import require_right
    from workstation.visit.desk import VisitDesk

    lines = _lines()

    def treat(address: str, planned: PlannedOrder, begun: VisitBegun) -> TreatedSession:
        require_right(place.folder, signer.account, Right.START)
        treated = _treat(place, signer, (address, planned, begun))
        lines.forget()  # input typed during the session must not answer a question of the visit
        return treated

    return VisitDesk(
        workplace=workplace,
        dialogue=_dialogue(lines),
        signer=signer,
        treat=treat,
        close_left_open=lambda address: _close_left_open(workplace, address),
        documents=out,
        sign_again=lambda: _sign_again(place, signer),
        may_claim=lambda: require_right(place.folder, signer.account, Right.CLAIM),
    )


def _treat(
    place: Place, signer: VisitHolder, what: tuple[str, PlannedOrder, VisitBegun]
) -> TreatedSession:
    """Hold the session, by ``traction run`` in a process of its own.

    The modules that write notes and claims are never loaded where a unit is driven. The order is
    the one that was kept for the visit.
    """
    from controller.events import Outcome
    from records.clinic.visit_steps import steps_on_file
    from records.evidence.reader import read_session
    from workstation.visit.desk import TreatedSession
    from workstation.visit.dialogue import VisitLeft
    from workstation.visit.session_process import run_beside

    address, _, begun = what
    before = steps_on_file(place.folder).sessions.get(begun.visit, ())
    run_beside(
        ["run", address, "--visit", begun.visit, "--by", signer.in_full],
        ["--data", str(place.folder.path)],
    )
    after = steps_on_file(place.folder).sessions.get(begun.visit, ())
    if after == before:
        raise VisitLeft
    outcome = read_session(place.folder, after[-1]).outcome
    return TreatedSession(
        session_id=after[-1],
        refused=outcome == Outcome.REFUSED,
        early=outcome != Outcome.COMPLETED,
    )


def _close_left_open(workplace: Workplace, address: str) -> None:
    """Do as the next session on that table would: release first, then close the record."""
    from firmware_bridge.connect import connect_unit
    from records.keys.signing import load_or_create_key
    from workstation.session.recover import recover
    from workstation.session.register import note_new_seals
    from workstation.station.kept_address import check_not_kept

    check_not_kept(workplace.folder.path, address)
    unit = connect_unit(address, workplace.clock, workplace.warn)
    try:
        key = load_or_create_key(workplace.folder)
        for session_id in recover(unit, workplace, key):
            say(f"closed as interrupted: session {session_id}")
        note_new_seals(workplace, key)
    finally:
        unit.close()


def _lines() -> TypedLines:
    from workstation.terminal.typed_lines import typed_lines

    lines = typed_lines(sys.stdin)
    assert lines is not None, "a visit is held at a terminal"
    return lines


def _dialogue(lines: TypedLines) -> Dialogue:
    from workstation.terminal.width import in_its_width
    from workstation.visit.dialogue import Dialogue

    return Dialogue(lines.read_line, lambda text: say_text(in_its_width(f"{text}\n", sys.stdout)))


def _signer(place: Place, by: str, credentials: str) -> VisitHolder:
    """Returns who holds the visit: signed in, or on file by initials or name, else as given."""
    from records.accounts.rights import Right
    from records.standing.versions import read_standing
    from workstation.terminal_sign_in import acting
    from workstation.visit.desk import holder_called

    who = acting(place.folder, by, Right.PREPARE)
    if not who.by.strip():
        raise RequestRefused('by is empty; say who holds the visit with --by "NAME"')
    name = check_name("--by", who.by.strip())
    holder = holder_called(read_standing(place.folder), name, credentials)
    return replace(holder, account=who.account)


def _sign_again(place: Place, signer: VisitHolder) -> None:
    """Ask for the PIN again before a signature: the person may have left the terminal meanwhile."""
    from records.accounts.rights import Right
    from workstation.terminal_sign_in import acting

    if signer.account:
        acting(place.folder, signer.name, Right.SIGN)


def _leave_checkpoints(place: Place) -> None:
    from workstation.anchors import leave_checkpoints

    leave_checkpoints(place.settings, place.folder, warn)


# --- what is listed -----------------------------------------------------------------------------


def _day(workplace: Workplace) -> date:
    return _local(workplace, workplace.clock.utc_ms()).date()


def _local(workplace: Workplace, utc_ms: int) -> datetime:
    return datetime.fromtimestamp(utc_ms / 1000, workplace.settings.zone_at(utc_ms))


def _listed(
    place: Place,
    workplace: Workplace,
    days: tuple[date, date],
    who: Acting,
    what: str,
) -> list[ListedVisit]:
    """Returns the visits of some days, once the row of the access is kept."""
    from records.clinic.audit import record_read, standing_field
    from records.visit.worklist import list_visits
    from workstation.author_now import reader_now

    listed = list_visits(
        place.folder, workplace.settings, lambda utc_ms: _local(workplace, utc_ms).date(), days
    )
    if listed:
        named = [standing_field("patient", each.reference) for each in listed]
        reader = reader_now(place.folder, *who)
        record_read(place.folder, reader, what, fields=list(dict.fromkeys(named)))
    return listed


def _line(each: ListedVisit, workplace: Workplace) -> str:
    from records.note.fields import open_in_words

    began = _local(workplace, each.began_utc_ms).strftime("%H:%M")
    lacks = f" ({open_in_words(each.open_fields)})" if each.open_fields else ""
    session = f"  session {each.session_id}" if each.session_id else ""
    return f"{began}  {each.reference or '(nobody named)'}  {each.state.value}{lacks}{session}"


def _facts(each: ListedVisit, workplace: Workplace) -> dict[str, Any]:
    return {
        "patient": each.reference,
        "began": _local(workplace, each.began_utc_ms).isoformat(timespec="seconds"),
        "state": each.state.value,
        "session_id": each.session_id,
        "open_fields": list(each.open_fields),
    }


def _claim_facts(each: ClaimResult) -> dict[str, Any]:
    return {
        "patient": each.reference,
        "session_id": each.session_id,
        "file": None if each.file is None else str(each.file),
        "lacks": list(each.lacks),
    }

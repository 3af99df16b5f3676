"""``traction audit``: who looked at what is on file."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from controller.errors import JournalCorrupt, RecordNotFound, SessionAmbiguous
from workstation.commands.options import PersonOptions, Place, grouped
from workstation.commands.session_names import named_treatment
from workstation.exit_status import RECORD_BAD
from workstation.output import say, say_json

ALTERED_AUDIT = "the rows of accesses were altered"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("audit")(audit)


@grouped
def audit(
    *,
    session: Annotated[str, typer.Option(help="Only of this session id.")] = "",
    patient: Annotated[str, typer.Option(help="Only of this patient.")] = "",
    person: PersonOptions,
) -> None:
    """List who read or wrote patients' data, oldest first (exit status 4: it was altered)."""
    from records.clinic.audit import altered_audit
    from records.keeping.audit_search import look_at_accesses
    from records.times_in_words import moment_in_words
    from workstation.author_now import reader_now

    place = person.place.at_the_clinic_if_readable()
    folder = place.folder
    named = _named_or_as_it_is(place, session, person.by) if session else None
    altered = altered_audit(folder)
    found = look_at_accesses(
        folder,
        place.day_of,
        lambda: reader_now(folder, person.by),
        session=named,
        patient=patient,
    )
    if altered and person.as_json:
        raise JournalCorrupt(f"{ALTERED_AUDIT}: {altered}; without --json the rows are shown")
    if person.as_json:
        say_json("audit", {"accesses": [asdict(access) for access in found]})
        return
    if altered:
        say(f"{ALTERED_AUDIT}: {altered}")
    for access in found:
        when = moment_in_words(place.local(access.at_utc_ms))
        fields = f"  {', '.join(access.fields)}" if access.fields else ""
        who = f"{access.by} ({access.account or access.user})"
        say(f"{when}  {who}  {access.what}  {access.session_id}{fields}")
    if altered:
        say(f"{ALTERED_AUDIT}: {altered}")
        raise typer.Exit(RECORD_BAD)


def _named_or_as_it_is(place: Place, session: str, by: str) -> str:
    """Returns the session's id, or the name as given: a removed session still has rows."""
    try:
        return named_treatment(place, session, by).called
    except SessionAmbiguous:
        raise
    except RecordNotFound:
        return session

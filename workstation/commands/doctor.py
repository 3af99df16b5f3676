"""``traction doctor``: what of this workstation is well, is not, or was not checked."""

from __future__ import annotations

from dataclasses import asdict

import typer

from workstation.commands.options import RecordsOptions, grouped
from workstation.output import say, say_json

REFUSED = 3


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("doctor")(doctor)


@grouped
def doctor(records: RecordsOptions) -> None:
    """Check the whole workstation, writing nothing (exit status 3 if there is a problem)."""
    from controller.runtime.clock import SystemClock
    from workstation.doctor.examination import examine
    from workstation.doctor.fact import all_well, counted

    place = records.place.at_the_clinic()
    facts = examine(place.folder, place.settings, SystemClock().utc_ms())
    if records.as_json:
        say_json("doctor", {"well": all_well(facts), "facts": [asdict(fact) for fact in facts]})
    else:
        for fact in facts:
            say(fact.line)
        say(counted(facts))
    if not all_well(facts):
        raise typer.Exit(REFUSED)

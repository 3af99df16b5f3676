"""``traction console``: the pages of a station, started by the station."""

from __future__ import annotations

import typer

from controller.errors import RequestRefused
from workstation.commands.options import RecordsOptions, grouped
from workstation.output import say


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("console")(console)


@grouped
def console(*, records: RecordsOptions) -> None:
    """Serve the pages of a station to browsers of this workstation.

    `traction station` starts it. It drives nothing: when it ends, sessions go on, and one that no
    console looks after is released after 15 s.
    """
    from controller.runtime.clock import SystemClock
    from records.standing.versions import read_standing
    from workstation.console.serving import serve

    if records.as_json:
        raise RequestRefused("the console serves pages and prints no JSON; omit --json")
    place = records.place
    tables = [each.record for each in read_standing(place.folder).units if each.record.in_use]
    serve(place.folder, place.settings, tables, clock=SystemClock(), report=say)

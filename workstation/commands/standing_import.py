"""Reads standing data from files: TOML, or a practice system's CSV with a column map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import StandingInvalid
from workstation.commands.options import PersonOptions, day_of
from workstation.commands.standing_change import held_in, right_to_change
from workstation.output import say, say_json, warn

if TYPE_CHECKING:
    from records.standing.files import ImportPlan
    from records.standing.kinds import StandingRecord
    from records.standing.versions import StandingData, StandingVersion

MapOption = Annotated[Path, typer.Option("--map", help="Column map (TOML) of the file.")]


def import_file(
    kind: str, person: PersonOptions, file: Path, reason: str, column_map: Path | None = None
) -> None:
    """Read records in, keep those that changed, and report what was kept."""
    from dataclasses import replace

    from records.standing.said import remarks
    from records.standing.write import write_standing
    from workstation.terminal_sign_in import author_for

    place = person.place
    held = held_in(place)
    with rows_told(as_json=person.as_json):
        plan = _planned(held, kind, file, column_map)
    changes = [replace(change, reason=reason) for change in plan.changes]
    kept: Sequence[StandingVersion[StandingRecord]] = []
    if changes:
        kept = write_standing(
            place.folder, author_for(place.folder, person.by, right_to_change(kind)), changes
        )
    for version in kept:
        for text in remarks(version, held, day_of(place)):
            warn(text)
    if person.as_json:
        facts = [each.facts for each in kept]
        unchanged = list(plan.unchanged)
        say_json("standing-import", {"kept": facts, "unchanged": unchanged, "wrong": []})
        return
    for version in kept:
        say(f"kept: {version.words}")
    say(f"{len(kept)} kept, {len(plan.unchanged)} unchanged")


def _planned(held: StandingData, kind: str, file: Path, column_map: Path | None) -> ImportPlan:
    from records.standing.csv_patients import plan_patients
    from records.standing.csv_rows import read_map, read_rows
    from records.standing.files import plan_import, read_standing_file

    if column_map is not None:
        columns = read_map(column_map, "patients")
        return plan_patients(held, read_rows(read_bytes(file), file.name, columns))
    if file.suffix.lower() == ".csv":
        raise StandingInvalid(
            f"file {file.name}: a CSV needs a column map; say which column is what with --map FILE"
        )
    return plan_import(held, read_standing_file(file, kind))


def read_bytes(file: Path) -> bytes:
    """Returns the content of a file; raises StandingInvalid."""
    try:
        return file.read_bytes()
    except OSError as error:
        raise StandingInvalid(f"file {file} cannot be read ({error.strerror})") from error


@contextmanager
def rows_told(*, as_json: bool) -> Iterator[None]:
    """Report each row that cannot be used, before the error ends the command."""
    try:
        yield
    except StandingInvalid as error:
        if as_json and error.rows:
            rows = list(error.rows)
            say_json("standing-import", {"kept": [], "unchanged": [], "wrong": rows})
        for row in () if as_json else error.rows:
            say(row)
        raise

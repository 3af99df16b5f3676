"""Makes, keeps and reports a change of standing data from the command line."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from workstation.commands.options import PersonOptions, Place, day_of
from workstation.output import say, say_json, warn

if TYPE_CHECKING:
    from records.accounts.rights import Right
    from records.standing.versions import StandingData
    from records.standing.write import StandingChange


def keep_change(
    kind: str, person: PersonOptions, change: Callable[[StandingData], StandingChange]
) -> None:
    """Make the change from what is on file, keep it, and print the new version."""
    from records.standing.said import remarks
    from records.standing.write import write_standing
    from workstation.terminal_sign_in import author_for

    place = person.place
    held = held_in(place)
    made = change(held)
    (kept,) = write_standing(
        place.folder, author_for(place.folder, person.by, right_to_change(kind)), [made]
    )
    for text in remarks(kept, held, day_of(place)):
        warn(text)
    if person.as_json:
        say_json("standing", kept.facts)
    else:
        say(f"kept: {kept.words}")


def right_to_change(kind: str) -> Right:
    """Returns the right that a change of a record of this kind needs."""
    from records.accounts.rights import Right

    rights = {"patient": Right.PATIENTS, "account": Right.ACCOUNTS}
    return rights.get(kind, Right.SETTINGS)


def held_in(place: Place) -> StandingData:
    """Returns what is on file; raises JournalCorrupt."""
    from records.standing.versions import read_standing

    return read_standing(place.folder)

"""``traction sound-check``: asks once a day whether somebody hears the alarms."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import AnswerMissing, RequestRefused
from controller.words import check_name, check_text
from workstation.commands.options import RecordsOptions, grouped
from workstation.output import say, say_json, warn

if TYPE_CHECKING:
    from workstation.sound.day_check import SoundOfDay

REFUSED = 3


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("sound-check")(sound_check)


@grouped
def sound_check(
    *,
    by: Annotated[
        str,
        typer.Option(
            "--by", help="Who listens, and signs for it; asked for where people have accounts."
        ),
    ] = "",
    without: Annotated[
        str,
        typer.Option(help="Work without sound today, for this reason.", show_default=False),
    ] = "",
    records: RecordsOptions,
) -> None:
    """Play the alarm and record for the day whether it was heard (exit status 3 if not)."""
    from workstation.author_now import author_now
    from workstation.commands.options import day_of
    from workstation.sound.day_check import Hearing, keep_hearing
    from workstation.terminal_sign_in import acting

    place = records.place.at_the_clinic()
    who = acting(place.folder, by, None)
    name = check_name("--by", who.by)
    if without:
        hearing, detail = Hearing.WITHOUT, check_text("--without", without.strip())
        if not detail:
            raise RequestRefused("--without is empty; say in words why there is no sound today")
    else:
        heard, detail = _listened()
        hearing = Hearing.HEARD if heard else Hearing.NOT_HEARD
    author = author_now(place.folder, name, account=who.account)
    kept = keep_hearing(place.folder, author, day_of(place), hearing, detail)
    _tell(kept, as_json=records.as_json)
    if hearing is Hearing.NOT_HEARD:
        raise typer.Exit(REFUSED)


def _tell(kept: SoundOfDay, *, as_json: bool) -> None:
    from workstation.sound.day_check import OVERRIDE, Hearing

    if as_json:
        facts = {"day": kept.day.isoformat(), "hearing": kept.hearing.name.lower()}
        say_json("sound-check", facts | {"by": kept.by, "detail": kept.detail})
        return
    say(kept.text)
    if kept.hearing is Hearing.NOT_HEARD:
        say(f"no session starts today until it is heard or somebody decides: {OVERRIDE}")


def _listened() -> tuple[bool, str]:
    """Returns whether the person at the terminal heard it, and which loudspeaker it was."""
    from controller.runtime.clock import SystemClock
    from workstation.sound.listening import played_sounds
    from workstation.terminal.typed_lines import typed_lines
    from workstation.visit.dialogue import Dialogue, VisitLeft

    lines = typed_lines(sys.stdin)
    if lines is None:
        raise AnswerMissing("a person must say whether it was heard; start it at a terminal")
    state = played_sounds(SystemClock())
    if not state.sounds:
        warn(state.text)
        return False, state.text
    try:
        heard = Dialogue(lines.read_line, warn).yes("answer", "did you hear alarm and end?")
    except VisitLeft as error:
        raise AnswerMissing("the terminal closed: nobody said whether it was heard") from error
    return heard, state.text

"""``traction sound-check``: the question of the day whether somebody hears the alarms."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import AnswerMissing, RequestRefused
from controller.words import check_name, check_text
from workstation.commands.options import RecordsOptions, grouped
from workstation.output import say, say_json, warn

if TYPE_CHECKING:
    from controller.runtime.clock import SystemClock
    from workstation.sound.day_check import SoundOfDay
    from workstation.sound.player_client import SoundPlayer, SoundState

REFUSED = 3
PATIENCE_S = 15.0
"""A loudspeaker that has not answered by then does not."""
TURN_S = 0.05
PLAYED = ("high", "end")
"""The sound that must be heard, and the one that ends a session."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("sound-check")(sound_check)


@grouped
def sound_check(
    *,
    by: Annotated[str, typer.Option("--by", help="Who listens, and signs for it.")],
    without: Annotated[
        str,
        typer.Option(help="Work without sound today, for this reason.", show_default=False),
    ] = "",
    records: RecordsOptions,
) -> None:
    """Play the alarm and ask whether it was heard; kept for the day (exit status 3 if not)."""
    from workstation.author_now import author_now
    from workstation.commands.options import day_of
    from workstation.sound.day_check import Hearing, keep_hearing

    name = check_name("--by", by)
    if without:
        hearing, detail = Hearing.WITHOUT, check_text("--without", without.strip())
        if not detail:
            raise RequestRefused("--without is empty; say in words why there is no sound today")
    else:
        heard, detail = _listened()
        hearing = Hearing.HEARD if heard else Hearing.NOT_HEARD
    place = records.place.at_the_clinic()
    author = author_now(place.folder, name)
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
        say(f"no session starts today before it is heard, or somebody decides: {OVERRIDE}")


def _listened() -> tuple[bool, str]:
    """Whether the person at the terminal heard it, and which loudspeaker it was."""
    from controller.runtime.clock import SystemClock
    from workstation.sound.player_client import SoundPlayer
    from workstation.terminal.typed_lines import typed_lines
    from workstation.visit.dialogue import Dialogue, VisitLeft

    lines = typed_lines(sys.stdin)
    if lines is None:
        raise AnswerMissing("nobody is there to say whether it was heard; start it at a terminal")
    player = SoundPlayer()
    try:
        state = _play(player, SystemClock())
    finally:
        player.close()
    if not state.sounds:
        warn(state.text)
        return False, state.text
    try:
        heard = Dialogue(lines.read_line, warn).yes("answer", "did you hear alarm and end?")
    except VisitLeft as error:
        raise AnswerMissing("the terminal closed: nobody said whether it was heard") from error
    return heard, state.text


def _play(player: SoundPlayer, clock: SystemClock) -> SoundState:
    """The state behind the last sound, or the one in which there is none."""
    state = _until(player, clock, lambda state: state.sounds)
    for count, name in enumerate(PLAYED, start=1):
        if state.sounds:
            player.play(name)
            state = _until(player, clock, partial(_has_played, count))
    return state


def _has_played(count: int, state: SoundState) -> bool:
    return state.played >= count


def _until(
    player: SoundPlayer, clock: SystemClock, fact: Callable[[SoundState], bool]
) -> SoundState:
    """The state once ``fact`` holds, or when it has not for too long."""
    end_s = clock.now_s() + PATIENCE_S
    while not fact(state := player.keep_up(clock.now_s())) and clock.now_s() < end_s:
        clock.sleep_until(clock.now_s() + TURN_S)
    return state

"""``traction watch``: shows the units of a station in a terminal, and stops all that are shown."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated

import typer

from controller.errors import RequestRefused
from controller.words import visible
from workstation.commands.options import Place, RecordsOptions, grouped
from workstation.output import say, warn

if TYPE_CHECKING:
    from controller.ports import Clock
    from records.standing.kinds import UnitRecord
    from records.standing.versions import StandingData
    from workstation.station.control_link import ControlLink
    from workstation.station.messages import Heartbeat
    from workstation.station.stop_target import StopWording
    from workstation.station.watching import Watching

STOP_KEYS = (b" ",)
LEAVE_KEYS = (b"q", b"Q", b"\x03", b"\x04")
REDRAW_S = 0.2
PLAIN_S = 1.0
HOME, CLEAR_LINE, CLEAR_REST = "\x1b[H", "\x1b[K", "\x1b[J"
OWN_SCREEN, FORMER_SCREEN = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("watch")(watch)


@grouped
def watch(
    table: Annotated[str, typer.Argument(metavar="[NAME]", help="Name of one table.")] = "",
    *,
    records: RecordsOptions,
) -> None:
    """Watch the units of a running station. The space bar stops every unit that is shown.

    Leaving ends nothing: the station continues. Without a terminal one line is printed at every
    change and nothing can be stopped from here.
    """
    from controller.runtime.clock import SystemClock
    from records.standing.versions import read_standing
    from workstation.station.watching import Watching

    if records.as_json:
        raise RequestRefused(
            "traction watch shows pages for people and prints no JSON; omit --json"
        )
    place = records.place.at_the_clinic()
    held = read_standing(place.folder)
    clock = SystemClock()
    watching = Watching([_link(place, each, clock) for each in _tables(held, table)], clock)
    try:
        if _is_screen():
            _on_a_screen(watching, place, clock)
        else:
            _in_lines(watching, place, clock)
    finally:
        watching.close()


def _tables(held: StandingData, name: str) -> list[UnitRecord]:
    found = [each.record for each in held.units if each.record.in_use]
    if name:
        found = [each for each in found if each.name == name]
    if not found:
        what = f"table {name!r} is not on file" if name else "no table is on file"
        raise RequestRefused(f"{what}; `traction units list` lists them")
    return found


def _link(
    place: Place, table: UnitRecord, clock: Clock
) -> Callable[[Callable[[], Heartbeat]], ControlLink]:
    """Returns the connection to a table's program, for a viewer who counts as present."""
    from workstation.station.control_link import ControlLink
    from workstation.station.messages import PeerRole
    from workstation.station.place import FOLDER, ChannelPlace

    where = ChannelPlace(folder=place.folder.path / FOLDER, called=table.name)
    return lambda heartbeat: ControlLink(
        where,
        clock,
        warn,
        manual_release=table.manual_release or "",
        role=PeerRole.WATCH,
        heartbeat=heartbeat,
    )


def _is_screen() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "") != "dumb"


def _on_a_screen(watching: Watching, place: Place, clock: Clock) -> None:
    """Draw repeatedly and take keys until the person leaves."""
    with _keys_one_by_one() as keys:
        _draw(OWN_SCREEN)
        try:
            while (key := keys(REDRAW_S)) not in LEAVE_KEYS:
                if key:
                    watching.touched()
                if key in STOP_KEYS:
                    watching.stop()
                words = _wording(place, clock)
                lines = watching.lines(words, words.time(clock.utc_ms()))
                _draw(page_text(lines, os.get_terminal_size()))
        finally:
            _draw(FORMER_SCREEN)


def page_text(lines: Sequence[str], size: os.terminal_size) -> str:
    """Returns the whole page for a terminal of this size; long lines are wrapped, never cut."""
    rows = [row for line in lines for row in wrap(visible(line), size.columns) or [""]]
    return HOME + "".join(f"{row}{CLEAR_LINE}\r\n" for row in rows[: size.lines - 1]) + CLEAR_REST


def _draw(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()


def _in_lines(watching: Watching, place: Place, clock: Clock) -> None:
    """Print a line whenever a unit's state has changed; ends with Ctrl-C."""
    last: list[str] = []
    try:
        while True:
            words = _wording(place, clock)
            states = watching.states(words)
            for state in states:
                if state not in last:
                    say(f"{words.time(clock.utc_ms())} {state}")
            last = states
            clock.sleep_until(clock.now_s() + PLAIN_S)
    except KeyboardInterrupt:
        return


def _wording(place: Place, clock: Clock) -> StopWording:
    """Returns the clinic's zone and unit of force at this moment."""
    from workstation.station.stop_target import StopWording

    zone = place.settings.zone_at(clock.utc_ms())
    return StopWording(zone=zone, unit=place.settings.unit_of_force)


@contextmanager
def _keys_one_by_one() -> Iterator[Callable[[float], bytes]]:
    """Reads keys without Enter; afterwards the terminal is restored."""
    if sys.platform == "win32":
        raise RequestRefused("keys are read on Linux and macOS only; use the stop door's page")
    import termios
    import tty

    descriptor = sys.stdin.fileno()
    before = termios.tcgetattr(descriptor)
    tty.setcbreak(descriptor)
    settings = termios.tcgetattr(descriptor)
    settings[3] &= ~termios.ISIG  # Ctrl-C leaves like q: the terminal is restored first
    termios.tcsetattr(descriptor, termios.TCSANOW, settings)

    def key(timeout_s: float) -> bytes:
        """Returns the next key; "" when none comes in time. The end of the terminal leaves."""
        if not select.select([descriptor], [], [], timeout_s)[0]:
            return b""
        return os.read(descriptor, 1) or LEAVE_KEYS[0]

    try:
        yield key
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)

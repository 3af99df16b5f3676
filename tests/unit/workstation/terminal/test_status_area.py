"""The three areas as a terminal shows them: every page is read by a terminal emulator."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.order.force_unit import ForceUnit
from controller.snapshot import Snapshot
from tests.support.alarms import raised
from workstation.terminal.status_area import HINT, StatusArea

SIZES = [(80, 24), (120, 40), (40, 10)]
SNAPSHOT = Snapshot(
    number=1,
    utc_ms=0,
    phase="holding",
    elapsed_s=271.0,
    planned_s=900.0,
    target_n=102.0,
    force_n=101.86,
    since_start_s=302.0,
    hold_number=3,
    hold_count=12,
)
ALARMED = replace(
    SNAPSHOT, alarms=(raised("over_force"), raised("check_in_due")), tone=True, sound_paused_s=75.0
)
TYPED = st.characters(categories=("L", "N", "P", "S", "Zs"), include_characters="\n\x1b\u202e")
"""The emulator gives up at a mark without a letter before it."""
AT = datetime(2026, 11, 24, 9, 20, tzinfo=ZoneInfo("America/Chicago"))
DAY = "09:20:00 CST"
ASKED = "[y/n] Is the table's lift locked?"


class Person:
    """Somebody in front of a terminal of a size."""

    def __init__(
        self,
        columns: int,
        lines: int,
        *,
        colours: bool = False,
        forces: ForceUnit = ForceUnit.NEWTON,
    ) -> None:
        self.size = os.terminal_size((columns, lines))
        self.page = StatusArea(lambda: self.size, lambda: AT, colours=colours, forces=forces)
        self.terminal = pyte.HistoryScreen(columns, lines, history=500)
        self._stream = pyte.Stream(self.terminal)

    def see(self, written: str) -> None:
        """What the program writes reaches the terminal, which begins each line at its left end."""
        self._stream.feed(written.replace("\n", "\r\n"))

    def resize(self, columns: int, lines: int) -> None:
        self.size = os.terminal_size((columns, lines))
        self.terminal.resize(lines, columns)

    @property
    def rows(self) -> list[str]:
        return [row.rstrip() for row in self.terminal.display]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)


def test_at_80_columns_the_state_stands_in_rows_of_its_own_below_the_messages() -> None:
    person = Person(80, 24)
    person.see(person.page.words("self-check zero: passed (0.1 N)"))
    person.see(person.page.frame(SNAPSHOT))
    person.see(person.page.prompted(ASKED, "y"))
    assert person.rows[17:] == [
        "self-check zero: passed (0.1 N)",
        "holding, hold 3 of 12   treated 04:31 of 15:00, 10:29 left",
        "force 101.9 N (22.9 lbf)   ordered 102.0 N (22.9 lbf)",
        f"{DAY}   traction began 05:02 ago",
        "no alarm",
        ASKED,
        "> y",
    ]
    assert (person.terminal.cursor.y, person.terminal.cursor.x) == (23, 3)


def test_all_that_is_to_be_seen_of_an_alarm_fits_into_80_columns() -> None:
    person = Person(80, 24)
    person.see(person.page.frame(ALARMED))
    assert person.rows[20:23] == [
        f"{DAY}   traction began 05:02 ago   no tones for 01:15",
        "ALARM (high) more force than ordered: look at the patient (+1)",
        HINT,
    ]


def test_a_pause_says_when_it_ends_by_itself() -> None:
    person = Person(80, 24)
    person.see(person.page.frame(replace(SNAPSHOT, phase="paused", pause_left_s=356.9)))
    assert person.rows[20] == f"{DAY}   traction began 05:02 ago   released in 05:56 unless resumed"


def test_at_40_columns_there_are_more_rows_and_nothing_of_the_force_is_cut_off() -> None:
    person = Person(40, 10)
    person.see(person.page.frame(ALARMED))
    assert person.rows[4:8] == [
        "holding, hold 3 of 12",
        "101.9 N (22.9 lbf) of 102.0 N",
        "treated 04:31 of 15:00, 10:29 left",
        "ALARM (high) more force than ordered...",
    ]


def test_a_terminal_that_is_too_small_keeps_force_and_input() -> None:
    person = Person(29, 4)
    person.see(person.page.frame(ALARMED) + person.page.prompted(ASKED, "end"))
    assert person.rows[2:] == ["ALARM 101.9 N of 102.0 ho...", "> end"]


@pytest.mark.parametrize(("columns", "lines"), SIZES)
def test_no_force_of_before_stays_on_the_screen(columns: int, lines: int) -> None:
    person = Person(columns, lines)
    for tenths in range(800, 1000):
        person.see(person.page.frame(replace(ALARMED, force_n=tenths / 10)))
        if tenths % 20 == 0:
            person.see(person.page.words(f"message of {tenths}"))
    assert "99.9 N" in person.text
    for tenths in range(800, 999):
        assert f" {tenths / 10:.1f} N (" not in f" {person.text}"


@pytest.mark.parametrize(("columns", "lines"), SIZES)
def test_messages_scroll_into_the_history_and_rows_of_the_state_do_not(
    columns: int, lines: int
) -> None:
    person = Person(columns, lines)
    for number in range(60):
        person.see(person.page.frame(replace(SNAPSHOT, elapsed_s=float(number))))
        person.see(person.page.words(f"message {number}"))
    history = [
        "".join(row[x].data for x in range(columns)).rstrip() for row in person.terminal.history.top
    ]
    said = [row for row in [*history, *person.rows] if row.startswith("message")]
    assert said == [f"message {number}" for number in range(60)]
    assert not [row for row in history if "treated" in row or "force" in row]


def test_a_long_message_wraps_above_the_state_and_steers_nothing() -> None:
    person = Person(40, 10)
    person.see(person.page.frame(SNAPSHOT))
    before = person.rows[4:]
    person.see(person.page.words("  a word " + "x" * 33 + " another\x1b[2J\nsecond"))
    assert person.rows[4:] == before
    assert person.rows[:4] == ["  a word", f"    {'x' * 33}", "    another<U+001B>[2J", "second"]


def test_a_reading_that_is_too_old_is_not_shown_as_if_it_were_now() -> None:
    person = Person(80, 24)
    person.see(person.page.frame(SNAPSHOT))
    person.see(person.page.aged(0.9))
    assert "101.9 N" in person.text
    person.see(person.page.aged(7.2))
    assert "101.9 N" not in person.text
    assert "force -- NO LIVE DATA for 7 s" in person.text
    person.see(person.page.frame(SNAPSHOT))
    assert "NO LIVE DATA" not in person.text


def test_another_size_draws_everything_anew() -> None:
    person = Person(80, 24)
    person.see(person.page.words("the message"))
    person.see(person.page.frame(SNAPSHOT))
    person.resize(40, 10)
    person.see(person.page.frame(replace(SNAPSHOT, force_n=55.5)))
    assert "101.9 N" not in person.text
    assert person.rows[3] == "the message"
    assert person.rows[5].startswith("55.5 N")
    assert person.rows[9] == ">"


def test_at_the_end_the_terminal_is_given_back_without_a_force() -> None:
    person = Person(80, 24)
    person.see(person.page.words("the session has ended"))
    person.see(person.page.frame(SNAPSHOT))
    person.see(person.page.end())
    assert [row for row in person.rows if row] == ["the session has ended"]
    assert (person.terminal.cursor.y, person.terminal.margins) == (18, None)
    assert person.page.end() == ""
    assert StatusArea(lambda: person.size, lambda: AT, colours=True).end() == ""


def test_a_tone_rings_the_bell_and_an_unchanged_state_is_not_written_again() -> None:
    person = Person(80, 24, colours=True)
    assert person.page.frame(ALARMED).endswith("\a")
    assert "ALARM" not in person.page.frame(ALARMED)
    assert "\x1b[1;31m" in StatusArea(lambda: person.size, lambda: AT, colours=True).frame(ALARMED)
    assert "\x1b[1;31m" not in StatusArea(lambda: person.size, lambda: AT, colours=False).frame(
        ALARMED
    )


def test_before_the_first_reading_the_areas_stand_as_they_will() -> None:
    person = Person(80, 24)
    person.see(person.page.words("plan"))
    assert person.rows[17] == "plan"
    assert person.rows[18].startswith("no reading yet")
    person.see(person.page.frame(SNAPSHOT))
    assert person.rows[17] == "plan"


@given(typed=st.text(TYPED, max_size=120), columns=st.sampled_from([30, 40, 80]))
def test_the_input_row_never_wraps_and_ends_with_what_was_typed_last(
    typed: str, columns: int
) -> None:
    person = Person(columns, 24)
    person.see(person.page.frame(SNAPSHOT))
    before = person.rows[:23]
    person.see(person.page.prompted("", typed + "end."))
    assert person.rows[:23] == before
    assert person.rows[23].endswith("end.")
    assert person.terminal.cursor.y == 23


@pytest.mark.timeout(20)
@pytest.mark.parametrize("columns", range(1, 6))
@pytest.mark.parametrize("lines", range(1, 4))
def test_a_terminal_of_no_room_holds_nobody(columns: int, lines: int) -> None:
    """A window manager may make one for a moment; the screen's thread goes on behind it."""
    person = Person(columns, lines)
    for typed in ("", "end", "\u5c71\u5c71"):
        person.page.frame(ALARMED)
        person.page.words("a message")
        person.page.prompted(ASKED, typed)
    person.resize(80, 24)
    person.see(person.page.frame(SNAPSHOT) + person.page.prompted("", "end"))
    assert person.rows[23] == "> end"


@pytest.mark.parametrize(
    ("size", "row"),
    [
        ((80, 24), "force 22.9 lbf (101.9 N)   ordered 22.9 lbf (102.0 N)"),
        ((40, 10), "22.9 lbf (101.9 N) of 22.9 lbf"),
        ((24, 8), "22.9 lbf of 22.9"),
    ],
)
def test_the_clinic_s_unit_leads_in_every_size(size: tuple[int, int], row: str) -> None:
    person = Person(*size, forces=ForceUnit.POUND)
    person.see(person.page.frame(SNAPSHOT))
    assert row in person.text


def test_questions_and_messages_are_led_by_the_clinic_s_unit() -> None:
    person = Person(80, 24, forces=ForceUnit.POUND)
    person.see(person.page.words("paused at 60.0 N"))
    person.see(person.page.prompted("[y/n] Pull up to 60 N?", "-5 N"))
    assert "paused at 13.5 lbf (60.0 N)" in person.text
    assert "[y/n] Pull up to 13.5 lbf (60 N)?" in person.text
    assert person.rows[23] == "> -5 N"

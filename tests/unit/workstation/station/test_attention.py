"""What is raised on a unit sounds, also when its program can raise nothing any more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from controller.alarms import CONTROL_GONE, Priority, RaisedAlarm, alarm_kind
from controller.runtime.clock import VirtualClock
from controller.snapshot import Doing, Snapshot
from workstation.awake.keeper_client import AwakeState
from workstation.sound.bursts import OF_PRIORITY
from workstation.sound.player_client import SoundState
from workstation.station.attention import Attention


@dataclass
class Unit:
    called: str = "Table 1"
    snapshot: Snapshot | None = None
    is_answering: bool = True
    is_free: bool = False

    @property
    def in_session(self) -> bool:
        return self.snapshot is not None and self.snapshot.doing is Doing.SESSION


@dataclass
class Plays:
    text: str = "sound: Speaker"
    played: list[str] = field(default_factory=list)

    def keep_up(self, now_s: float) -> SoundState:
        return SoundState(sounds=True, text=self.text)

    def play(self, name: str) -> None:
        self.played.append(name)

    def close(self) -> None:
        self.played.append("closed")


@dataclass
class Wakes:
    wanted: list[bool] = field(default_factory=list)

    def keep_up(self, now_s: float, *, wanted: bool) -> AwakeState:
        self.wanted.append(wanted)
        return AwakeState(wanted=wanted, awake=wanted, text="awake" if wanted else "may sleep")

    def close(self) -> None:
        self.wanted.clear()


class Room:
    def __init__(self, *, lost: Sequence[str] = ()) -> None:
        self.clock = VirtualClock()
        self.unit, self.plays, self.wakes = Unit(), Plays(), Wakes()
        self.reported: list[str] = []
        self.attention = Attention(
            self.clock,
            self.reported.append,
            lost=lost,
            loudspeaker=self.plays,
            wakefulness=self.wakes,
        )

    def turns(self, seconds: float) -> None:
        end_s = self.clock.now_s() + seconds
        while self.clock.now_s() < end_s:
            self.attention.keep_up([self.unit])
            self.clock.sleep_until(self.clock.now_s() + 0.1)


SESSION = Snapshot(number=1, utc_ms=1, phase="holding")
HIGH = OF_PRIORITY[Priority.HIGH].name


@pytest.fixture
def room() -> Room:
    return Room()


def test_an_alarm_of_a_unit_sounds_again_and_again(room: Room) -> None:
    alarm = RaisedAlarm(code="patient_switch_pressed", number=1, utc_ms=1)
    room.unit.snapshot = replace(SESSION, alarms=(alarm,))
    room.turns(4.9)
    assert room.plays.played == [HIGH]
    room.turns(0.5)
    assert room.plays.played == [HIGH, HIGH]
    room.unit.is_free = True
    room.turns(20)
    assert room.plays.played[2:] == [OF_PRIORITY[Priority.MEDIUM].name]


def test_a_program_that_is_lost_in_a_session_sounds_by_the_station_itself(room: Room) -> None:
    room.unit.snapshot = SESSION
    room.turns(1)
    assert room.plays.played == []
    room.unit.is_answering = False
    room.turns(1)
    assert room.plays.played == [HIGH]
    assert f"Table 1: {alarm_kind(CONTROL_GONE).text}" in room.reported
    assert alarm_kind(CONTROL_GONE).priority is Priority.HIGH
    room.unit.snapshot = replace(SESSION, doing=Doing.IDLE)
    room.unit.is_answering = True
    room.turns(28)
    heard = len(room.plays.played)
    assert heard > 4
    room.turns(30)
    assert len(room.plays.played) <= heard + 1
    assert len([text for text in room.reported if text.startswith("Table 1")]) == 1


def test_the_next_program_that_shows_the_alarm_has_it_until_somebody_takes_note(
    room: Room,
) -> None:
    room.unit.snapshot = SESSION
    room.unit.is_answering = False
    room.turns(2)
    room.unit.is_answering = True
    taken_over = RaisedAlarm(code=CONTROL_GONE, number=1, utc_ms=1)
    room.unit.snapshot = replace(SESSION, doing=Doing.IDLE, alarms=(taken_over,))
    room.turns(60)
    heard = len(room.plays.played)
    assert heard > 10, "it sounds on behind its 30 s"
    room.unit.snapshot = replace(SESSION, doing=Doing.IDLE)
    room.turns(1)
    room.turns(20)
    assert len(room.plays.played) == heard


def test_a_program_that_is_lost_again_while_the_alarm_stands_is_told_again(room: Room) -> None:
    for _ in range(2):
        room.unit.snapshot = SESSION
        room.unit.is_answering = False
        room.turns(2)
        room.unit.is_answering = True
        room.turns(8)
    assert room.reported.count(f"Table 1: {alarm_kind(CONTROL_GONE).text}") == 2
    heard = len(room.plays.played)
    room.turns(15)
    assert len(room.plays.played) > heard, "the second one stands for its own 30 s"


def test_the_next_program_that_falls_silent_leaves_the_alarm_standing(room: Room) -> None:
    room.unit.snapshot = SESSION
    room.unit.is_answering = False
    room.turns(2)
    room.unit.snapshot = replace(SESSION, doing=Doing.IDLE)
    room.unit.is_answering = True
    room.turns(1)
    room.unit.is_answering = False
    room.turns(40)
    heard = len(room.plays.played)
    room.turns(10)
    assert len(room.plays.played) > heard, "nobody has looked, and no program says that it knows"


def test_a_program_that_was_lost_before_the_station_began_sounds_until_the_next_one_has_it() -> (
    None
):
    room = Room(lost=["Table 1"])
    room.unit.is_answering = False
    room.turns(60)
    assert room.plays.played.count(HIGH) > 10
    assert room.reported.count(f"Table 1: {alarm_kind(CONTROL_GONE).text}") == 1
    taken_over = RaisedAlarm(code=CONTROL_GONE, number=1, utc_ms=1)
    room.unit.snapshot = replace(SESSION, doing=Doing.IDLE, alarms=(taken_over,))
    room.unit.is_answering = True
    room.turns(1)
    room.unit.snapshot = replace(SESSION, doing=Doing.IDLE)
    room.turns(1)
    heard = len(room.plays.played)
    room.turns(20)
    assert len(room.plays.played) == heard


def test_a_program_that_is_lost_while_nothing_runs_is_silent(room: Room) -> None:
    room.unit.snapshot = replace(SESSION, doing=Doing.IDLE)
    room.unit.is_answering = False
    room.turns(10)
    assert room.plays.played == []


def test_what_was_shown_by_a_lost_program_does_not_sound_on(room: Room) -> None:
    """Only that it is lost: nobody could acknowledge its alarms."""
    alarm = RaisedAlarm(code="check_in_due", number=1, utc_ms=1)
    room.unit.snapshot = replace(SESSION, doing=Doing.IDLE, alarms=(alarm,))
    room.unit.is_answering = False
    room.turns(40)
    assert room.plays.played == []


def test_the_workstation_stays_awake_while_a_session_is_open(room: Room) -> None:
    room.unit.snapshot = replace(SESSION, doing=Doing.IDLE)
    room.turns(0.1)
    room.unit.snapshot = SESSION
    room.turns(0.1)
    assert room.wakes.wanted == [False, True]
    assert room.reported == ["sound: Speaker", "may sleep", "awake"]


def test_nothing_is_said_of_sessions_before_the_unit_was_heard(room: Room) -> None:
    room.turns(1.0)
    assert room.reported == ["sound: Speaker"]
    room.unit.snapshot = SESSION
    room.turns(1.0)
    assert room.reported == ["sound: Speaker", "awake"]


def test_a_state_is_said_when_it_changes(room: Room) -> None:
    room.unit.snapshot = replace(SESSION, doing=Doing.IDLE)
    room.turns(2)
    room.plays.text = "NO SOUND: it is gone."
    room.turns(2)
    assert room.reported == ["sound: Speaker", "may sleep", "NO SOUND: it is gone."]
    room.attention.close()
    assert room.plays.played == ["closed"]

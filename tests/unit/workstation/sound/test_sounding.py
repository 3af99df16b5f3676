"""What sounds when, in virtual time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest

from controller.alarms import ALARMS, SOUND_PAUSE_S, Priority, RaisedAlarm
from controller.snapshot import Snapshot
from workstation.sound.sounding import (
    END_OF_SESSION,
    SHORTEST_SILENCE_S,
    STOP_AND_LINK,
    Sounder,
    UnitAlarms,
    pressing,
    what_sounds,
)

TICK_S = 0.05
BEGAN_UTC_MS = 1_796_000_000_000
Heard = list[tuple[float, str]]


def alarm(code: str, at_s: float = 0.0, number: int = 1) -> RaisedAlarm:
    return RaisedAlarm(code=code, number=number, utc_ms=utc_ms(at_s))


def utc_ms(at_s: float) -> int:
    return BEGAN_UTC_MS + round(at_s * 1000)


def unit(
    *alarms: RaisedAlarm,
    name: str = "Table 1",
    paused_until_s: float = -1.0,
    released: bool = False,
) -> UnitAlarms:
    return UnitAlarms(
        unit=name, alarms=alarms, paused_until_utc_ms=utc_ms(paused_until_s), released=released
    )


def played(until_s: float, units_at: Callable[[float], list[UnitAlarms]]) -> Heard:
    """Every burst that starts, with its time, at 20 turns a second."""
    sounder, heard = Sounder(), []
    for tick in range(round(until_s / TICK_S) + 1):
        now_s = round(tick * TICK_S, 6)
        if burst := sounder.due(units_at(now_s), now_s, utc_ms(now_s)):
            heard.append((now_s, burst.name))
    return heard


@pytest.mark.parametrize(
    ("code", "name", "every_s"),
    [("over_force", "high", 5), ("cord_slack", "medium", 15), ("stroke_near", "low", 30)],
)
def test_each_priority_has_its_burst_and_its_repetition(code: str, name: str, every_s: int) -> None:
    heard = played(61, lambda _: [unit(alarm(code))])
    assert heard == [(at, name) for at in range(0, 62, every_s)]


def test_without_an_alarm_nothing_sounds() -> None:
    assert played(60, lambda _: [unit()]) == []
    assert what_sounds([], 0) is None


def test_the_most_pressing_alarm_of_all_units_sounds() -> None:
    units = [unit(alarm("cord_slack")), unit(alarm("over_force"), name="Table 2")]
    assert {name for _, name in played(20, lambda _: units)} == {"high"}


def test_the_end_has_its_tone_only_when_no_alarm_is_left() -> None:
    end = alarm(END_OF_SESSION)
    assert played(31, lambda _: [unit(end)]) == [(0, "end"), (30, "end")]
    assert played(1, lambda _: [unit(end, alarm("check_in_due"))]) == [(0, "low")]


def test_a_more_pressing_alarm_cuts_off_what_sounds() -> None:
    low, high = alarm("stroke_near"), alarm("over_force", 0.3)
    heard = played(1, lambda now: [unit(low, *([high] if now >= 0.3 else []))])
    assert heard == [(0, "low"), (0.3, "high")]


def test_a_new_alarm_of_the_same_priority_is_heard_before_its_turn_but_not_into_a_burst() -> None:
    first, second = alarm("cord_slack"), alarm("stroke_end", 0.5)
    heard = played(20, lambda now: [unit(first, *([second] if now >= 0.5 else []))])
    assert heard[0] == (0, "medium")
    assert heard[1][0] == pytest.approx(1.0 + SHORTEST_SILENCE_S)
    assert heard[2][0] == pytest.approx(heard[1][0] + 15)


def test_a_less_pressing_new_alarm_brings_no_burst_forward() -> None:
    units = [unit(alarm("over_force"))]
    more = [*units, unit(alarm("stroke_near", 2.6), name="Table 2")]
    heard = played(11, lambda now: more if now >= 2.6 else units)
    assert [at for at, _ in heard] == [0, 5, 10]


def test_what_was_less_pressing_has_its_own_turn_when_the_high_alarm_is_acknowledged() -> None:
    medium, high = alarm("cord_slack"), alarm("over_force")
    heard = played(31, lambda now: [unit(medium, *([high] if now < 3 else []))])
    assert heard == [(0, "high"), (15, "medium"), (30, "medium")]


def test_a_new_alarm_after_an_acknowledgement_does_not_wait_for_a_whole_turn() -> None:
    high, new = alarm("over_force"), alarm("cord_slack", 4.0)
    heard = played(6, lambda now: [unit(high)] if now < 3 else [unit(new)] if now >= 4 else [])
    assert [(round(at, 2), name) for at, name in heard] == [(0, "high"), (4.7, "medium")]


def test_the_same_code_raised_anew_is_a_new_alarm() -> None:
    first = unit(alarm("stroke_near"))
    again = unit(alarm("stroke_near", 10.0, number=2))
    heard = played(12, lambda now: [again if now >= 10 else first])
    assert [at for at, _ in heard] == [0, 10]


def test_alarms_that_come_and_go_make_no_endless_burst() -> None:
    heard = played(
        60, lambda now: [unit(alarm("over_force"), alarm("link_silent", now, int(now / TICK_S)))]
    )
    assert min(b - a for (a, _), (b, _) in pairwise(heard)) >= (2.2 + SHORTEST_SILENCE_S - TICK_S)


def test_a_paused_sound_comes_back_by_itself() -> None:
    paused = unit(alarm("cord_slack"), paused_until_s=10 + SOUND_PAUSE_S)
    heard = played(131, lambda now: [paused if now >= 10 else unit(alarm("cord_slack"))])
    assert [at for at, _ in heard] == [0, 130]


def changed_at_20(before: UnitAlarms, after: UnitAlarms, now_s: float) -> list[UnitAlarms]:
    return [after if now_s >= 20 else before]


def test_a_new_high_alarm_ends_the_pause_and_no_other_does() -> None:
    until_s = SOUND_PAUSE_S
    known = alarm("over_force", -1.0)
    for code, sounds in (("force_stuck", True), ("cord_slack", False), ("stroke_near", False)):
        new = unit(known, alarm(code, 20.0), paused_until_s=until_s)
        paused = unit(known, paused_until_s=until_s)
        heard = played(40, partial(changed_at_20, paused, new))
        assert [at for at, _ in heard][:1] == ([20] if sounds else []), code


def test_a_pause_is_of_one_unit_only() -> None:
    units = [
        unit(alarm("over_force", -1.0), paused_until_s=SOUND_PAUSE_S),
        unit(alarm("stroke_near"), name="Table 2"),
    ]
    assert played(1, lambda _: units) == [(0, "low")]


@pytest.mark.parametrize("code", sorted(STOP_AND_LINK))
def test_stop_and_link_alarms_fall_to_medium_once_the_release_was_seen(code: str) -> None:
    assert ALARMS[code].priority is Priority.HIGH
    before = unit(alarm(code))
    heard = played(45, lambda now: [replace(before, released=now >= 12)])
    assert heard == [(0, "high"), (5, "high"), (10, "high"), (25, "medium"), (40, "medium")]


def test_every_other_alarm_stays_what_it_is_after_the_release() -> None:
    for code, kind in ALARMS.items():
        if code not in STOP_AND_LINK:
            assert pressing(alarm(code), released=True) is kind.priority


def test_a_stop_in_a_pause_ends_it_for_good_even_when_the_release_is_seen_at_once() -> None:
    stopped = unit(
        alarm("patient_switch_pressed", 20.0), released=True, paused_until_s=SOUND_PAUSE_S
    )
    heard = played(36, lambda now: [stopped] if now >= 20 else [])
    assert heard == [(20, "medium"), (35, "medium")]


def test_the_alarms_of_a_snapshot_sound_with_what_the_parent_raises_about_it() -> None:
    """Of a process that is gone the last snapshot is left, in the middle of a pause perhaps."""
    shown = Snapshot(
        number=1,
        utc_ms=utc_ms(10.0),
        phase="holding",
        alarms=(alarm("cord_slack", 1.0),),
        sound_paused_s=100.0,
    )
    gone = alarm("control_gone", 12.0, 1000)
    quiet = UnitAlarms.of("Table 1", shown, released=False)
    loud = UnitAlarms.of("Table 1", shown, released=False, more=(gone,))
    assert quiet.paused_until_utc_ms == utc_ms(110.0)
    assert played(14, lambda now: [loud if now >= 12 else quiet] if now >= 10 else []) == [
        (12, "high")
    ]
    assert played(111, lambda now: [quiet] if now >= 10 else []) == [(110, "medium")]
    assert UnitAlarms.of("Table 1", replace(shown, sound_paused_s=0.0), released=True) == (
        UnitAlarms(unit="Table 1", alarms=shown.alarms, released=True)
    )


def test_a_clock_that_is_set_moves_no_burst() -> None:
    sounder, heard = Sounder(), []
    for tick in range(round(20 / TICK_S)):
        now_s = tick * TICK_S
        step_ms = 3_600_000 if now_s > 7 else -3_600_000 if now_s > 3 else 0
        if sounder.due([unit(alarm("over_force"))], now_s, utc_ms(now_s) + step_ms):
            heard.append(round(now_s, 2))
    assert heard == [0, 5, 10, 15]

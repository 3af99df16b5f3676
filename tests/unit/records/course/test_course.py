"""Phases, cycles, times and forces from readings alone, on courses drawn by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from records.course.course import METHOD, ObservedCourse, observe_course
from records.course.phases import ObservedKind
from records.course.pieces import Sums, straight_pieces
from records.course.readings import Readings
from tests.unit.records.course.drawn import STATIC, Knot, intermittent, readings


def kinds(course: ObservedCourse) -> list[ObservedKind]:
    return [phase.kind for phase in course.phases]


def spans(course: ObservedCourse, kind: ObservedKind) -> list[tuple[int, int]]:
    return [(p.start_ms, p.end_ms) for p in course.phases if p.kind is kind]


def test_a_static_treatment_is_pretension_ramp_hold_and_release() -> None:
    course = observe_course(readings(STATIC))
    assert kinds(course) == [
        ObservedKind.FREE,
        ObservedKind.RAMP_UP,
        ObservedKind.PRETENSION,
        ObservedKind.RAMP_UP,
        ObservedKind.HOLD,
        ObservedKind.RELEASE,
        ObservedKind.FREE,
    ]
    assert course.method == METHOD
    assert course.cycles == 1
    assert course.traction_ms == pytest.approx(308_500, abs=500)
    assert course.hold_time_ms == pytest.approx(300_000, abs=700)
    assert course.mean_hold_force_dn == pytest.approx(1000, abs=2)
    assert course.peak_force_dn == pytest.approx(1000, abs=15)
    assert (course.gaps, course.sudden_releases, course.released) == ((), (), True)


def test_holds_and_rests_alternate_and_each_hold_is_a_cycle() -> None:
    course = observe_course(readings(intermittent(6), breath_n=2.0))
    assert course.cycles == 6
    assert len(spans(course, ObservedKind.REST)) == 6
    for cycle, (start_ms, end_ms) in enumerate(spans(course, ObservedKind.HOLD)):
        assert start_ms == pytest.approx(25_000 + 40_000 * cycle, abs=700)
        assert end_ms == pytest.approx(50_000 + 40_000 * cycle, abs=700)


def test_steps_up_and_down_are_steps_around_one_hold() -> None:
    knots: list[Knot] = [(0.0, 0.0), (5.0, 0.0), (7.0, 15.0), (17.0, 15.0)]
    at_s = 17.0
    for level_n in (40.0, 65.0, 90.0, 65.0, 40.0):
        knots += [(at_s + 2.5, level_n), (at_s + 40.0, level_n)]
        at_s += 40.0
    course = observe_course(readings([*knots, (at_s + 2.0, 0.0), (at_s + 12.0, 0.0)]))
    levels = [p.kind for p in course.phases if p.kind in (ObservedKind.STEP, ObservedKind.HOLD)]
    assert levels == [
        ObservedKind.STEP,
        ObservedKind.STEP,
        ObservedKind.HOLD,
        ObservedKind.STEP,
        ObservedKind.STEP,
    ]
    assert course.cycles == 1
    assert course.hold_time_ms == pytest.approx(5 * 37_500, rel=0.02)


@pytest.mark.parametrize("ramp_s", [8.0, 20.0, 60.0])
def test_a_cyclic_treatment_is_all_ramps_however_slow(ramp_s: float) -> None:
    knots: list[Knot] = [(0.0, 0.0), (5.0, 0.0), (7.0, 15.0), (17.0, 15.0)]
    for turn in range(1, 13):
        knots.append((17.0 + ramp_s * turn, 100.0 if turn % 2 else 60.0))
    end_s = knots[-1][0]
    course = observe_course(readings([*knots, (end_s + 2.0, 0.0), (end_s + 12.0, 0.0)]))
    assert course.cycles == 6
    assert course.hold_time_ms == 0
    assert not course.held
    assert course.traction_ms == pytest.approx(12_000 * ramp_s, abs=2000)


def test_a_last_rise_that_is_cut_short_is_no_cycle() -> None:
    knots = intermittent(3)[:-2]
    at_s = knots[-1][0]
    cut = [*knots, (at_s + 2.5, 75.0), (at_s + 6.3, 0.0), (at_s + 16.0, 0.0)]
    assert observe_course(readings(cut)).cycles == 3


def test_breath_and_coughs_make_no_phase() -> None:
    calm = observe_course(readings(STATIC))
    stirred = observe_course(readings(STATIC, breath_n=4.0, coughs_s=(60.0, 61.5, 200.0, 22.0)))
    assert kinds(stirred) == kinds(calm)
    assert stirred.sudden_releases == ()
    assert abs(stirred.hold_time_ms - calm.hold_time_ms) < 2000


def test_a_gap_is_listed_and_left_out_of_every_sum() -> None:
    whole = observe_course(readings(STATIC))
    course = observe_course(readings(STATIC, missing_s=((100.0, 101.0), (200.0, 201.5))))
    assert [(g.start_ms, g.end_ms) for g in course.gaps] == [(100_000, 101_000), (200_000, 201_500)]
    assert kinds(course) == kinds(whole)
    assert course.traction_ms == pytest.approx(whole.traction_ms - 2500, abs=100)
    assert course.hold_time_ms == pytest.approx(whole.hold_time_ms - 2500, abs=100)


def test_what_happens_in_a_long_gap_is_not_seen_and_one_hold_stays_one_cycle() -> None:
    course = observe_course(readings(STATIC, missing_s=((100.0, 130.0),)))
    assert course.cycles == 1
    assert spans(course, ObservedKind.UNSEEN) == [(100_000, 130_000)]
    assert course.traction_ms == pytest.approx(308_500 - 30_000, abs=500)
    assert course.hold_time_ms == pytest.approx(300_000 - 30_000, abs=800)


def test_a_step_of_300_ms_is_no_gap_and_one_of_301_is() -> None:
    times = np.array([0, 300, 601, 700], dtype=np.int64)
    gaps = Readings(times_ms=times, forces_dn=np.zeros(4, dtype=np.int64)).gaps()
    assert [(g.start_ms, g.end_ms) for g in gaps] == [(300, 601)]


def test_a_cord_that_nobody_pulls_has_no_treatment() -> None:
    course = observe_course(readings([(0.0, 0.0), (60.0, 0.0)]))
    assert kinds(course) == [ObservedKind.FREE]
    assert (course.cycles, course.traction_ms, course.hold_time_ms) == (0, 0, 0)
    assert (course.treatment_started_ms, course.peak_force_dn, course.held) == (None, None, False)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_a_few_readings_are_no_treatment_and_no_error(count: int) -> None:
    times = np.arange(count, dtype=np.int64) * 100
    course = observe_course(Readings(times_ms=times, forces_dn=np.full(count, 900, dtype=np.int64)))
    assert (course.phases, course.traction_ms, course.released) == ((), 0, False)


def test_a_force_that_never_ends_is_not_released() -> None:
    course = observe_course(readings(STATIC[:-2]))
    assert not course.released
    assert course.treatment_ended_ms == course.phases[-1].end_ms


@pytest.mark.parametrize("rate_hz", [5.0, 10.0, 20.0, 50.0])
def test_any_rate_of_an_instrument_shows_the_same_treatment(rate_hz: float) -> None:
    course = observe_course(readings(intermittent(4), rate_hz=rate_hz))
    assert course.cycles == 4
    assert course.traction_ms == pytest.approx(160_000, abs=1000)
    assert course.hold_time_ms == pytest.approx(100_000, rel=0.03)


def test_times_that_stand_still_are_refused() -> None:
    times = np.array([0, 100, 100], dtype=np.int64)
    with pytest.raises(ValueError, match="reading 2 is not later"):
        Readings(times_ms=times, forces_dn=np.zeros(3, dtype=np.int64))


def test_twice_as_long_costs_about_twice_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted are the lines that are fitted; real time would say something about the computer."""
    asked: list[int] = []
    fit = Sums.lines

    def counting(self: Sums, first, end):  # type: ignore[no-untyped-def]
        asked.append(len(first))
        return fit(self, first, end)

    monkeypatch.setattr(Sums, "lines", counting)
    costs = []
    for cycles in (10, 20, 40):
        asked.clear()
        straight_pieces(readings(intermittent(cycles), breath_n=2.0))
        costs.append(sum(asked))
    assert costs[1] < 2.5 * costs[0]
    assert costs[2] < 2.5 * costs[1]


def test_a_spasm_in_a_hold_is_no_cycle_of_its_own() -> None:
    spasm: list[Knot] = [(150.0, 100.0), (150.4, 140.0), (152.5, 100.0)]
    course = observe_course(readings([*STATIC[:5], *spasm, *STATIC[5:]]))
    assert kinds(course) == kinds(observe_course(readings(STATIC)))
    assert course.cycles == 1


def test_a_ramp_that_goes_too_far_and_comes_back_leads_to_one_level() -> None:
    knots = intermittent(3)
    for cycle in range(3):
        bottom_s = 20.0 + 40.0 * cycle + 32.5
        at = knots.index((bottom_s, 50.0))
        knots[at : at + 1] = [(bottom_s, 36.0), (bottom_s + 1.2, 36.5), (bottom_s + 1.6, 50.0)]
    course = observe_course(readings(knots))
    assert course.cycles == 3
    assert len(spans(course, ObservedKind.REST)) == 3


@given(
    steps_ms=st.lists(st.integers(1, 5000) | st.just(100), max_size=120),
    forces_dn=st.lists(st.integers(-32767, 32767) | st.integers(0, 1500), min_size=121),
    ordered_ms=st.none() | st.integers(0, 600_000),
)
def test_no_readings_are_an_error_and_phases_follow_one_another(
    steps_ms: list[int], forces_dn: list[int], ordered_ms: int | None
) -> None:
    times = np.cumsum([0, *steps_ms]).astype(np.int64)
    forces = np.array(forces_dn[: len(times)], dtype=np.int64)
    course = observe_course(
        Readings(times_ms=times, forces_dn=forces), ordered_traction_ms=ordered_ms
    )
    for phase, behind in pairwise(course.phases):
        assert phase.start_ms <= phase.end_ms <= behind.start_ms
    seen_ms = int(times[-1]) - sum(gap.duration_ms for gap in course.gaps)
    assert 0 <= course.hold_time_ms <= max(0, seen_ms)
    assert 0 <= course.traction_ms <= int(times[-1])


def test_a_ramp_that_friction_bends_begins_where_the_level_ends() -> None:
    knots = intermittent(4)
    for cycle in range(4):
        end_s = 20.0 + 40.0 * cycle + 30.0
        at = knots.index((end_s + 2.5, 50.0))
        knots[at : at + 1] = [(end_s + 0.4, 93.0), (end_s + 9.0, 50.0)]
    course = observe_course(readings(knots))
    holds = spans(course, ObservedKind.HOLD)
    assert [end_ms for _, end_ms in holds] == pytest.approx(
        [50_000 + 40_000 * cycle for cycle in range(4)], abs=350
    )


def test_a_release_that_ends_in_a_loose_cord_was_a_release_from_its_first_newton() -> None:
    slow: list[Knot] = [(325.5, 100.0), (355.5, 16.0), (357.0, 0.0), (370.0, 0.0)]
    course = observe_course(readings([*STATIC[:5], *slow]))
    assert course.traction_ms == pytest.approx(308_500, abs=700)
    assert spans(course, ObservedKind.RAMP_DOWN) == []


def test_a_cell_that_is_only_pushed_never_pulled() -> None:
    pushed = readings(intermittent(3))
    course = observe_course(Readings(times_ms=pushed.times_ms, forces_dn=-pushed.forces_dn))
    assert kinds(course) == [ObservedKind.FREE]
    assert (course.cycles, course.traction_ms, course.peak_force_dn) == (0, 0, None)

"""What the checks ask of the supervisor's memory."""

from __future__ import annotations

from typing import Any

import pytest

from controller.safety import situation as situation_module
from controller.safety.situation import Situation, SupervisedStage
from controller.telemetry import FORCE_FAULTS, CommandKind, ForceCommand, Telemetry, UnitState
from tests.unit.controller.builders import health, reading
from tests.unit.controller.safety.bench import CERVICAL_LIMITS


@pytest.mark.parametrize(
    ("first_n", "second_n", "largest_n"),
    [
        (None, None, None),
        (40.0, None, 40.0),
        (None, 41.0, 41.0),
        (40.0, 41.0, 41.0),
        (42.0, 41.0, 42.0),
        (-3.0, -2.0, -2.0),
        (0.0, None, 0.0),
        (None, 0.0, 0.0),
    ],
)
def test_the_largest_force_is_that_of_the_channels_that_can_be_believed(
    first_n: float | None, second_n: float | None, largest_n: float | None
) -> None:
    seen = reading(force_n=first_n, second_force_n=second_n)
    assert made(seen).largest_force_n == largest_n


def made(first: Telemetry) -> Situation:
    return Situation(
        CERVICAL_LIMITS, first, 100.0, release_rate_n_per_s=20.0, force_shows_noise=True
    )


def situation(**seen: Any) -> Situation:
    return made(reading(**seen))


def test_what_is_not_measured_is_never_a_number() -> None:
    for one_channel in ({"second_force_n": None}, {"force_n": None, "second_force_n": 40.0}):
        assert situation(**one_channel).apart_n is None
    assert situation(force_n=None).may_be_apart_n == CERVICAL_LIMITS.disagree_n
    unknown = situation(force_n=None, extension_mm=None, setpoint_in_effect_n=None)
    assert unknown.pull_mm is None
    assert unknown.fallen_from_n is None
    assert unknown.unexplained_fall_n is None
    assert unknown.unordered_rise_n is None
    assert unknown.slipped_mm_per_s is None
    assert unknown.above_set_point_n is None
    assert unknown.below_set_point_n is None
    assert unknown.may_stray_n == CERVICAL_LIMITS.track_n
    assert unknown.force_is_on


def test_before_the_first_tick_nothing_is_ordered_and_nothing_was_missed() -> None:
    now = situation(force_n=2.0)
    assert (now.orders.force_n, now.orders.ceiling_n) == (0.0, CERVICAL_LIMITS.force_n)
    assert now.orders.released is None
    assert not (now.orders.follows)
    assert not (now.missed)
    assert not (now.was_taut)
    assert not (now.free)
    assert now.taking_up_slack
    assert now.link.sent_before_reading == 0
    assert now.stage is SupervisedStage.PULLING


@pytest.mark.parametrize("first_n", [80.0, 120.0])
def test_the_first_excursion_from_an_order_is_no_change_of_sides(first_n: float) -> None:
    now = situation(force_n=100.0)
    for tick, force_n in enumerate((first_n, 200.0 - first_n), start=1):
        now.take(
            reading(force_n=force_n),
            sent=ForceCommand(kind=CommandKind.FOLLOW, force_n=100.0, ceiling_n=150.0),
            health=health(),
            now_s=100.0 + 0.05 * tick,
        )
        assert now.swings.count(now.now_s) == tick - 1


def test_the_windows_and_thresholds_are_those_of_the_documents() -> None:
    """Once more, by hand: session-rules.md, reference map B.10, hazards.md, the pages."""
    assert (situation_module.SLACK_N, situation_module.RELEASED_N) == (5.0, 15.0)
    assert situation_module.TAUT_READINGS == 3
    assert situation_module.TRACK_WINDOW_S == 1.0
    assert (situation_module.FALL_WINDOW_S, situation_module.RISE_WINDOW_S) == (0.2, 0.5)
    assert situation_module.PAY_OUT_WINDOW_S == 0.3
    assert (situation_module.SLIP_WINDOW_S, situation_module.SWING_WINDOW_S) == (3.0, 3.0)
    assert situation_module.SET_POINT_WINDOW_S == 1.5
    assert situation_module.SEQUENCES == 65535
    assert int(FORCE_FAULTS) == 0b1111_1100


# --- one reading after the other ------------------------------------------------------------------


class Story:
    """A situation that gets one reading and one order a tick."""

    def __init__(self, **first: Any) -> None:
        self.now = situation(**first)
        self.number = 1

    def tick(
        self, order_n: float = 50.0, *, kind: CommandKind = CommandKind.FOLLOW, **seen: Any
    ) -> Situation:
        self.number += 1
        sent = ForceCommand(kind=kind, force_n=order_n, ceiling_n=102.0)
        values = {"sample_number": self.number, "setpoint_in_effect_n": order_n, **seen}
        self.now.take(
            reading(**values), sent=sent, health=health(), now_s=100.0 + 0.05 * (self.number - 1)
        )
        return self.now


def test_slack_is_taken_up_after_three_taut_readings_in_a_row() -> None:
    story = Story(force_n=4.9)
    for force_n, taking_up in (
        (5.0, True),
        (5.0, True),
        (None, True),
        (5.0, True),
        (5.0, True),
        (4.9, True),
        (5.0, True),
        (5.0, True),
        (5.0, False),
        (1.0, False),
    ):
        assert story.tick(force_n=force_n).taking_up_slack is taking_up
    assert Story(force_n=5.0).now.was_taut
    assert not Story(force_n=4.9).now.was_taut


def test_the_first_reading_counts_as_one_of_the_taut_ones() -> None:
    story = Story(force_n=5.0)
    assert story.tick(force_n=5.0).taking_up_slack
    assert not story.tick(force_n=5.0).taking_up_slack


def test_a_cord_is_slack_below_5_n_and_not_without_a_known_force() -> None:
    assert [situation(force_n=n).is_slack for n in (4.9, 5.0, None, -3.0)] == [
        True,
        False,
        False,
        True,
    ]


def test_a_pull_is_measured_from_where_the_slack_was_taken_up() -> None:
    story = Story(force_n=9.0, extension_mm=4.0)
    assert story.now.pull_mm is None
    assert story.tick(force_n=9.0, extension_mm=5.0).pull_mm is None
    assert story.tick(force_n=9.0, extension_mm=6.0).pull_mm == 0.0
    assert story.tick(force_n=9.0, extension_mm=7.5).pull_mm == 1.5
    assert story.tick(force_n=1.0, extension_mm=5.0).pull_mm == -1.0
    assert story.tick(extension_mm=None).pull_mm is None


def test_the_slip_of_a_cord_is_what_neither_force_nor_creep_explains() -> None:
    """Wound in: 30 mm in 3 s at 30 mm of pull; 25 N more explain 10 mm, creep 0.12 mm/s."""
    story = Story(force_n=50.0, extension_mm=0.0)
    story.tick(force_n=50.0, extension_mm=0.0)
    for n in range(60):
        assert story.now.slipped_mm_per_s is None
        story.tick(force_n=50.0 + 25.0 * n / 59, extension_mm=30.0 * n / 59)
    assert story.now.slipped_mm_per_s == pytest.approx((30.0 - 10.0) / 3.0 - 0.004 * 30.0)
    assert story.tick(force_n=75.0, extension_mm=None).slipped_mm_per_s is None


def test_a_force_that_falls_and_a_cord_paid_out_explain_no_slip() -> None:
    story = Story(force_n=80.0, extension_mm=10.0)
    story.tick(force_n=80.0, extension_mm=10.0)
    for n in range(61):
        story.tick(force_n=80.0 - 0.5 * n, extension_mm=10.0 - 0.1 * n)
    assert story.now.pull_mm == -6.0
    assert story.now.slipped_mm_per_s == pytest.approx(-2.0), "neither explains less than nothing"


def test_slack_that_is_taken_up_is_no_part_of_a_slip() -> None:
    story = Story(force_n=1.0, extension_mm=0.0)
    for n in range(70):
        story.tick(force_n=1.0, extension_mm=0.1 * n)
    for _ in range(62):
        assert story.now.slipped_mm_per_s is None
        story.tick(force_n=9.0, extension_mm=7.0)
    assert story.now.slipped_mm_per_s == 0.0


def test_a_slip_is_known_only_where_position_and_force_were_both_seen_for_3_s() -> None:
    without_position = Story(force_n=50.0, extension_mm=None)
    for _ in range(70):
        without_position.tick(force_n=50.0, extension_mm=None)
    for n in range(60):
        now = without_position.tick(force_n=50.0, extension_mm=0.5 * n)
        assert now.slipped_mm_per_s is None
    now = without_position.tick(force_n=50.0, extension_mm=30.0)
    assert now.slipped_mm_per_s == pytest.approx(30.0 / 3.0 - 0.004 * 30.0)

    without_force = Story(force_n=1.0, extension_mm=0.0)
    for _ in range(70):
        without_force.tick(force_n=1.0, extension_mm=0.0)
    for _ in range(3):
        without_force.tick(force_n=50.0, extension_mm=0.0)
    for n in range(70):
        now = without_force.tick(force_n=None, second_force_n=None, extension_mm=0.5 * n)
        assert now.slipped_mm_per_s is None


@pytest.mark.parametrize(
    ("order_n", "force_n", "distance"),
    [(50.0, 60.0, (10.0, -10.0)), (50.0, 35.0, (-15.0, 15.0)), (50.0, None, (None, None))],
)
def test_a_force_is_compared_with_the_set_points_of_the_last_second(
    order_n: float, force_n: float | None, distance: tuple[float | None, float | None]
) -> None:
    story = Story(force_n=50.0)
    for _ in range(3):
        story.tick(order_n, force_n=50.0)
    now = story.tick(order_n, force_n=force_n, second_force_n=None)
    assert (now.above_set_point_n, now.below_set_point_n) == distance


def test_without_a_set_point_a_known_force_is_compared_with_none() -> None:
    now = situation(force_n=50.0, second_force_n=None)
    assert (now.above_set_point_n, now.below_set_point_n) == (None, None)


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        ({"setpoint_in_effect_n": None}, CommandKind.FOLLOW),
        ({}, CommandKind.HOLD),
        ({"unit_state": UnitState.RELEASING}, CommandKind.FOLLOW),
    ],
)
def test_what_does_not_follow_forgets_its_set_points(
    seen: dict[str, Any], kind: CommandKind
) -> None:
    story = Story(force_n=50.0)
    for _ in range(40):
        story.tick(setpoint_in_effect_n=80.0, force_n=50.0)
    assert story.now.strayed.filled
    assert story.now.below_set_point.lasting_s(story.now.now_s) > 1.0
    now = story.tick(kind=kind, force_n=50.0, **seen)
    assert (now.strayed.filled, now.strayed.lowest, now.set_points.lowest) == (False, None, None)
    assert now.below_set_point.lasting_s(now.now_s) == 0.0


def test_a_force_above_its_set_point_is_forgotten_where_nothing_follows() -> None:
    story = Story(force_n=50.0)
    for _ in range(40):
        story.tick(setpoint_in_effect_n=20.0, force_n=50.0)
    assert story.now.above_set_point.lasting_s(story.now.now_s) > 0.5
    now = story.tick(kind=CommandKind.HOLD, force_n=50.0)
    assert now.above_set_point.lasting_s(now.now_s) == 0.0


def test_the_age_of_a_sample_is_the_larger_of_what_unit_and_number_say() -> None:
    story = Story(force_n=50.0)
    assert story.tick(sample_age_s=0.02).stale_s == 0.02
    for _ in range(2):
        story.tick(sample_number=2, sample_age_s=0.02)
    assert story.now.stale_s == 0.1
    assert story.tick(sample_number=3, sample_age_s=0.02).stale_s == 0.02


def test_a_tick_without_a_reading_is_silence_and_makes_no_sample_older() -> None:
    story = Story(force_n=50.0)
    story.tick(sample_age_s=0.02)
    sent = ForceCommand(kind=CommandKind.FOLLOW, force_n=50.0)
    story.now.take(None, sent=sent, health=health(), now_s=100.25)
    assert (story.now.silence_s, story.now.stale_s, story.now.missed) == (0.2, 0.02, True)
    assert (story.now.session_s, story.now.reading.sample_number) == (0.25, 2)


def test_a_rise_counts_beyond_what_was_and_may_be_ordered() -> None:
    """10 N/s may be ordered: 5 N in half a second."""
    story = Story(force_n=20.0)
    assert story.tick(20.0, force_n=20.0).unordered_rise_n == 0.0
    assert story.tick(22.0, force_n=30.0).unordered_rise_n == pytest.approx(8.0)
    assert story.tick(40.0, force_n=30.0).unordered_rise_n == pytest.approx(5.0)


@pytest.mark.parametrize(("set_point_n", "unordered_n"), [(50.0, 20.0), (53.0, 17.0), (70.0, 15.0)])
def test_the_rise_of_the_set_point_in_effect_explains_a_rise_as_far_as_it_may_be_ordered(
    set_point_n: float, unordered_n: float
) -> None:
    """The unit follows one step of the order for longer than 0.5 s, at 10 N/s at most."""
    story = Story(force_n=40.0)
    for _ in range(16):
        story.tick(70.0, setpoint_in_effect_n=50.0, force_n=40.0)
    now = story.tick(70.0, setpoint_in_effect_n=set_point_n, force_n=60.0)
    assert now.unordered_rise_n == pytest.approx(unordered_n)


def test_a_shock_while_the_slack_is_taken_up_is_explained_by_no_set_point() -> None:
    story = Story(force_n=1.0)
    for n in range(12):
        story.tick(20.0, setpoint_in_effect_n=1.0 + n, force_n=1.0)
    assert story.tick(20.0, force_n=21.0).unordered_rise_n == pytest.approx(20.0)


def test_a_fall_counts_from_the_order_and_without_what_was_paid_out() -> None:
    """20 N for each millimetre."""
    story = Story(force_n=58.0, extension_mm=10.0)
    assert story.tick(50.0, force_n=58.0, extension_mm=10.0).fallen_from_n == 50.0
    now = story.tick(50.0, force_n=30.0, extension_mm=9.6)
    assert now.unexplained_fall_n == pytest.approx(20.0 - 8.0)
    now = story.tick(50.0, force_n=30.0, extension_mm=12.0)
    assert now.unexplained_fall_n == pytest.approx(20.0), "cord wound in explains none"


def test_the_first_reading_s_position_explains_a_fall_as_any_other() -> None:
    story = Story(force_n=50.0, extension_mm=10.0)
    now = story.tick(0.0, force_n=30.0, extension_mm=9.6)
    assert now.paid_out.fall == pytest.approx(0.4)


def test_a_changed_force_remembers_where_the_cord_stood() -> None:
    story = Story(force_n=50.0, extension_mm=10.0)
    assert story.tick(force_n=50.0, extension_mm=11.0).force_changed_at_mm == 10.0
    assert story.tick(force_n=50.1, extension_mm=12.0).force_changed_at_mm == 12.0


def test_a_held_position_regulates_no_force_that_could_swing() -> None:
    story = Story(force_n=100.0)
    for n in range(20):
        now = story.tick(100.0, kind=CommandKind.HOLD, force_n=80.0 + 40.0 * (n % 2))
    assert now.swings.count(now.now_s) == 0


def test_a_patient_is_not_free_on_a_reading_from_before_the_release() -> None:
    story = Story(force_n=3.0)
    story.tick(force_n=3.0, unit_state=UnitState.IDLE)
    release = ForceCommand(kind=CommandKind.RELEASE)
    story.now.take(None, sent=release, health=health(), now_s=story.now.now_s + 0.05)
    assert story.now.has_let_go
    assert story.now.stage is SupervisedStage.RELEASING
    story.number += 1
    now = story.tick(force_n=3.0, unit_state=UnitState.IDLE, kind=CommandKind.RELEASE)
    assert now.stage is SupervisedStage.FREE


def test_force_that_was_never_off_is_not_back() -> None:
    story = Story(force_n=90.0)
    for _ in range(4):
        now = story.tick(force_n=90.0, kind=CommandKind.RELEASE)
    assert now.back_after_release.lasting_s(now.now_s) == 0.0


def test_the_second_channel_of_a_unit_is_known_from_its_word_or_its_first_reading() -> None:
    assert made(reading(second_force_n=3.0)).has_second_channel
    assert not made(reading(second_force_n=None)).has_second_channel
    by_word = Situation(
        CERVICAL_LIMITS,
        reading(second_force_n=None),
        100.0,
        release_rate_n_per_s=20.0,
        force_shows_noise=True,
        second_channel=True,
    )
    assert by_word.has_second_channel


@pytest.mark.parametrize(
    ("force_n", "second_n", "shows"),
    [
        (20.0, 20.0, False),
        (20.1, None, True),
        (-20.1, None, True),
        (None, 20.1, True),
        (None, None, False),
        (3.0, -20.1, True),
    ],
)
def test_a_channel_that_is_there_shows_force_above_20_n(
    force_n: float | None, second_n: float | None, shows: bool
) -> None:
    assert situation(force_n=force_n, second_force_n=second_n).shows_force is shows


@pytest.mark.parametrize(
    ("force_n", "may_be_n"), [(None, 10.0), (90.0, 10.0), (150.0, 15.0), (-300.0, 10.0)]
)
def test_channels_may_be_apart_by_10_n_or_a_tenth(force_n: float | None, may_be_n: float) -> None:
    assert situation(force_n=force_n).may_be_apart_n == may_be_n


@pytest.mark.parametrize(("set_point_n", "may_stray_n"), [(None, 10.0), (90.0, 10.0), (150.0, 15)])
def test_a_force_may_stray_by_10_n_or_a_tenth(
    set_point_n: float | None, may_stray_n: float
) -> None:
    assert situation(setpoint_in_effect_n=set_point_n).may_stray_n == may_stray_n


def test_the_first_excursion_from_an_order_of_nothing_is_no_change_of_sides_either() -> None:
    story = Story(force_n=3.0)
    for force_n in (20.0, -20.0):
        for _ in range(2):
            now = story.tick(0.0, force_n=force_n)
        assert now.swings.count(now.now_s) == (0 if force_n > 0 else 1)


def test_the_side_of_a_swing_is_that_of_the_order_however_small_the_error_may_be() -> None:
    limits = CERVICAL_LIMITS.narrowed(swing_n=0.5, swing_share=0.0)
    now = Situation(
        limits, reading(force_n=10.0), 100.0, release_rate_n_per_s=20.0, force_shows_noise=True
    )
    for tick, force_n in enumerate((9.25, 10.75, 9.25), start=1):
        now.take(
            reading(force_n=force_n),
            sent=ForceCommand(kind=CommandKind.FOLLOW, force_n=10.0, ceiling_n=150.0),
            health=health(),
            now_s=100.0 + 0.05 * tick,
        )
        assert now.swings.count(now.now_s) == tick - 1


def must_move_for_s(*, taut_first: bool, force_n: float) -> float | None:
    """For how long the force has had to move while the set-point went up 40 N in a second."""
    story = Story(force_n=force_n)
    for _ in range(4 if taut_first else 0):
        story.tick(force_n, force_n=20.0)
    for tick in range(21):
        now = story.tick(force_n + 2.0 * tick, force_n=force_n)
    return now.force_must_move.lasting_s(now.now_s)


def test_a_force_must_move_with_its_set_point_but_not_with_slack_in_the_cord() -> None:
    taut = must_move_for_s(taut_first=True, force_n=20.0)
    assert taut == pytest.approx(0.85), "from the first 6 N on"
    for taut_first in (True, False):
        assert not must_move_for_s(taut_first=taut_first, force_n=3.0)
    assert not must_move_for_s(taut_first=False, force_n=4.9)

"""The release as the session logic follows it: what is sent next, and what each reading means."""

from __future__ import annotations

from typing import Any

import pytest

from controller import telemetry
from controller.session.release import GIVE_UP_S, RELEASE_LIMIT_S, Release, ReleaseStep
from controller.telemetry import CommandKind, Telemetry, UnitState
from tests.unit.controller.builders import prescription, reading

RELEASE, FAST, CUT = CommandKind.RELEASE, CommandKind.RELEASE_FAST, CommandKind.CUT_POWER
TICK_S = 0.05


class Following:
    """A release that is fed readings 50 ms apart; a reading changes as told and keeps the rest."""

    def __init__(self, kind: CommandKind = FAST, **order: Any) -> None:
        self.release = Release(prescription(**order))
        self.now_s, self.number = 500.0, 0
        self.last: Telemetry | None = None
        assert self.release.demand(kind, self.now_s)

    def tick(self, *, silent: bool = False, **changes: Any) -> ReleaseStep:
        self.now_s += TICK_S
        self.number += 1
        seen = None if silent else reading(sample_number=self.number, **changes)
        self.last = seen or self.last
        return self.release.follow(seen, self.now_s)

    def until(self, step: ReleaseStep, *, most_s: float = 700.0, **changes: Any) -> float:
        """Seconds until the step comes; nothing else may come before."""
        started_s = self.now_s
        while self.now_s - started_s < most_s:
            found = self.tick(**changes)
            if found is step:
                return self.now_s - started_s
            assert found is ReleaseStep.GOES_ON, found
        raise AssertionError(f"{step} never came")

    @property
    def sent(self) -> CommandKind:
        return self.release.command(self.last)


MOVING: dict[str, Any] = {"unit_state": UnitState.RELEASING, "force_n": 60.0}


def test_a_release_only_gets_stronger() -> None:
    release = Release(prescription())
    assert not release.ordered
    assert release.demand(FAST, 1.0)
    assert release.ordered
    assert not release.demand(RELEASE, 2.0)
    assert not release.demand(FAST, 2.0)
    assert release.command(None) is FAST
    assert release.demand(CUT, 3.0)
    assert release.command(None) is CUT


@pytest.mark.parametrize(
    ("state", "step"),
    [
        (UnitState.ARMED, ReleaseStep.SEEN_ARMED),
        (UnitState.IDLE, ReleaseStep.SEEN_FREE),
        (UnitState.SAFE_LATCHED, ReleaseStep.SEEN_FREE),
        (UnitState.FAULT, ReleaseStep.SEEN_FREE),
    ],
)
def test_a_free_cord_in_a_state_that_pulls_no_more_is_seen(
    state: UnitState, step: ReleaseStep
) -> None:
    following = Following()
    following.tick(**MOVING)
    assert following.tick(unit_state=state, force_n=20.0) is step
    assert following.release.seen
    assert following.sent is CommandKind.OBSERVE


@pytest.mark.parametrize("state", [UnitState.TRACKING, UnitState.HOLDING, UnitState.RELEASING])
def test_a_slack_cord_in_a_state_that_may_pull_is_not_seen(state: UnitState) -> None:
    following = Following()
    following.tick(**MOVING)
    assert following.tick(unit_state=state, force_n=1.0) is ReleaseStep.GOES_ON
    assert not following.release.seen


def test_at_15_n_or_less_the_unit_is_read_before_it_is_ordered_again() -> None:
    following = Following(RELEASE)
    following.tick(**MOVING)
    assert following.sent is RELEASE
    following.tick(unit_state=UnitState.RELEASING, force_n=15.1)
    assert following.sent is RELEASE
    following.tick(unit_state=UnitState.RELEASING, force_n=15.0)
    assert following.sent is CommandKind.OBSERVE
    assert following.sent is CommandKind.OBSERVE, "asking twice changes nothing"
    following.tick(unit_state=UnitState.RELEASING, force_n=14.0)
    assert following.sent is RELEASE
    following.tick(unit_state=UnitState.RELEASING, force_n=14.0)
    assert following.sent is CommandKind.OBSERVE
    following.tick(silent=True)
    assert following.sent is RELEASE


@pytest.mark.parametrize("state", [UnitState.SAFE_LATCHED, UnitState.FAULT])
def test_a_unit_that_has_ended_its_session_is_only_read(state: UnitState) -> None:
    following = Following()
    following.tick(unit_state=state, force_n=60.0)
    assert following.sent is CommandKind.OBSERVE


def test_a_release_at_the_ordered_rate_has_the_time_of_its_rate_and_8_s() -> None:
    following = Following(RELEASE, hold_force_n=102.0, ramp_down_n_per_s=20.0)
    after_s = following.until(ReleaseStep.TOO_SLOW, **MOVING)
    assert after_s == pytest.approx(RELEASE_LIMIT_S + 102.0 / 20.0 + TICK_S, abs=TICK_S)


def test_a_silent_unit_is_given_up_after_8_s_of_silence() -> None:
    following = Following()
    assert following.until(ReleaseStep.SILENT, silent=True) == pytest.approx(8.05, abs=TICK_S)
    late = Following()
    for _ in range(100):
        late.tick(**MOVING)
    silent_s = late.until(ReleaseStep.STILL_ON, silent=True)
    assert silent_s == pytest.approx(3.05, abs=TICK_S), "8 s after the order"
    assert late.until(ReleaseStep.SILENT, silent=True) + silent_s == pytest.approx(8.05, abs=0.06)


@pytest.mark.parametrize("state", [UnitState.SAFE_LATCHED, UnitState.FAULT])
def test_a_unit_that_has_ended_and_keeps_its_force_is_told_after_3_s_once(state: UnitState) -> None:
    following = Following()
    still = {"unit_state": state, "force_n": 60.0}
    assert following.until(ReleaseStep.STILL_ON, **still) == pytest.approx(3.1, abs=TICK_S)
    rest_s = following.until(ReleaseStep.GIVEN_UP, **still)
    assert rest_s + 3.1 == pytest.approx(GIVE_UP_S + TICK_S, abs=0.1)


def test_a_unit_that_goes_back_into_its_release_starts_the_3_s_again() -> None:
    following = Following()
    for _ in range(59):
        assert following.tick(unit_state=UnitState.SAFE_LATCHED, force_n=60.0) is (
            ReleaseStep.GOES_ON
        )
    following.tick(**MOVING)
    still = {"unit_state": UnitState.SAFE_LATCHED, "force_n": 60.0}
    assert following.until(ReleaseStep.STILL_ON, **still) == pytest.approx(3.1, abs=TICK_S)


def seen_armed() -> Following:
    following = Following()
    following.tick(**MOVING)
    assert following.tick(unit_state=UnitState.ARMED, force_n=9.0) is ReleaseStep.SEEN_ARMED
    return following


def test_a_release_that_was_seen_ends_with_the_unit_idle_or_latched() -> None:
    assert seen_armed().tick(unit_state=UnitState.IDLE, force_n=1.0) is ReleaseStep.IDLE
    latched = seen_armed().tick(unit_state=UnitState.SAFE_LATCHED, force_n=1.0)
    assert latched is ReleaseStep.LATCHED


def test_a_unit_that_stays_armed_was_seen_free_all_the_same() -> None:
    following = seen_armed()
    armed: dict[str, Any] = {"unit_state": UnitState.ARMED, "force_n": 9.0}
    assert following.until(ReleaseStep.NOT_DISARMED, **armed) == pytest.approx(8.05, abs=TICK_S)


@pytest.mark.parametrize(("force_n", "again"), [(20.0, False), (20.1, True)])
def test_force_that_comes_back_before_the_disarming_is_released_again(
    force_n: float, again: bool
) -> None:
    following = seen_armed()
    following.tick(unit_state=UnitState.ARMED, force_n=force_n)
    assert following.release.seen is not again
    assert (following.sent is FAST) is again


def test_a_force_that_is_not_known_any_more_takes_no_release_back() -> None:
    following = seen_armed()
    armed: dict[str, Any] = {"unit_state": UnitState.ARMED, "force_n": None, "second_force_n": None}
    assert following.tick(**armed) is ReleaseStep.GOES_ON
    assert following.release.seen


# --- behind the release, and the limits themselves ------------------------------------------------


def test_a_lost_answer_or_a_force_in_doubt_takes_nothing_back_that_was_seen() -> None:
    for changes in (
        {"silent": True},
        {
            "unit_state": UnitState.ARMED,
            "force_n": 9.0,
            "faults": telemetry.UnitFault.CHANNEL_1_STUCK,
        },
        {"unit_state": UnitState.ARMED, "force_n": 9.0, "sample_age_s": 0.4},
    ):
        following = seen_armed()
        assert following.tick(**changes) is ReleaseStep.GOES_ON
        assert following.release.seen


def test_8_s_without_an_answer_are_not_yet_too_many() -> None:
    release = Release(prescription())
    release.demand(FAST, 500.0)
    release.follow(reading(**MOVING), 500.5)
    assert release.follow(None, 508.5) is ReleaseStep.STILL_ON, "overdue, and silent for 8.0 s"
    assert release.follow(None, 508.75) is ReleaseStep.SILENT


def test_a_disarming_has_8_s_from_the_tick_in_which_the_cord_was_seen_free() -> None:
    release = Release(prescription())
    release.demand(FAST, 500.0)
    armed: dict[str, Any] = {"unit_state": UnitState.ARMED, "force_n": 9.0}
    release.follow(reading(sample_number=1, **armed), 500.5)
    assert release.follow(reading(sample_number=2, **armed), 501.0) is ReleaseStep.SEEN_ARMED
    assert release.follow(reading(sample_number=3, **armed), 509.0) is ReleaseStep.GOES_ON
    assert release.follow(reading(sample_number=4, **armed), 509.25) is ReleaseStep.NOT_DISARMED


def test_at_its_very_deadline_a_release_is_not_overdue() -> None:
    release = Release(prescription())
    release.demand(FAST, 500.0)
    assert release.follow(reading(**MOVING), 508.0) is ReleaseStep.GOES_ON
    assert release.follow(reading(**MOVING), 508.25) is ReleaseStep.STILL_ON


def test_20_n_in_a_sample_that_is_not_fresh_take_nothing_back() -> None:
    following = seen_armed()
    following.tick(unit_state=UnitState.ARMED, force_n=20.0, sample_age_s=0.4)
    assert following.release.seen


def test_a_unit_that_has_ended_may_keep_its_force_for_3_s_and_not_longer() -> None:
    release = Release(prescription())
    release.demand(FAST, 500.0)
    latched = reading(unit_state=UnitState.SAFE_LATCHED, force_n=60.0)
    assert release.follow(latched, 500.25) is ReleaseStep.GOES_ON
    assert release.follow(latched, 503.25) is ReleaseStep.GOES_ON
    assert release.follow(latched, 503.5) is ReleaseStep.STILL_ON


def test_force_that_is_back_when_the_disarming_is_overdue_is_released_again() -> None:
    release = Release(prescription())
    release.demand(FAST, 500.0)
    armed: dict[str, Any] = {"unit_state": UnitState.ARMED, "force_n": 9.0}
    release.follow(reading(sample_number=1, **armed), 500.5)
    release.follow(reading(sample_number=2, **armed), 501.0)
    back = reading(sample_number=3, unit_state=UnitState.HOLDING, force_n=60.0)
    assert release.follow(back, 509.25) is ReleaseStep.GOES_ON
    assert not release.seen


def test_a_unit_that_says_nothing_has_the_time_of_its_ordered_rate_all_the_same() -> None:
    following = Following(RELEASE, hold_force_n=102.0, ramp_down_n_per_s=20.0)
    after_s = following.until(ReleaseStep.TOO_SLOW, silent=True)
    assert after_s == pytest.approx(RELEASE_LIMIT_S + 102.0 / 20.0 + TICK_S, abs=TICK_S)

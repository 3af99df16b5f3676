"""Level, noise, drift and fall of forces, and what a watch does about answers that do not come."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from controller.errors import FrameCorrupt, LinkLost, ReplyTimeout
from controller.runtime.clock import VirtualClock
from firmware_bridge.commissioning.readings import (
    Reading,
    Watched,
    fall_time_s,
    watch,
)

Force = Callable[[float], float]


class Scripted:
    """Reads a force over time; ``fails`` says at which reads nothing comes."""

    period_s = 0.1

    def __init__(
        self, clock: VirtualClock, force: Force, fails: Callable[[int], bool] = lambda _: False
    ) -> None:
        self._clock, self._force, self._fails = clock, force, fails
        self.asked = 0

    def read(self) -> Reading:
        self.asked += 1
        if self._fails(self.asked):
            raise ReplyTimeout("nothing came")
        now_s = self._clock.now_s()
        return Reading(taken_at_s=now_s, forces_n=(self._force(now_s),))


def watched(force: Force, seconds: float = 60.0) -> Watched:
    clock = VirtualClock(start_s=100.0)
    return watch(Scripted(clock, force), clock, seconds)


def test_a_drift_is_what_the_line_through_all_readings_does_in_a_minute() -> None:
    noise = random.Random(7)
    (channel,) = watched(lambda t: 0.5 + 0.02 * (t - 100.0) + noise.gauss(0.0, 0.3)).channels
    assert channel.drift_n == pytest.approx(1.2, abs=0.15)
    assert channel.noise_n == pytest.approx(0.3, abs=0.03)
    assert channel.mean_n == pytest.approx(1.1, abs=0.1)


def test_a_drift_is_told_for_a_minute_however_long_was_watched() -> None:
    (channel,) = watched(lambda t: 0.02 * t, seconds=120.0).channels
    assert channel.drift_n == pytest.approx(1.2)
    assert channel.noise_n == pytest.approx(0.0, abs=1e-9)


def test_the_longest_time_without_a_step_is_found_wherever_it_is() -> None:
    (channel,) = watched(lambda t: 1.0 if 110.0 <= t <= 115.0 else t).channels
    assert channel.still_s == pytest.approx(5.0, abs=0.11)
    (stuck,) = watched(lambda _: 2.0, seconds=10.0).channels
    assert stuck.still_s == pytest.approx(10.0, abs=0.11)


def test_watching_goes_on_until_there_is_enough() -> None:
    clock = VirtualClock()
    reader = Scripted(clock, lambda _: 0.0)
    assert len(watch(reader, clock, 1.0, lambda: reader.asked >= 200).readings) == 200


def test_what_is_lost_is_counted_and_is_no_reading() -> None:
    clock = VirtualClock()
    found = watch(Scripted(clock, lambda _: 5.0, lambda n: n % 3 == 0), clock, 3.0)
    assert found.failed == 10
    assert {reading.forces_n for reading in found.readings} == {(5.0,)}
    assert len(found.readings) == 20


def test_a_silence_ends_the_watch_with_words_instead_of_for_ever() -> None:
    clock = VirtualClock()
    reader = Scripted(clock, lambda _: 0.0, lambda _: True)
    with pytest.raises(FrameCorrupt, match="11 of 11 requests had no valid answer"):
        watch(reader, clock, 60.0, lambda: False)


def test_a_port_that_is_gone_ends_it_at_once() -> None:
    clock = VirtualClock()

    class Gone(Scripted):
        def read(self) -> Reading:
            raise LinkLost("the port is gone")

    with pytest.raises(LinkLost):
        watch(Gone(clock, lambda _: 0.0), clock, 60.0)


def readings(*forces_n: float, period_s: float = 0.1) -> tuple[Reading, ...]:
    return tuple(
        Reading(taken_at_s=period_s * n, forces_n=(force_n,)) for n, force_n in enumerate(forces_n)
    )


def test_a_fall_is_timed_from_90_to_10_percent_between_the_readings() -> None:
    assert fall_time_s(readings(50, 50, 25, 0), 50.0, 0.0) == pytest.approx(0.16)
    assert fall_time_s(readings(52, 52, 27, 2), 52.0, 2.0) == pytest.approx(0.16)
    assert fall_time_s(readings(50, 0), 50.0, 0.0) == pytest.approx(0.08)


def test_a_bounce_is_timed_from_the_last_time_it_was_full() -> None:
    assert fall_time_s(readings(50, 40, 50, 25, 0), 50.0, 0.0) == pytest.approx(0.16)


@pytest.mark.parametrize("forces_n", [(50, 50, 50), (50, 30, 30), (3, 2, 1)])
def test_what_never_fell_has_no_time(forces_n: tuple[float, ...]) -> None:
    assert fall_time_s(readings(*forces_n), 50.0, 0.0) is None

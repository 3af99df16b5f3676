"""Round trips as they are heard on a line, and what of them a late window may rest on."""

from __future__ import annotations

import pytest

from firmware_bridge.commissioning.round_trips import RoundTrips, percentile
from firmware_bridge.line.line import Direction
from firmware_bridge.line.timing import lateness_behind


def heard(*trips_s: float | None) -> RoundTrips:
    trips, at_s = RoundTrips(), 0.0
    for trip_s in trips_s:
        trips(at_s, Direction.SENT, b"?")
        if trip_s is not None:
            trips(at_s + trip_s / 2, Direction.RECEIVED, b"half")
            trips(at_s + trip_s, Direction.RECEIVED, b"rest")
        at_s += 2.0
    return trips


def test_an_answer_took_until_its_last_byte() -> None:
    times = heard(0.010, 0.020, 0.030).times()
    assert (times.trips, times.lost) == (3, 0)
    assert times.p50_s == pytest.approx(0.020)
    assert times.longest_s == pytest.approx(0.030)


def test_what_never_came_is_lost_and_no_trip() -> None:
    times = heard(0.010, None, 0.010, None).times()
    assert (times.trips, times.lost) == (2, 2)


def test_a_percentile_is_the_nearest_value_that_so_many_keep_to() -> None:
    values = [float(n) for n in range(1, 1001)]
    assert percentile(values, 0.999) == 999.0
    assert percentile(values, 0.50) == 500.0
    assert percentile(values, 1.0) == 1000.0
    assert percentile([7.0], 0.999) == 7.0
    assert percentile([], 0.5) == 0.0


@pytest.mark.parametrize(
    ("trips_s", "slowest_s"),
    [
        ([0.010] * 998 + [0.090, 0.200], 0.090),
        ([0.010] * 999, None),
        ([0.010] * 1000 + [None], 0.010),
        ([0.010] * 1000 + [None] * 2, None),
    ],
)
def test_the_slowest_in_a_thousand_needs_a_thousand_and_hardly_a_loss(
    trips_s: list[float | None], slowest_s: float | None
) -> None:
    found = heard(*trips_s).times().slowest_answer_s
    assert found == (None if slowest_s is None else pytest.approx(slowest_s))


def test_what_came_before_the_measurement_is_forgotten() -> None:
    trips = heard(0.500, None)
    trips.forget()
    assert trips.exchanges == 0
    trips(10.0, Direction.SENT, b"?")
    trips(10.1, Direction.RECEIVED, b"!")
    assert trips.times().longest_s == pytest.approx(0.1)


def test_whoever_listens_besides_hears_everything() -> None:
    lumps: list[tuple[float, Direction, bytes]] = []
    trips = RoundTrips(lambda *lump: lumps.append(lump))
    trips(1.0, Direction.SENT, b"?")
    trips(1.1, Direction.RECEIVED, b"!")
    assert lumps == [(1.0, Direction.SENT, b"?"), (1.1, Direction.RECEIVED, b"!")]


def test_lateness_counts_behind_the_time_out() -> None:
    assert lateness_behind(0.040, 0.100) == pytest.approx(0.060)
    assert lateness_behind(0.040, 0.030) == 0.0
    assert lateness_behind(0.040, None) is None

"""When a reading shows a free patient."""

from __future__ import annotations

from typing import Any

import pytest

from controller.session.free_cord import FreeCord, largest_force_n
from controller.telemetry import UnitFault
from tests.unit.controller.builders import reading

VALID = UnitFault.CHANNEL_1_VALID | UnitFault.CHANNEL_2_VALID


def sees(*steps: dict[str, Any]) -> list[bool]:
    """What is seen in readings 50 ms apart; each has a new sample unless it says otherwise."""
    cord, seen = FreeCord(), []
    for n, step in enumerate(steps):
        changes = {"sample_number": n, "force_n": 1.0, **step}
        at_s = changes.pop("at_s", 100.0 + 0.05 * n)
        seen.append(cord.sees(reading(**changes), at_s))
    return seen


def test_the_first_reading_of_a_row_is_never_fresh_and_the_second_is() -> None:
    assert sees({}, {}) == [False, True]


@pytest.mark.parametrize(
    ("changes", "free"),
    [
        ({"force_n": 20.0}, True),
        ({"force_n": 20.1}, False),
        ({"force_n": -20.0}, True),
        ({"force_n": -20.1}, False),
        ({"second_force_n": 20.1}, False),
        ({"second_force_n": -20.1}, False),
        ({"second_force_n": None}, True),
        ({"force_n": None}, False),
        ({"sample_age_s": 0.250}, True),
        ({"sample_age_s": 0.251}, False),
        ({"faults": VALID | UnitFault.CHANNEL_1_OVERLOAD}, False),
        ({"faults": VALID | UnitFault.CHANNEL_2_OVERLOAD}, False),
        ({"faults": VALID | UnitFault.CHANNEL_1_OPEN}, False),
        ({"faults": VALID | UnitFault.CHANNEL_2_OPEN}, False),
        ({"faults": VALID | UnitFault.CHANNELS_DISAGREE}, False),
        ({"faults": VALID | UnitFault.CHANNEL_1_STUCK}, False),
        ({"faults": VALID | UnitFault.CORD_BREAK | UnitFault.OVER_FORCE}, True),
    ],
)
def test_every_channel_is_slack_fresh_and_believable(changes: dict[str, Any], free: bool) -> None:
    assert sees({}, changes)[-1] is free


@pytest.mark.parametrize(("at_s", "free"), [(100.3, True), (100.301, False)])
def test_a_sample_number_that_stands_for_250_ms_is_stale(at_s: float, free: bool) -> None:
    seen = sees({"sample_number": 1}, {"sample_number": 2}, {"sample_number": 2, "at_s": at_s})
    assert seen == [False, True, free]


def test_no_reading_shows_nothing_and_forgets_nothing() -> None:
    cord = FreeCord()
    assert not cord.sees(None, 100.0)
    cord.sees(reading(sample_number=1, force_n=1.0), 100.0)
    assert not cord.sees(None, 100.05)
    assert cord.sees(reading(sample_number=2, force_n=1.0), 100.1)


@pytest.mark.parametrize(
    ("first_n", "second_n", "largest_n"),
    [(3.0, None, 3.0), (-3.0, None, 3.0), (3.0, -8.0, 8.0), (9.0, 8.0, 9.0), (None, 8.0, None)],
)
def test_the_larger_channel_by_magnitude_counts(
    first_n: float | None, second_n: float | None, largest_n: float | None
) -> None:
    assert largest_force_n(reading(force_n=first_n, second_force_n=second_n)) == largest_n


def test_without_a_second_channel_the_first_one_alone_counts() -> None:
    assert largest_force_n(reading(force_n=-0.4, second_force_n=None)) == 0.4

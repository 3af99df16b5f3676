"""Restarts come at once, then later and later, and never late while a patient may lie there."""

from __future__ import annotations

from workstation.restarts import Restarts


def test_each_restart_waits_longer_up_to_half_a_minute() -> None:
    restarts = Restarts()
    waits = [restarts.wait_s(0.1) for _ in range(8)]
    assert waits == [0, 1, 2, 4, 8, 16, 30, 30]


def test_a_process_that_ran_well_begins_anew() -> None:
    restarts = Restarts()
    for _ in range(5):
        restarts.wait_s(30.0)
    assert [restarts.wait_s(30.1), restarts.wait_s(0)] == [0, 1]


def test_in_a_session_no_wait_is_longer_than_two_seconds() -> None:
    restarts = Restarts()
    assert [restarts.wait_s(0.1, in_session=True) for _ in range(5)] == [0, 1, 2, 2, 2]

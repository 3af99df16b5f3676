"""How often and how long a line is kept silent for a unit that lost its place."""

from __future__ import annotations

import pytest

from controller.errors import ReplyTimeout
from firmware_bridge.line.resync import Resync


def failed(resync: Resync, now_s: float, times: int) -> list[bool]:
    return [resync.failed(now_s) for _ in range(times)]


def test_a_new_line_is_not_kept_silent() -> None:
    Resync().check(0.0)


def test_each_third_failure_in_a_row_begins_a_pause_short_and_long_in_turn() -> None:
    resync = Resync()
    for pause_s in (0.6, 1.2, 0.6, 1.2):
        assert failed(resync, 10.0, 3) == [False, False, True]
        assert resync.silent_until_s == pytest.approx(10.0 + pause_s)


def test_a_pause_says_how_long_it_lasts_and_ends() -> None:
    resync = Resync()
    failed(resync, 10.0, 3)
    with pytest.raises(ReplyTimeout, match=r"after 3 failed exchanges in a row .* for 500 ms more"):
        resync.check(10.1)
    resync.check(10.6)


@pytest.mark.parametrize("failures", [1, 2, 3, 4])
def test_a_good_exchange_begins_anew(failures: int) -> None:
    resync = Resync()
    failed(resync, 10.0, failures)
    resync.good()
    resync.check(10.1)
    assert failed(resync, 20.0, 3) == [False, False, True]
    assert resync.silent_until_s == pytest.approx(20.6)


def test_a_good_exchange_that_follows_a_good_one_changes_nothing() -> None:
    resync = Resync()
    resync.good()
    assert failed(resync, 10.0, 2) == [False, False]
    assert resync.silent_until_s == 0.0

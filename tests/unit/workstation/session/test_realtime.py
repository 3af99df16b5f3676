"""What the system refuses is said and never raised."""

from __future__ import annotations

import gc
import os
import sys
import threading

import pytest
from pytest_mock import MockerFixture

from tests.support.scheduling import Scheduler
from workstation.session import realtime
from workstation.session.realtime import (
    BEHIND_PRIORITY,
    PRIORITY,
    as_ordinary_work,
    run_behind_the_loop,
    take_realtime_rights,
)


@pytest.fixture(autouse=True)
def thawed(mocker: MockerFixture) -> None:
    """The test process itself keeps its scheduling, its memory and its collector."""
    mocker.patch.object(gc, "freeze")
    mocker.patch.object(realtime, "_lock_memory", return_value="")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are not asked")
def test_granted_scheduling_is_fifo_and_is_not_inherited(mocker: MockerFixture) -> None:
    asked = mocker.patch.object(os, "sched_setscheduler")
    rights = take_realtime_rights()
    assert rights.granted
    assert "FIFO, priority 50" in str(rights)
    (_, policy, _), _ = asked.call_args
    assert policy == os.SCHED_FIFO | os.SCHED_RESET_ON_FORK


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are not asked")
def test_refused_scheduling_is_said_with_the_way_to_get_it(mocker: MockerFixture) -> None:
    mocker.patch.object(os, "sched_setscheduler", side_effect=PermissionError(1, "not permitted"))
    rights = take_realtime_rights()
    assert not rights.granted
    assert "refused (not permitted); grant it with ulimit -r 50" in str(rights)


def test_another_system_is_not_asked(mocker: MockerFixture) -> None:
    mocker.patch.object(sys, "platform", "win32")
    assert "not offered by this program on win32" in str(take_realtime_rights())


def test_a_session_collects_in_short_steps_whatever_the_command_line_set() -> None:
    before = gc.get_threshold()
    gc.set_threshold(100_000)
    try:
        take_realtime_rights()
        assert gc.get_threshold()[0] == 700
    finally:
        gc.set_threshold(*before)


@pytest.fixture
def scheduler(mocker: MockerFixture) -> Scheduler:
    return Scheduler(mocker)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are not asked")
def test_slow_work_is_behind_others_and_the_loop_is_before_them_again(scheduler: Scheduler) -> None:
    take_realtime_rights()
    told: list[str] = []
    with as_ordinary_work(told.append):
        assert (scheduler.policy, scheduler.priority) == (
            os.SCHED_OTHER | os.SCHED_RESET_ON_FORK,
            0,
        )
    assert (scheduler.policy, scheduler.priority) == (os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, 50)
    with pytest.raises(OSError, match="no room"), as_ordinary_work(told.append):
        raise OSError("no room")
    assert scheduler.policy == os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
    assert told == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are not asked")
def test_slow_work_of_a_thread_without_rights_changes_nothing(scheduler: Scheduler) -> None:
    with as_ordinary_work(pytest.fail):
        assert scheduler.policy == os.SCHED_OTHER
    assert scheduler.policy == os.SCHED_OTHER


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are not asked")
def test_rights_that_are_not_given_back_are_said(scheduler: Scheduler) -> None:
    take_realtime_rights()
    told: list[str] = []
    with as_ordinary_work(told.append):
        scheduler.refuses = True
    assert told == [
        "real-time scheduling: refused (not permitted); grant it with ulimit -r 50",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are not asked")
def test_a_thread_beside_the_loop_is_behind_it_and_before_others(scheduler: Scheduler) -> None:
    take_realtime_rights()
    run_behind_the_loop(pytest.fail, threading.current_thread())
    assert scheduler.policy == os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
    assert 0 < scheduler.priority < PRIORITY


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are not asked")
def test_a_thread_beside_the_loop_begins_so_in_slow_work_too(scheduler: Scheduler) -> None:
    take_realtime_rights()
    with as_ordinary_work(pytest.fail):
        run_behind_the_loop(pytest.fail, threading.current_thread())
        assert (scheduler.is_real_time, scheduler.priority) == (True, BEHIND_PRIORITY)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are not asked")
def test_a_thread_beside_a_loop_without_rights_stays_ordinary(scheduler: Scheduler) -> None:
    run_behind_the_loop(pytest.fail, threading.current_thread())
    assert scheduler.policy == os.SCHED_OTHER


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are not asked")
def test_a_thread_beside_the_loop_says_what_is_refused(scheduler: Scheduler) -> None:
    take_realtime_rights()
    scheduler.refuses = True
    told: list[str] = []
    run_behind_the_loop(told.append, threading.current_thread())
    assert told == [
        "real-time scheduling of a thread beside the loop: refused (not permitted); "
        "grant it with ulimit -r 50",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are not asked")
def test_memory_is_locked_before_the_thread_runs_before_others(
    scheduler: Scheduler, mocker: MockerFixture
) -> None:
    locked_as = list[bool]()

    def lock() -> str:
        locked_as.append(scheduler.is_real_time)
        return ""

    mocker.patch.object(realtime, "_lock_memory", side_effect=lock)
    take_realtime_rights()
    assert (locked_as, scheduler.is_real_time) == ([False], True)

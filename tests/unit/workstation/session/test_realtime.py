"""What the system refuses is said and never raised."""

from __future__ import annotations

import gc
import os
import sys

import pytest
from pytest_mock import MockerFixture

from workstation.session import realtime
from workstation.session.realtime import take_realtime_rights


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

"""A session that a lost program left open is found at its table before the unit answers."""

from __future__ import annotations

import pytest

from controller.alarms import CONTROL_GONE
from controller.errors import JournalError
from controller.snapshot import Doing, Snapshot
from tests.support.control_stage import ADDRESS, LEFT_OPEN, ControlStage
from workstation.station.lost_programs import LostPrograms, left_open_at

ELSEWHERE = "modbus-tcp://192.0.2.99:502?unit=1"
OTHER = "0a" * 8


def found(stage: ControlStage, address: str, unit_id: str | None) -> str:
    """The session that is found at a table; "" where there is none."""
    left_open = left_open_at(stage.folder, address, unit_id)
    return "" if left_open is None else left_open.session_id


def test_a_table_that_names_its_unit_is_told_by_that(stage: ControlStage) -> None:
    assert found(stage, ADDRESS, stage.unit_id) == ""
    stage.leave_open()
    assert found(stage, ELSEWHERE, stage.unit_id) == LEFT_OPEN
    assert found(stage, ADDRESS, OTHER) == ""


def test_a_table_that_names_no_unit_is_told_by_its_address(stage: ControlStage) -> None:
    assert found(stage, ADDRESS, None) == ""
    stage.leave_open()
    assert found(stage, ELSEWHERE, None) == ""
    assert found(stage, ADDRESS, None) == LEFT_OPEN
    left_open = left_open_at(stage.folder, ADDRESS, None)
    assert left_open is not None
    left_open.of.note(LEFT_OPEN)
    assert found(stage, ADDRESS, None) == "", "somebody has looked"


def test_a_file_that_cannot_be_read_hides_nothing_and_is_told_where_nothing_is_found(
    stage: ControlStage,
) -> None:
    stage.leave_open()
    stage.folder.unit_database(OTHER).write_bytes(b"no record")
    assert found(stage, ADDRESS, None) == LEFT_OPEN
    assert found(stage, ADDRESS, stage.unit_id) == LEFT_OPEN
    with pytest.raises(JournalError):
        left_open_at(stage.folder, ELSEWHERE, None)


def test_a_damaged_file_of_another_unit_does_not_hide_a_lost_program(stage: ControlStage) -> None:
    """The next program closes the session, and its record is where the alarm is read from."""
    stage.leave_open()
    seen = list[Snapshot]()

    def play(snapshot: Snapshot) -> None:
        if snapshot.doing is Doing.IDLE and not snapshot.message:
            seen.append(snapshot)
            stage.leave()

    stage.run(play)
    stage.folder.unit_database(OTHER).write_bytes(b"no record")
    assert LostPrograms(stage.folder, stage.unit_id).unnoted() == LEFT_OPEN
    stage.restart()
    stage.run(play)
    assert [[one.code for one in shown.alarms] for shown in seen] == [[CONTROL_GONE]] * 2

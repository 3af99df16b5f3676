"""Between two looks somebody has put another unit in the place of a table's."""

from __future__ import annotations

from dataclasses import replace

from controller.snapshot import Doing, Snapshot
from records.evidence.reader import list_sessions
from tests.support.control_stage import ControlStage
from workstation.session.workplace import FiledSession
from workstation.station.place import is_held


def test_another_unit_than_last_time_is_told_kept_and_given_no_session(
    stage: ControlStage,
) -> None:
    """Somebody has put another unit in the table's place between two sessions."""
    last, firmware = stage.unit_id, stage.stage.firmware
    asked = list[FiledSession]()
    held = list[list[bool]]()

    def play(snapshot: Snapshot) -> None:
        if snapshot.doing is not Doing.IDLE or snapshot.message:
            return
        if not asked:
            firmware.unit = replace(firmware.unit, unit_id=int(last, 16) + 1)
            firmware.restore_power(stage.stage.clock.now_s())
            asked.append(stage.file())
            stage.prepare(asked[0])
        elif stage.desk.unit_id != last:
            locks = (stage.folder.station_lock(each) for each in (last, stage.desk.unit_id))
            held.append([is_held(each) for each in locks])
            stage.leave()

    stage.run(play)
    new = f"{int(last, 16) + 1:016x}"
    told = stage.told
    assert (
        f"Table 1: unit {new} answers, and before it was {last}; check which table is connected"
        in told
    )
    assert any("session refused" in one and "another unit answers" in one for one in told), told
    assert held[0] == [False, True], "the lock goes with the unit"
    assert [one for one in list_sessions(stage.folder) if not one.refused] == []

"""A closing of the year, or a move of its files, that finds no space loses nothing.

Kills and power cuts: ``tests.recovery.test_keeping_cuts``.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from controller.errors import JournalUnavailable
from records.evidence.integrity import verify
from records.evidence.reader import list_sessions
from records.keeping.move_years import move_years
from records.store.record_folder import RecordFolder
from tests.support.altered_records import UNIT
from tests.support.cut_files import Steps, count_operations, disk_full
from tests.unit.records.evidence.test_journal_faults import begin
from tests.unit.records.evidence.test_year_files import KEYS, clock, cut
from tests.unit.records.keeping.test_move_years import SOMEBODY


@pytest.fixture
def before(memory_path: Path) -> Path:
    """Two sessions of 2026."""
    data = memory_path / "before"
    for name in ("s-0", "s-1"):
        begin(RecordFolder(data), name, clock(0)).close()
    return data


def start_of_2027(data: RecordFolder) -> None:
    cut(data, 2027)


def fresh(before: Path) -> Path:
    data = before.parent / "data"
    shutil.rmtree(data, ignore_errors=True)
    shutil.copytree(before, data)
    return data


def check_whole(data: RecordFolder, when: str) -> None:
    """Check that both sessions are found once and unaltered, and the next start ends the cut."""
    assert sorted(one.head.session_id for one in list_sessions(data)) == ["s-0", "s-1"], when
    assert verify(data, public_keys=KEYS).alterations == (), when
    cut(data, 2027)
    names = sorted(path.name for path in (data.path / "units").glob("*.db*"))
    assert names == [f"{UNIT}-2026.db", f"{UNIT}.db"], when
    begin(data, "s-2", clock(1)).close()
    result = verify(data, public_keys=KEYS)
    assert (result.sessions, result.alterations) == (3, ()), when


def test_a_full_disk_at_any_step_changes_nothing_and_is_said(before: Path) -> None:
    at, refused = 0, 0
    while True:
        at += 1
        data = RecordFolder(fresh(before))
        steps, said = Steps(at, act=disk_full), ""
        with pytest.MonkeyPatch.context() as patch:
            count_operations(patch, steps, only_growing=True)
            try:
                cut(data, 2027)
            except JournalUnavailable as error:
                refused += 1
                said = error.message
        assert not said or "No space left" in said
        check_whole(data, f"full at operation {at}")
        if not steps.acted:
            break
    assert refused > 5


def _moved(data: RecordFolder, disk: Path) -> None:
    move_years(data, SOMEBODY, disk, before=2027)


def test_a_full_disk_at_any_step_of_a_move_leaves_the_original(before: Path) -> None:
    disk, at, refused = before.parent / "disk", 0, 0
    cut(RecordFolder(before), 2027)
    while True:
        at += 1
        data = RecordFolder(fresh(before))
        shutil.rmtree(disk, ignore_errors=True)
        disk.mkdir()
        steps, said = Steps(at, act=disk_full), ""
        with pytest.MonkeyPatch.context() as patch:
            count_operations(patch, steps, only_growing=True)
            try:
                _moved(data, disk)
            except JournalUnavailable as error:
                refused += 1
                said = error.message
        assert not said or "No space left" in said
        assert verify(data, public_keys=KEYS).alterations == (), f"full at operation {at}"
        assert len(list_sessions(data)) == 2, f"full at operation {at}"
        if not steps.acted:
            break
    assert refused > 2

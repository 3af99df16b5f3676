"""The date of the workstation decides when a unit's file is closed."""

from __future__ import annotations

import pytest

from controller.errors import JournalUnavailable
from records.store.record_folder import RecordFolder
from tests.support.altered_records import KEY, UNIT
from tests.unit.records.evidence.test_journal_faults import begin
from tests.unit.records.evidence.test_year_files import clock
from workstation.session import new_year
from workstation.session.new_year import close_last_year
from workstation.session.workplace import Workplace
from workstation.settings import Settings


def told(folder: RecordFolder, years: int) -> list[str]:
    warned: list[str] = []
    workplace = Workplace(
        folder=folder, settings=Settings(), clock=clock(years), warn=warned.append
    )
    close_last_year(workplace, UNIT, KEY)
    return warned


def test_the_first_start_of_a_year_closes_the_file_of_the_year_before(
    folder_in_memory: RecordFolder,
) -> None:
    begin(folder_in_memory, "s-0", clock(0)).close()
    assert told(folder_in_memory, 0) == []
    assert folder_in_memory.year_databases() == []
    assert told(folder_in_memory, 1) == []
    (closed,) = folder_in_memory.year_databases()
    assert closed.name == f"{UNIT}-2026.db"


def test_a_disk_that_refuses_is_told_and_keeps_nobody_from_a_session(
    folder_in_memory: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(folder_in_memory, "s-0", clock(0)).close()

    def refuse(*_: object, **__: object) -> None:
        raise JournalUnavailable("the disk is full")

    monkeypatch.setattr(new_year, "close_year", refuse)
    assert told(folder_in_memory, 1) == [
        "the disk is full; the next start tries again to begin the file of 2027"
    ]
    assert folder_in_memory.unit_database(UNIT).exists()

"""No session starts on damaged or altered records, or on a disk that is nearly full."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.errors import JournalCorrupt, JournalUnavailable
from records.evidence import start_check
from records.evidence.quarantine import put_aside
from records.evidence.start_check import (
    REFUSE_BELOW_BYTES,
    WARN_BELOW_BYTES,
    check_before_start,
    free_bytes_at,
)
from records.evidence.verified import LastWhole, write_memory
from records.store.record_folder import RecordFolder
from tests.support.altered_records import FOREIGN_KEY
from tests.support.altering import altering, altering_loosely
from tests.support.notes import BEGAN_MS, DAY_MS, UNIT, recorded
from tests.support.sessions import KEY, staged


def checked(data: RecordFolder, free: int = WARN_BELOW_BYTES) -> list[str]:
    return list(check_before_start(data, UNIT, KEY, free_bytes=lambda folder: free))


def test_sound_records_and_room_say_nothing(folder: RecordFolder) -> None:
    assert checked(folder) == []
    recorded(folder)
    assert checked(folder) == []


def test_a_disk_that_fills_up_is_named_and_a_full_one_refuses(folder: RecordFolder) -> None:
    (warning,) = checked(folder, WARN_BELOW_BYTES - 1)
    assert "500 MB are free" in warning
    assert len(checked(folder, REFUSE_BELOW_BYTES)) == 1
    with pytest.raises(JournalUnavailable, match="no session starts below 50 MB"):
        checked(folder, REFUSE_BELOW_BYTES - 1)


def test_free_space_is_that_of_the_place_that_will_be_made(tmp_path: Path) -> None:
    assert free_bytes_at(tmp_path / "not" / "there") == pytest.approx(
        free_bytes_at(tmp_path), rel=0.5
    )


def test_an_altered_last_session_refuses(folder: RecordFolder) -> None:
    recorded(folder)
    with altering(folder.unit_database(UNIT)) as db:
        db.execute("UPDATE event SET at_ms = at_ms + 1 WHERE sequence > 0")
    with pytest.raises(JournalCorrupt, match="last sealed session s-1 was altered"):
        checked(folder)


def several(data: RecordFolder, count: int) -> None:
    for number in range(1, count + 1):
        recorded(data, f"s-{number}", began_ms=BEGAN_MS + number * DAY_MS)


def alter_first(data: RecordFolder) -> None:
    with altering(data.unit_database(UNIT)) as db:
        db.execute("UPDATE event SET at_ms = at_ms + 1 WHERE session = 1 AND sequence > 0")


def test_an_older_session_that_no_check_has_read_is_read_and_told(folder: RecordFolder) -> None:
    several(folder, 3)
    alter_first(folder)
    (told,) = checked(folder)
    assert told.startswith("session s-1 of the unit was altered (")
    assert "this session may start" in told


def test_what_a_check_of_every_session_has_read_is_left_to_the_next_one(
    folder: RecordFolder,
) -> None:
    several(folder, 3)
    whole = dict.fromkeys(("s-1", "s-2", "s-3"), LastWhole(mark="0" * 64, at_utc_ms=1))
    write_memory(folder, KEY, whole)
    alter_first(folder)
    assert checked(folder) == []
    write_memory(folder, KEY, {"s-2": whole["s-2"]})
    assert len(checked(folder)) == 1


def test_what_another_key_remembers_is_not_believed(folder: RecordFolder) -> None:
    several(folder, 2)
    write_memory(folder, FOREIGN_KEY, {"s-1": LastWhole(mark="0" * 64, at_utc_ms=1)})
    alter_first(folder)
    assert len(checked(folder)) == 1


def test_a_start_reads_so_many_sessions_and_says_how_many_are_left(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start_check, "READ_AT_A_START", 2)
    several(folder, 2)
    assert checked(folder) == []
    recorded(folder, "s-3", began_ms=BEGAN_MS + 4 * DAY_MS)
    alter_first(folder)
    (left,) = checked(folder)
    assert left.startswith("1 older sessions of the unit were read neither now nor by")


@pytest.mark.parametrize("cell", ["digest = NULL", "digest = 7", "signature = NULL"])
def test_what_a_file_follows_refuses_where_it_cannot_be_read(
    folder: RecordFolder, cell: str
) -> None:
    recorded(folder)
    put_aside(folder, UNIT, KEY, utc_ms=1, reason="a test")
    with altering_loosely(folder.unit_database(UNIT)) as db:
        db.execute(f"UPDATE predecessor SET {cell}")
    with pytest.raises(JournalCorrupt, match="what the unit's file follows was altered"):
        checked(folder)


@pytest.mark.parametrize("which", ["unit", "clinic"])
def test_a_damaged_file_refuses(folder: RecordFolder, which: str) -> None:
    recorded(folder)
    path = folder.unit_database(UNIT) if which == "unit" else folder.clinic_database
    content = bytearray(path.read_bytes())
    # Behind the first page and the one that only says where pages are.
    content[8192 : 8192 + 200] = b"\xff" * 200
    path.write_bytes(content)
    with pytest.raises(JournalCorrupt):
        checked(folder)


def test_a_session_is_refused_before_its_record_is_opened(tmp_path: Path) -> None:
    with staged(RecordFolder(tmp_path), wire="direct") as stage:
        stage.free_bytes = lambda folder: REFUSE_BELOW_BYTES - 1
        with pytest.raises(JournalUnavailable, match="Free space on the disk"):
            stage.treat()
        assert not list(tmp_path.rglob("*.db"))

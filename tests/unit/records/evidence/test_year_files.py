"""A unit's file is closed at a year's end, and every reader still finds what is in it."""

from __future__ import annotations

import hashlib
import sqlite3
import stat
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from controller.errors import JournalUnavailable
from controller.runtime.clock import VirtualClock
from records.evidence.believed import read_checked
from records.evidence.clock_steps import newest_utc_ms
from records.evidence.integrity import sessions_called, verify
from records.evidence.predecessor import CLOSED_YEAR, predecessor_of
from records.evidence.quarantine import put_aside, put_aside_files
from records.evidence.reader import list_sessions, locate_session, read_session
from records.evidence.unit_reading import checking, reading
from records.evidence.year_files import close_year
from records.keeping.backup import back_up
from records.keeping.restore import Trust, prove, restore
from records.keeping.search import SessionQuery, find_sessions
from records.keys.key_witness import reached
from records.store.record_folder import RecordFolder
from tests.support.altered_records import KEY, UNIT
from tests.support.made_once import made_once
from tests.unit.records.evidence.test_journal_faults import begin

KEYS = {KEY.key_id: KEY.public_key}
YEAR_MS = 366 * 86_400_000
START_MS = 1_795_564_800_000
"""2026-11-25."""


def clock(years: int) -> VirtualClock:
    return VirtualClock(utc_origin_ms=START_MS + years * YEAR_MS)


def cut(folder: RecordFolder, year: int) -> Path | None:
    return close_year(folder, UNIT, KEY, utc_ms=clock(year - 2026).utc_ms(), year=year)


def found(folder: RecordFolder) -> list[str]:
    return [f"{one.where}: {one.what}" for one in verify(folder, public_keys=KEYS).alterations]


@made_once()
def record_three_years(folder: RecordFolder) -> None:
    """Sessions of 2026, 2027 and 2028 in three files."""
    for years in range(3):
        cut(folder, 2026 + years)
        begin(folder, f"s-{years}", clock(years)).close()


@pytest.fixture
def three_years(folder_in_memory: RecordFolder) -> RecordFolder:
    record_three_years(folder_in_memory)
    return folder_in_memory


def closed(folder: RecordFolder, year: int) -> Path:
    return folder.unit_database(UNIT).with_name(f"{UNIT}-{year}.db")


def test_the_file_is_cut_only_in_a_later_year_and_with_every_session_sealed(
    folder_in_memory: RecordFolder,
) -> None:
    assert cut(folder_in_memory, 2027) is None, "nothing is on file"
    begin(folder_in_memory, "s-0", clock(0)).close()
    assert cut(folder_in_memory, 2026) is None
    assert cut(folder_in_memory, 2025) is None, "a clock that went back"
    begin(folder_in_memory, "s-1", clock(0)).abandon()
    assert cut(folder_in_memory, 2027) is None, "a session is open"
    assert [p.name for p in folder_in_memory.unit_database(UNIT).parent.glob("*.db")] == [
        f"{UNIT}.db"
    ]


def test_the_closed_file_is_read_only_and_named_by_the_next_one(three_years: RecordFolder) -> None:
    for year, follower in ((2026, closed(three_years, 2027)), (2027, None)):
        path = closed(three_years, year)
        assert stat.S_IMODE(path.stat().st_mode) == 0o400
        with reading(follower or three_years.unit_database(UNIT)) as db:
            said = predecessor_of(db)
        assert said is not None
        assert (said.kind, said.file) == (CLOSED_YEAR, f"units/{path.name}")
        assert said.digest == hashlib.sha256(path.read_bytes()).digest()
    assert found(three_years) == []
    assert three_years.foreign_files() == []


def test_every_reader_finds_the_sessions_of_every_year(three_years: RecordFolder) -> None:
    names = ["s-2", "s-1", "s-0"]
    assert [one.head.session_id for one in list_sessions(three_years)] == names
    assert [one.head.number for one in list_sessions(three_years)] == [3, 2, 1]
    searched = find_sessions(three_years, SessionQuery(), lambda _: date(2026, 1, 1))
    assert [one.head.session_id for one in searched] == names
    for year, name in enumerate(reversed(names[1:])):
        assert read_session(three_years, name).checkpoint
        assert read_checked(three_years, name).believed()
        assert sessions_called(three_years, name) == [name]
        assert verify(three_years, name, public_keys=KEYS).sessions == 1
        assert locate_session(three_years, name)[0] == closed(three_years, 2026 + year)
    assert verify(three_years, public_keys=KEYS).sessions == 3
    assert reached(three_years) == {UNIT: 3}
    newest = newest_utc_ms(three_years)
    assert newest is not None
    assert newest >= START_MS + 2 * YEAR_MS


def altered(path: Path) -> None:
    path.chmod(0o600)
    with path.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"\xff")
    path.chmod(0o400)


def swapped(path: Path) -> None:
    other = path.with_name(f"{UNIT}-2027.db")
    kept = other.rename(path.with_name("kept"))
    path.rename(other)
    kept.rename(path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (altered, "it is not the file that was closed"),
        (swapped, "it is not the file that was closed"),
        (lambda path: path.unlink(), "it is missing"),
        (lambda path: path.rename(path.with_name(f"{UNIT}-2019.db")), "no later file of the unit"),
        (lambda path: path.chmod(0o600), "it has mode 600 and must be read-only"),
        (
            lambda path: path.with_name(f"{path.name}-wal").write_bytes(b"x"),
            "lies beside it, and a closed file has no log",
        ),
    ],
    ids=["altered", "swapped", "missing", "renamed", "writable", "log"],
)
def test_what_happened_to_a_closed_file_is_found(
    three_years: RecordFolder, change: Callable[[Path], object], says: str
) -> None:
    change(closed(three_years, 2026))
    assert any(says in one for one in found(three_years)), found(three_years)


def test_the_mention_of_a_closed_file_cannot_be_left_out(three_years: RecordFolder) -> None:
    db = sqlite3.connect(three_years.unit_database(UNIT), isolation_level=None)
    db.execute("DROP TRIGGER predecessor_never_shrinks")
    db.execute("DELETE FROM predecessor")
    db.close()
    assert any(one.startswith(f"units/{UNIT}-2027.db") for one in found(three_years))
    with checking(three_years.unit_database(UNIT)):
        assert any("s-2" in one.session_id for one in verify(three_years).alterations)


def test_a_year_s_name_that_is_used_gets_a_number(folder_in_memory: RecordFolder) -> None:
    begin(folder_in_memory, "s-0", clock(0)).close()
    assert cut(folder_in_memory, 2027) == closed(folder_in_memory, 2026)
    begin(folder_in_memory, "s-1", clock(0)).close()
    assert cut(folder_in_memory, 2027) == closed(folder_in_memory, 2026).with_name(
        f"{UNIT}-2026-2.db"
    )
    assert found(folder_in_memory) == []


def test_a_file_that_follows_a_closed_year_can_be_put_aside(three_years: RecordFolder) -> None:
    put_aside(three_years, UNIT, KEY, utc_ms=1, reason="a fault")
    begin(three_years, "s-3", clock(2)).close()
    assert read_session(three_years, "s-3").head.number == 4
    cut(three_years, 2029)
    begin(three_years, "s-4", clock(3)).close()
    (one,) = put_aside_files(three_years)
    assert one.unit_id == UNIT
    assert [f for f in found(three_years) if "nobody has accepted" not in f] == []


def test_a_reader_that_keeps_the_file_only_puts_the_cut_off(folder_in_memory: RecordFolder) -> None:
    begin(folder_in_memory, "s-0", clock(0)).close()
    with reading(folder_in_memory.unit_database(UNIT)) as db:
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM session").fetchone()
        with pytest.raises(JournalUnavailable, match="cannot be closed for its year"):
            cut(folder_in_memory, 2027)
    assert found(folder_in_memory) == []
    assert cut(folder_in_memory, 2027)


@pytest.mark.parametrize("name", ["copy", "copy.zip"])
def test_a_backup_keeps_closed_files_byte_for_byte_and_read_only(
    three_years: RecordFolder, name: str
) -> None:
    place = three_years.path.parent / f"{three_years.path.name}-{name}"
    report = back_up(three_years, place, KEY, made_utc_ms=START_MS, program="test")
    proved = prove(place, place, Trust(), None)
    names = {finding.name for finding in (*report.findings, *proved.findings)}
    assert names == {"clinic.db"}, "these sessions have no orders"
    target = RecordFolder(three_years.path.parent / f"{three_years.path.name}-restored-{name}")
    assert restore(place, target, Trust(), accepted=names).sessions == 3
    for year in (2026, 2027):
        there = closed(target, year)
        assert there.read_bytes() == closed(three_years, year).read_bytes()
        assert stat.S_IMODE(there.stat().st_mode) == 0o400

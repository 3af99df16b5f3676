"""The archive holds the numbers and nobody's name, and needs only DuckDB to be read."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import duckdb
import pytest

from controller.errors import BackupRefused, KeyUnavailable
from records.evidence.reader import list_sessions
from records.keeping.archive import load_or_create_archive_key, write_archive
from records.note.delivered_dose import compute_dose
from records.store.record_folder import RecordFolder
from tests.support.notes import UNIT, recorded
from tests.support.real_time import ROOT


@pytest.fixture
def data(tmp_path: Path) -> RecordFolder:
    recorded(RecordFolder(tmp_path / "data"), "s-1")
    recorded(RecordFolder(tmp_path / "data"), "s-2")
    return RecordFolder(tmp_path / "data")


def query(sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect() as db:
        return db.sql(sql).fetchall()


def test_the_numbers_are_those_of_the_record(data: RecordFolder, tmp_path: Path) -> None:
    out = tmp_path / "it's an archive"
    report = write_archive(data, out)
    records = {record.head.session_id: record for record in list_sessions(data)}
    assert set(report.session_ids) == set(records)
    assert report.samples == sum(len(record.samples) for record in records.values())
    table = str(out).replace("'", "''")
    rows = query(f"SELECT samples, traction_ms, hold_time_ms, year FROM '{table}/sessions.parquet'")
    doses = [compute_dose(record) for record in records.values()]
    expected = [
        (len(record.samples), dose.traction_ms, dose.hold_time_ms, 2026)
        for record, dose in zip(records.values(), doses, strict=True)
    ]
    assert sorted(rows) == sorted(expected)
    ((total, first),) = query(f"SELECT count(*), sum(force_1_dn) FROM '{table}/samples/*.parquet'")
    forces = [
        int(force)
        for record in records.values()
        for force in record.samples["force_1_dn"]
        if force != -0x8000
    ]
    assert (total, first) == (report.samples, sum(forces))


def test_patients_belong_together_and_nobody_is_named(data: RecordFolder, tmp_path: Path) -> None:
    write_archive(data, tmp_path / "one")
    write_archive(data, tmp_path / "two")
    names = query(f"SELECT session, patient FROM '{tmp_path}/one/sessions.parquet'")
    assert sorted(names) == sorted(
        query(f"SELECT session, patient FROM '{tmp_path}/two/sessions.parquet'")
    )
    assert len({session for session, _ in names}) == 2
    assert len({patient for _, patient in names}) == 1
    content = b"".join(p.read_bytes() for p in (tmp_path / "one").rglob("*.parquet"))
    told = query(f"SELECT * FROM '{tmp_path}/one/sessions.parquet'")
    for word in ("s-1", "s-2", "TEST-1", UNIT, "left arm pain"):
        assert word.encode() not in content
        assert word not in str(told)


def test_another_key_gives_other_names(data: RecordFolder, tmp_path: Path) -> None:
    write_archive(data, tmp_path / "one")
    (data.path / "keys" / "archive.key").unlink()
    write_archive(data, tmp_path / "two")
    names = [
        {row[0] for row in query(f"SELECT session FROM '{tmp_path}/{name}/sessions.parquet'")}
        for name in ("one", "two")
    ]
    assert not names[0] & names[1]


def test_the_key_is_the_owner_s_alone_and_must_be_whole(folder: RecordFolder) -> None:
    key = load_or_create_archive_key(folder)
    assert load_or_create_archive_key(folder) == key
    path = folder.path / "keys" / "archive.key"
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o077 == 0
    for content in ("zz", "00"):
        path.write_text(content)
        with pytest.raises(KeyUnavailable, match=r"archive\.key"):
            load_or_create_archive_key(folder)


def test_without_duckdb_the_message_has_the_line_that_installs_it(
    data: RecordFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The program's name is on no index: a line with it could install somebody else's."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (wanted,) = settings["project"]["optional-dependencies"]["analysis"]
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(BackupRefused, match=re.escape(f"-m pip install '{wanted}'")):
        write_archive(data, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_archive_never_replaces_anything(data: RecordFolder, tmp_path: Path) -> None:
    write_archive(data, tmp_path / "out")
    with pytest.raises(BackupRefused, match="exists already"):
        write_archive(data, tmp_path / "out")
    with pytest.raises(BackupRefused, match="holds no records"):
        write_archive(RecordFolder(tmp_path / "nothing"), tmp_path / "other")

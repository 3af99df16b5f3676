"""Patients and the day's appointments from CSV, through the commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.errors import RequestRefused, StandingInvalid
from records.clinic.audit import accesses
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from tests.support.commands import run, said

PATIENTS_MAP = """\
reads = "patients"
[columns]
reference = "Chart"
name = "Patient"
birth_date = "DOB"
"""
DAY_MAP = PATIENTS_MAP.replace('"patients"', '"appointments"') + 'time = "At"\ntable = "Room"\n'
PATIENTS = 'Chart,Patient,DOB\nA-1,"Doe, Jane",1960-01-31\nA-2,"Roe, John",1970-02-28\n'
DAY = 'At,Room,Chart,Patient,DOB\n09:00,Table 1,A-1,"Doe, Jane",1960-01-31\n'


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name, text in (
        ("patients.toml", PATIENTS_MAP),
        ("day.toml", DAY_MAP),
        ("patients.csv", PATIENTS),
        ("day.csv", DAY),
    ):
        (tmp_path / name).write_text(text)
    return tmp_path


def patients(
    files: Path, *, file: str = "patients.csv", column_map: str = "patients.toml"
) -> tuple[str, ...]:
    return ("patients", "import", str(files / file), "--map", str(files / column_map))


def test_patients_come_from_csv_and_a_second_time_change_nothing(
    folder: RecordFolder, files: Path
) -> None:
    words = (
        "patients",
        "import",
        str(files / "patients.csv"),
        "--map",
        str(files / "patients.toml"),
    )
    assert "2 kept, 0 unchanged" in said(folder, *words, "--by", "A. Example")
    assert "0 kept, 2 unchanged" in said(folder, *words)
    found = read_standing(folder).patient("A-2")
    assert found is not None
    assert (found.record.full_name, found.by) == ("Roe, John", "A. Example")


def test_a_csv_without_a_map_and_with_the_wrong_one_is_refused(
    folder: RecordFolder, files: Path
) -> None:
    with pytest.raises(StandingInvalid, match="a CSV needs a column map"):
        said(folder, "patients", "import", str(files / "patients.csv"))
    with pytest.raises(StandingInvalid, match="it reads appointments, not patients"):
        said(folder, *patients(files, column_map="day.toml"))
    with pytest.raises(StandingInvalid, match="cannot be read"):
        said(folder, *patients(files, file="no.csv"))


def test_each_wrong_row_is_printed_and_nothing_is_half_done(
    folder: RecordFolder, files: Path
) -> None:
    (files / "patients.csv").write_text(PATIENTS.replace("1960-01-31", "31.01.1960") + "A-3,x,y\n")
    words = (
        "patients",
        "import",
        str(files / "patients.csv"),
        "--map",
        str(files / "patients.toml"),
    )
    result = run(folder, *words)
    assert isinstance(result.exception, StandingInvalid)
    assert "line 2: birth_date (DOB): '31.01.1960' is no day" in result.output
    assert "line 4: name (Patient): 'x' is not written as" in result.output
    wrong = json.loads(run(folder, *words, "--json").stdout)
    assert (wrong["kept"], len(wrong["wrong"])) == ([], 2)
    assert not folder.clinic_database.exists()


def test_the_day_s_list_is_read_in_listed_and_audited(folder: RecordFolder, files: Path) -> None:
    words = ("appointments", "import", str(files / "day.csv"), "--map", str(files / "day.toml"))
    of_day = ("appointments", "list", "--day", "2026-11-30")
    assert "no appointments of 2026-11-30" in said(folder, *of_day)
    kept = said(folder, *words, "--day", "2026-11-30", "--by", "A. Example")
    assert "kept: 1 appointments of 2026-11-30" in kept
    listed = said(folder, *of_day)
    assert listed == "09:00  Table 1  A-1  Doe, Jane, born 1960-01-31  not among the patients\n"
    (row,) = json.loads(run(folder, *of_day, "--json").stdout)["appointments"]
    assert (row["reference"], row["on_file"]) == ("A-1", False)
    what = [(each.what, each.fields) for each in accesses(folder)]
    assert what[:2] == [
        ("appointments imported", ("patient A-1",)),
        ("appointments listed", ("patient A-1",)),
    ]
    with pytest.raises(RequestRefused, match="--day 'today' is no date"):
        said(folder, "appointments", "list", "--day", "today")


def test_without_a_day_it_is_today_s_list(folder: RecordFolder, files: Path) -> None:
    words = ("appointments", "import", str(files / "day.csv"), "--map", str(files / "day.toml"))
    said(folder, *words)
    assert "09:00  Table 1" in said(folder, "appointments", "list")

"""Patients and appointments from a practice system's CSV: by a column map, whole or not at all."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from controller.errors import StandingInvalid
from records.checked_data import toml_document
from records.standing.appointments import day_list, plan_days, write_days
from records.standing.csv_patients import plan_patients
from records.standing.csv_rows import CsvMap, read_map, read_rows
from records.standing.kinds import PatientRecord
from records.standing.versions import read_standing
from records.standing.write import write_standing
from records.store.record_folder import RecordFolder
from tests.support.sessions import fixed_key
from tests.support.standing import FLAG, WRITTEN_MS, example, keep, patient, writer

COLUMNS = {
    "reference": "Chart No",
    "name": "Patient",
    "birth_date": "DOB",
    "payer.name": "Insurance",
    "payer.kind": "Kind",
    "payer.profile": "Kind",
    "diagnoses": "Dx",
    "plan.cert_through": "Cert",
}
HEAD = "Chart No;Patient;DOB;Insurance;Kind;Dx;Cert\r\n"
JANE = "TEST-1;Doe, Jane;01/31/1960;Medicare;medicare_b;M50.120|M54.2;12/24/2026\r\n"
JOHN = "TEST-2;Roe, John;02/28/1970;;;;\r\n"
DAY = date(2026, 11, 30)


def map_of(**changes: Any) -> CsvMap:
    said = {"reads": "patients", "delimiter": ";", "date_format": "%m/%d/%Y", "columns": COLUMNS}
    return CsvMap.model_validate({**said, **changes})


def planned(folder: RecordFolder, text: str, **changes: Any) -> Any:
    rows = read_rows(text.encode("utf-8-sig"), "out.csv", map_of(**changes))
    return plan_patients(read_standing(folder), rows)


def taken(folder: RecordFolder, text: str) -> None:
    fixed_key(folder)
    write_standing(folder, writer(), planned(folder, text).changes)


def on_file(folder: RecordFolder, reference: str) -> PatientRecord:
    found = read_standing(folder).patient(reference)
    assert found is not None
    return found.record


def test_rows_become_patients_with_dates_lists_and_tables(folder: RecordFolder) -> None:
    taken(folder, HEAD + JANE + "\r\n" + JOHN)
    jane = on_file(folder, "TEST-1")
    assert (jane.last_name, jane.first_name, jane.birth_date) == ("Doe", "Jane", date(1960, 1, 31))
    assert jane.diagnoses == ("M50.120", "M54.2")
    assert jane.payer is not None
    assert (jane.payer.name, jane.payer.profile) == ("Medicare", "medicare_b")
    assert jane.plan is not None
    assert jane.plan.cert_through == date(2026, 12, 24)
    assert on_file(folder, "TEST-2").payer is None


def test_a_second_import_changes_what_differs_and_keeps_what_it_does_not_say(
    folder: RecordFolder,
) -> None:
    keep(folder, patient(flags=[FLAG], plan={"certified_on": "2026-11-05"}))
    plan = planned(folder, HEAD + JANE + JOHN)
    assert [(change.name, change.made_from) for change in plan.changes] == [
        ("TEST-1", 1),
        ("TEST-2", 0),
    ]
    taken(folder, HEAD + JANE.replace("Doe, Jane", "DOE, JANE") + JOHN)
    jane = on_file(folder, "TEST-1")
    assert jane.last_name == "Doe"
    assert (jane.harness, len(jane.flags)) == ("two-piece head halter", 1)
    assert jane.plan is not None
    assert (jane.plan.certified_on, jane.plan.cert_through) == (
        date(2026, 11, 5),
        date(2026, 12, 24),
    )
    again = planned(folder, HEAD + JANE + JOHN)
    assert (again.changes, again.unchanged) == ((), ("TEST-1", "TEST-2"))


def test_every_wrong_row_is_named_and_nothing_is_taken(folder: RecordFolder) -> None:
    keep(folder, patient())
    rows = [
        JOHN,
        "TEST-3;Poe Pam;03/31/1980;;;;\r\n",
        "TEST-4;Moe, Max;31.02.1980;;;;\r\n",
        "TEST-5;;03/31/1980;;;;\r\n",
        ";Low, Lou;03/31/1980;;;;\r\n",
        "TEST-6;Ray, Rob;03/31/1980\r\n",
        "TEST-7;Kay, Kim;03/31/80;;;;\r\n",
        "TEST-8;Hid\u202e, Ann;03/31/1980;;;;\r\n",
    ]
    with pytest.raises(StandingInvalid) as refused:
        planned(folder, HEAD + "".join(rows))
    assert refused.value.message.startswith("7 of 8 rows are wrong, so none was taken: line 3: ")
    assert [row.partition(": ")[0] for row in refused.value.rows] == [
        f"line {line}" for line in range(3, 10)
    ]
    told = "\n".join(refused.value.rows)
    for said in (
        "'Poe Pam' is not written as 'family name, first name'",
        "birth_date (DOB): '31.02.1980' is no day in the form %m/%d/%Y",
        "last_name is empty",
        "reference is empty",
        "does not have as many cells as the head",
        "'03/31/80' is no day",
        "U+202E",
    ):
        assert said in told
    assert read_standing(folder).patient("TEST-2") is None


def test_rows_that_are_sound_and_wrong_as_records_are_named(folder: RecordFolder) -> None:
    rows = JANE.replace("M54.2", "neck") + JOHN.replace(";;;;", ";x;martian;;")
    with pytest.raises(StandingInvalid) as refused:
        planned(folder, HEAD + rows)
    assert "line 2 (reference TEST-1): diagnoses.2='neck'" in refused.value.rows[0]
    assert "line 3 (reference TEST-2): payer.kind='martian'" in refused.value.rows[1]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            JANE.replace("Jane", "Joan"),
            "is on file for Doe, Jane, born 1960-01-31, not for Doe, Joan",
        ),
        (JANE.replace("1960", "1961"), "not for Doe, Jane, born 1961-01-31; one reference is one"),
        (JOHN + JOHN.replace("John", "Jim"), "that of another patient in line 2"),
        (JOHN + JOHN, "stands in line 2 already; keep one row"),
        (JANE.replace("TEST-1", "test-1"), "is on file and would be taken for test-1"),
    ],
)
def test_one_reference_is_one_patient(folder: RecordFolder, rows: str, said: str) -> None:
    keep(folder, patient())
    with pytest.raises(StandingInvalid) as refused:
        planned(folder, HEAD + rows)
    assert any(said in row for row in refused.value.rows), refused.value.rows


@pytest.mark.parametrize(
    ("text", "changes", "said"),
    [
        (HEAD.replace("DOB", "Born") + JANE, {}, "column 'DOB' for birth_date is not there"),
        (HEAD.replace("Dx", "DOB") + JANE, {}, "column 'DOB' for birth_date stands there twice"),
        (HEAD + JANE, {"delimiter": ","}, "'Chart No' for reference is not there"),
        ("", {}, "the file has none"),
        (HEAD + '"TEST-1;x\r\n', {}, "not valid CSV at line"),
    ],
)
def test_a_file_that_is_not_the_map_s_is_refused_as_a_whole(
    folder: RecordFolder, text: str, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(StandingInvalid) as refused:
        planned(folder, text, **changes)
    assert said in refused.value.message
    assert refused.value.message.startswith("file out.csv")


def test_an_encoding_is_said_and_not_guessed(folder: RecordFolder) -> None:
    content = (HEAD + JANE.replace("Doe", "Müller")).encode("cp1252")
    with pytest.raises(StandingInvalid, match=r"is no utf-8 text \(byte"):
        read_rows(content, "out.csv", map_of())
    (row,) = read_rows(content, "out.csv", map_of(encoding="cp1252"))
    assert row.values["last_name"] == "Müller"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"columns": {**COLUMNS, "flags": "Alert"}}, "columns.flags is no key of patients"),
        ({"columns": {**COLUMNS, "last_name": "Last"}}, "columns have name and parts of it"),
        ({"columns": {"reference": "x", "birth_date": "y"}}, "columns need name"),
        ({"columns": {"reference": "x", "name": "y"}}, "columns.birth_date is missing"),
        ({"date_format": "%m/%d/%y"}, "date_format='%m/%d/%y': needs %Y"),
        ({"reads": "appointments"}, "columns.payer.name is no key of appointments"),
        ({"colums": {}}, "did you mean columns?"),
    ],
)
def test_a_wrong_map_is_named_with_its_key(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    file = tmp_path / "map.toml"
    file.write_text(toml_document({"reads": "patients", "columns": COLUMNS, **changes}))
    with pytest.raises(StandingInvalid) as refused:
        read_map(file, "patients")
    assert said in refused.value.message


def test_a_dotted_key_may_stand_with_and_without_quotes(tmp_path: Path) -> None:
    file = tmp_path / "map.toml"
    text = toml_document({"reads": "patients", "columns": COLUMNS})
    assert '"payer.name" = ' in text
    file.write_text(text)
    quoted = read_map(file, "patients")
    file.write_text(text.replace('"payer.name"', "payer.name"))
    assert read_map(file, "patients") == quoted


# --- appointments -----------------------------------------------------------------------------

DAY_COLUMNS = {
    "time": "Time",
    "table": "Room",
    "reference": "Chart",
    "last_name": "Last",
    "first_name": "First",
    "birth_date": "DOB",
}
DAY_HEAD = "Time,Room,Chart,Last,First,DOB\n"
NINE = "09:00,Table 1,TEST-1,Doe,Jane,1960-01-31\n"
TEN = "10:30,Table 1,TEST-2,Roe,John,1970-02-28\n"


def days_of(folder: RecordFolder, text: str, day: date | None = DAY, **columns: str) -> Any:
    columns = {**DAY_COLUMNS, **columns}
    read = CsvMap.model_validate({"reads": "appointments", "columns": columns})
    rows = read_rows(text.encode(), "day.csv", read)
    return plan_days(read_standing(folder), rows, day)


def kept(folder: RecordFolder, text: str) -> None:
    fixed_key(folder)
    days = days_of(folder, text)
    write_days(folder, writer(), days, file="day.csv", content=text.encode())


def test_the_day_s_list_is_kept_by_time_and_the_newest_import_holds(folder: RecordFolder) -> None:
    assert day_list(folder, DAY) is None
    kept(folder, DAY_HEAD + TEN + NINE)
    found = day_list(folder, DAY)
    assert found is not None
    assert [each.time for each in found.appointments] == ["09:00", "10:30"]
    assert found.appointments[0].birth_date == date(1960, 1, 31)
    assert (found.file, found.by, found.at_utc_ms) == ("day.csv", "P. Jones", WRITTEN_MS)
    kept(folder, DAY_HEAD + TEN)
    again = day_list(folder, DAY)
    assert again is not None
    assert [each.reference for each in again.appointments] == ["TEST-2"]
    assert day_list(folder, date(2026, 12, 1)) is None


def test_a_column_of_days_parts_the_rows(folder: RecordFolder) -> None:
    head = DAY_HEAD.replace("\n", ",Day\n")
    rows = NINE.replace("\n", ",2026-11-30\n") + TEN.replace("\n", ",2026-12-01\n")
    days = days_of(folder, head + rows, None, date="Day")
    assert {day: [each.time for each in made] for day, made in days.items()} == {
        DAY: ["09:00"],
        date(2026, 12, 1): ["10:30"],
    }


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            NINE.replace("Table 1", "Table 9"),
            "table 'Table 9' is not one of the clinic's (Table 1)",
        ),
        (NINE.replace("1960", "1961"), "is on file for Doe, Jane, born 1960-01-31, not for Doe"),
        (NINE + TEN.replace("10:30", "09:00"), "Table 1 at 09:00 is taken by line 2"),
        (NINE.replace("09:00", "9 h"), "time (Time): '9 h' is no time in the form %H:%M"),
        (NINE + NINE.replace("Jane", "Joan").replace("09:", "11:"), "another patient in line 2"),
    ],
)
def test_a_wrong_appointment_keeps_all_of_them_out(
    folder: RecordFolder, rows: str, said: str
) -> None:
    keep(folder, patient())
    keep(folder, example("unit"))
    with pytest.raises(StandingInvalid) as refused:
        kept(folder, DAY_HEAD + rows)
    assert any(said in row for row in refused.value.rows), refused.value.rows
    assert day_list(folder, DAY) is None


def test_without_a_day_and_without_a_row_nothing_is_kept(folder: RecordFolder) -> None:
    with pytest.raises(StandingInvalid, match="its day is not said"):
        days_of(folder, DAY_HEAD + NINE, None)
    with pytest.raises(StandingInvalid, match="holds no appointment"):
        kept(folder, DAY_HEAD)

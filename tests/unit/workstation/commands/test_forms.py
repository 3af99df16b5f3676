"""``traction forms``: which sheets are made, who is told of it, and how the file lies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.errors import RecordNotFound, RequestRefused
from records.clinic.audit import accesses
from records.store.record_folder import RecordFolder
from tests.support.commands import run, said
from tests.support.pdfs import pages_of, text_of
from tests.support.standing import example, keep, patient
from tests.unit.workstation.commands.test_appointments import DAY, DAY_MAP

BOOKED = "2026-11-30"
BY = ("--by", "P. Jones")


@pytest.fixture
def clinic(folder: RecordFolder, tmp_path: Path) -> RecordFolder:
    """Two patients on file, one of them booked on a table with its manual release."""
    keep(folder, example("clinic"))
    keep(folder, patient(reference="A-1"))
    keep(folder, patient(reference="A-2", last_name="Roe", first_name="John"))
    keep(folder, example("unit", manual_release="Pull the red lever"))
    (tmp_path / "map.toml").write_text(DAY_MAP)
    (tmp_path / "day.csv").write_text(DAY)
    words = ("appointments", "import", str(tmp_path / "day.csv"), "--day", BOOKED)
    said(folder, *words, "--map", str(tmp_path / "map.toml"), *BY)
    return folder


def test_a_day_gives_one_filled_sheet_for_each_appointment(
    clinic: RecordFolder, tmp_path: Path
) -> None:
    out = tmp_path / "paper"
    said(clinic, "forms", "sheet", "--day", BOOKED, "--out", f"{out}/", *BY)
    content = (out / "downtime-sheets.pdf").read_bytes()
    text = text_of(content)
    assert len(pages_of(content)) == 2
    assert "A-1" in text
    assert "A-2" not in text
    assert "Pull the red lever" in text, "the booked table's words"
    assert "Table 1 09:00" in text


def test_a_newcomer_of_the_day_has_a_sheet_too(clinic: RecordFolder, tmp_path: Path) -> None:
    """The list of a practice system knows somebody whom nobody has put on file yet."""
    (tmp_path / "day.csv").write_text(f'{DAY}10:00,Table 1,C-3,"Fox, Ann",1980-02-03\n')
    words = ("appointments", "import", str(tmp_path / "day.csv"), "--day", BOOKED)
    said(clinic, *words, "--map", str(tmp_path / "map.toml"), *BY)
    out = tmp_path / "day.pdf"
    said(clinic, "forms", "sheet", "--day", BOOKED, "--out", str(out), *BY)
    text = " ".join(text_of(out.read_bytes()).split())
    assert len(pages_of(out.read_bytes())) == 4
    said_of = ("C-3", "Fox, Ann", "1980-02-03", "Table 1 10:00", "Not on file: name and date")
    for words_ in said_of:
        assert words_ in text
    assert accesses(clinic)[-1].fields == ("patient A-1", "patient C-3")


def test_patients_are_named_one_by_one_and_each_access_is_on_record(
    clinic: RecordFolder, tmp_path: Path
) -> None:
    out = tmp_path / "two.pdf"
    words = ("forms", "sheet", "--patient", "A-1", "--patient", "A-2", "--out", str(out))
    facts = json.loads(said(clinic, *words, *BY, "--json"))
    assert facts["patients"] == ["A-1", "A-2"]
    assert facts["sheets"] == 2
    row = accesses(clinic)[-1]
    assert (row.what, row.by) == ("downtime sheets", "P. Jones")
    assert row.fields == ("patient A-1", "patient A-2")


def test_the_days_list_is_on_record_too(clinic: RecordFolder, tmp_path: Path) -> None:
    out = tmp_path / "day.pdf"
    said(clinic, "forms", "day", "--day", BOOKED, "--out", str(out), *BY)
    assert "A-1" in text_of(out.read_bytes())
    assert accesses(clinic)[-1].fields == ("patient A-1",)


def test_the_file_is_private_and_nothing_is_written_over(
    clinic: RecordFolder, tmp_path: Path
) -> None:
    out = tmp_path / "sheet.pdf"
    said(clinic, "forms", "sheet", "--patient", "A-1", "--out", str(out), *BY)
    assert out.stat().st_mode & 0o077 == 0
    before = len(accesses(clinic))
    error = run(clinic, "forms", "sheet", "--patient", "A-2", "--out", str(out), *BY).exception
    assert isinstance(error, RequestRefused)
    assert len(accesses(clinic)) == before, "nothing was shown"
    assert "A-2" not in text_of(out.read_bytes())


def test_an_empty_sheet_needs_no_records_and_makes_none(
    folder: RecordFolder, tmp_path: Path
) -> None:
    nowhere = RecordFolder(tmp_path / "nowhere")
    out = tmp_path / "empty.pdf"
    said(nowhere, "forms", "sheet", "--out", str(out))
    assert "Manual release of this table" in text_of(out.read_bytes())
    assert not nowhere.path.exists()
    assert not accesses(folder)


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--patient", "A-1", "--day", BOOKED), "not both"),
        (("--day", "30.11.2026"), "is no date"),
        (("--day", "2026-12-01"), "no appointments of 2026-12-01 are on file"),
        (("--patient", "A-9"), "A-9 is not on file"),
        (("--unit", "Table 9"), "Table 9 is not on file"),
    ],
)
def test_what_cannot_be_printed_is_refused_with_the_way_out(
    clinic: RecordFolder, tmp_path: Path, words: tuple[str, ...], error: str
) -> None:
    out = tmp_path / "no.pdf"
    found = run(clinic, "forms", "sheet", *words, "--out", str(out), *BY).exception
    assert isinstance(found, RequestRefused | RecordNotFound), found
    assert error in found.message
    assert not out.exists()

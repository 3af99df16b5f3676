"""``traction codes``: editions of the code list are shown and imported, and say what they lack."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.errors import JournalUnavailable, RequestRefused, RulesInvalid
from records.store.record_folder import RecordFolder
from tests.support.code_files import write_order_file, write_tabular_list
from tests.support.commands import run, said

DAYS = ("--from", "2026-10-01", "--to", "2027-09-30")


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    return RecordFolder(tmp_path / "data")


def test_an_import_is_told_in_figures_and_listed(folder: RecordFolder, tmp_path: Path) -> None:
    order, tabular = write_order_file(tmp_path), write_tabular_list(tmp_path)
    text = said(folder, "codes", "import", str(order), *DAYS)
    assert (
        "2026-10-01 to 2027-09-30  ICD-10-CM, icd10cm_order_2027.txt: 10 rows, 5 billable" in text
    )
    assert "it does not tell which diagnoses exclude each other (T-056)" in text
    text = said(folder, "codes", "import", str(order), "--tabular", str(tabular), *DAYS)
    assert "T-056" not in text
    listed = said(folder, "codes", "list").splitlines()
    assert len(listed) == 2
    assert "2025-10-01 to 2026-09-30  ICD-10-CM, release of April 2026: " in listed[1]
    (imported, shipped) = json.loads(said(folder, "codes", "list", "--json"))["editions"]
    assert imported == {
        "name": "ICD-10-CM, icd10cm_order_2027.txt",
        "valid_from": "2026-10-01",
        "valid_to": "2027-09-30",
        "source": "icd10cm_order_2027.txt, icd10cm_tabular_2027.xml",
        "rows": 13,
        "billable": 5,
        "excludes1": True,
    }
    assert shipped["billable"] == 74_719  # as CMS counts them


def test_to_list_them_writes_nothing(folder: RecordFolder) -> None:
    said(folder, "codes", "list")
    assert not folder.path.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--from", "1.10.2026", "--to", "2027-09-30"), "--from='1.10.2026' is not a day"),
        (("--from", "2026-10-01", "--to", "never"), "--to='never' is not a day"),
        (("--from", "2027-09-30", "--to", "2026-10-01"), "2027-09-30 to 2026-10-01"),
    ],
)
def test_days_that_are_none_are_named(
    folder: RecordFolder, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    result = run(folder, "codes", "import", str(write_order_file(tmp_path)), *options)
    assert isinstance(result.exception, RulesInvalid)
    assert words in result.exception.message
    assert not folder.path.exists()


def test_a_file_s_name_that_hides_a_line_is_refused(folder: RecordFolder, tmp_path: Path) -> None:
    hidden = write_order_file(tmp_path).rename(tmp_path / "a\nvalid_to: 2999-01-01.txt")
    result = run(folder, "codes", "import", str(hidden), *DAYS)
    assert isinstance(result.exception, RequestRefused)
    assert "FILE" in result.exception.message


def test_a_folder_that_takes_nothing_is_named(folder: RecordFolder, tmp_path: Path) -> None:
    folder.path.write_text("a file in its place")
    result = run(folder, "codes", "import", str(write_order_file(tmp_path)), *DAYS)
    assert isinstance(result.exception, JournalUnavailable)
    assert "code-lists cannot be written" in result.exception.message

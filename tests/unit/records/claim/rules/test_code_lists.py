"""Editions are imported as they are published, and a day is judged by the one that holds on it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from controller.errors import RulesInvalid
from records.claim.rules.code_lists import code_list_for, code_lists, import_code_list
from records.store.record_folder import RecordFolder
from tests.support.code_files import ORDERED, TABULAR, order_lines, write_order_file
from tests.support.code_files import write_tabular_list as write_tabular
from tests.unit.records.claim.rules.builders import visit

YEAR_2027 = (date(2026, 10, 1), date(2027, 9, 30))
SHIPPED = "ICD-10-CM, release of April 2026"
IMPORTED = "ICD-10-CM, icd10cm_order_2027.txt"


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    return RecordFolder(tmp_path / "data")


def test_an_edition_of_cms_alone_knows_codes_words_and_no_exclusions(
    folder: RecordFolder, tmp_path: Path
) -> None:
    made = import_code_list(folder, write_order_file(tmp_path), None, YEAR_2027)
    assert (made.name, made.count, made.billable_n) == (IMPORTED, len(ORDERED), 5)
    assert (made.valid_from, made.valid_to) == YEAR_2027
    assert {code: made.state(code) for code, _, _ in ORDERED} == {
        code: "billable" if flag else "category" for code, flag, _ in ORDERED
    }
    assert made.state("M5450") == "unknown"
    assert made.regions("M5416") == {"lumbar"}
    assert made.regions("M5010") == made.regions("M542") == {"cervical"}
    assert made.regions("M54") == made.regions("QA00") == frozenset()
    assert not made.has_exclusions


def test_the_tabular_list_brings_notes_blocks_and_chapters(
    folder: RecordFolder, tmp_path: Path
) -> None:
    files = write_order_file(tmp_path), write_tabular(tmp_path)
    made = import_code_list(folder, *files, YEAR_2027)
    assert made.has_exclusions
    assert made.exclude_each_other("M542", "M5010")
    assert made.exclude_each_other("M4640", "M5416")  # a note of the block
    assert not made.exclude_each_other("M5416", "M542")
    assert made.state("M50-M54") == made.state("13") == "category"
    above = {row.code: row.above for row in made.rows() if row.above}
    assert above == {"M50": "M50-M54", "M54": "M50-M54", "M50-M54": "13", "QA0": "22", "Z00": "22"}


def test_a_list_without_notes_leaves_t_056_unjudged(folder: RecordFolder, tmp_path: Path) -> None:
    without = import_code_list(folder, write_order_file(tmp_path), None, YEAR_2027)
    claim = {"diagnoses": ["M5416", "M542"]}
    told = visit(claim=claim, tables={"code_list": without}).report().result("T-056")
    assert told.outcome == "not_judged"
    with_notes = import_code_list(
        folder, write_order_file(tmp_path), write_tabular(tmp_path), YEAR_2027
    )
    told = visit(claim=claim, tables={"code_list": with_notes}).report().result("T-056")
    assert told.outcome == "held"


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2025, 9, 30), SHIPPED),  # before every edition
        (date(2025, 10, 1), SHIPPED),
        (date(2026, 9, 30), SHIPPED),
        (date(2026, 10, 1), IMPORTED),
        (date(2027, 9, 30), IMPORTED),
        (date(2027, 10, 1), IMPORTED),  # behind the newest
    ],
)
def test_the_day_of_service_chooses_the_edition(
    folder: RecordFolder, tmp_path: Path, day: date, name: str
) -> None:
    import_code_list(folder, write_order_file(tmp_path), None, YEAR_2027)
    assert code_list_for(folder, day).name == name


@pytest.mark.parametrize(
    ("day", "name"), [(date(2025, 3, 1), IMPORTED), (date(2026, 3, 1), SHIPPED)]
)
def test_an_edition_that_ended_does_not_judge_a_day_that_another_one_holds_on(
    folder: RecordFolder, tmp_path: Path, day: date, name: str
) -> None:
    year_2025 = date(2024, 10, 1), date(2025, 9, 30)
    import_code_list(folder, write_order_file(tmp_path), None, year_2025)
    assert code_list_for(folder, day).name == name


def test_without_an_import_the_shipped_edition_judges_every_day(folder: RecordFolder) -> None:
    assert code_list_for(folder, date(2031, 1, 1)).name == SHIPPED
    assert not folder.path.exists()


def test_an_edition_of_the_same_days_comes_before_the_shipped_one_and_replaces_itself(
    folder: RecordFolder, tmp_path: Path
) -> None:
    days = (date(2025, 10, 1), date(2026, 9, 30))
    for lines in (order_lines(), order_lines((*ORDERED, ("Z0001", 1, "With findings")))):
        made = import_code_list(folder, write_order_file(tmp_path, lines), None, days)
    assert code_list_for(folder, days[0]).count == made.count == len(ORDERED) + 1
    assert [each.name for each in code_lists(folder)] == [IMPORTED, SHIPPED]


def test_a_damaged_edition_is_refused_by_name_and_not_passed_over(
    folder: RecordFolder, tmp_path: Path
) -> None:
    import_code_list(folder, write_order_file(tmp_path), None, YEAR_2027)
    (file,) = folder.code_lists.iterdir()
    file.write_bytes(file.read_bytes()[:-5])
    listed = code_list_for(folder, YEAR_2027[0])
    with pytest.raises(RulesInvalid, match=r"icd-10-cm-2026-10-01\.codes: .*codes import"):
        listed.state("M542")
    file.write_bytes(b"")
    with pytest.raises(RulesInvalid, match=r"icd-10-cm-2026-10-01\.codes: .*codes import"):
        code_list_for(folder, YEAR_2027[0])


LINES = order_lines()
WRONG_LINES = {
    "row 1 is not laid out": ["M50 Cervical disc disorders", *LINES[1:]],
    "row 2 is not laid out": [LINES[0], LINES[1][:60], *LINES[2:]],
    "row 3 is not laid out": [*LINES[:2], LINES[2].replace(" 0 ", " 2 "), *LINES[3:]],
    "row 4 is not laid out": [*LINES[:3], LINES[3].replace("M541 ", " M541"), *LINES[4:]],
    "row 3 has the order number 00004": [*LINES[:2], *LINES[3:]],
    "row 11: Z0000 stands twice": [*LINES, LINES[-1].replace("00010", "00011")],
    "holds no code that begins with Z": LINES[:8],
    "begins with Z": [],
}


@pytest.mark.parametrize("fault", WRONG_LINES)
def test_what_is_not_an_order_file_is_refused_whole(
    folder: RecordFolder, tmp_path: Path, fault: str
) -> None:
    with pytest.raises(RulesInvalid) as refused:
        import_code_list(folder, write_order_file(tmp_path, WRONG_LINES[fault]), None, YEAR_2027)
    assert "icd10cm_order_2027.txt" in refused.value.message
    assert fault in refused.value.message
    assert not folder.path.exists()


ENTITIES = '<!DOCTYPE a [<!ENTITY b "lol"><!ENTITY c "&b;&b;">]><ICD10CM.tabular/>'
WRONG_LISTS = {
    "is not XML": "M50 Cervical disc disorders",
    "defines words of its own": ENTITIES,
    "holds no chapter": "<html><body>Not found</body></html>",
    "M999 (1 in all) stands in one of them only": TABULAR.replace("M54.2<", "M99.9<"),
    "Z00 (1 in all) stands in one of them only": TABULAR.replace(
        "<diag><name>Z00</name><desc>Encounter for general examination</desc></diag>", ""
    ),
    "is no code": TABULAR.replace("M54.2<", "M54.2\u00e9<"),
}


@pytest.mark.parametrize("fault", WRONG_LISTS)
def test_what_is_not_the_tabular_list_of_that_edition_is_refused(
    folder: RecordFolder, tmp_path: Path, fault: str
) -> None:
    tabular = write_tabular(tmp_path, WRONG_LISTS[fault])
    with pytest.raises(RulesInvalid) as refused:
        import_code_list(folder, write_order_file(tmp_path), tabular, YEAR_2027)
    assert "icd10cm_tabular_2027.xml" in refused.value.message
    assert fault in refused.value.message
    assert not folder.path.exists()


@pytest.mark.parametrize("last", [date(2026, 9, 30), date(2027, 10, 3), date(2062, 9, 30)])
def test_days_that_are_no_year_of_a_list_are_refused(
    folder: RecordFolder, tmp_path: Path, last: date
) -> None:
    with pytest.raises(RulesInvalid, match=f"2026-10-01 to {last}"):
        import_code_list(folder, write_order_file(tmp_path), None, (YEAR_2027[0], last))


def test_accents_in_the_other_encoding_are_read(folder: RecordFolder, tmp_path: Path) -> None:
    file = write_order_file(tmp_path, order_lines((*ORDERED, ("Z0001", 1, "M\u00e9ni\u00e8re"))))
    file.write_bytes(file.read_text(encoding="utf-8").encode("latin-1"))
    assert import_code_list(folder, file, None, YEAR_2027).state("Z0001") == "billable"


def test_a_file_that_is_not_there_is_named(folder: RecordFolder, tmp_path: Path) -> None:
    with pytest.raises(RulesInvalid, match=r"nosuch\.txt cannot be read"):
        import_code_list(folder, tmp_path / "nosuch.txt", None, YEAR_2027)

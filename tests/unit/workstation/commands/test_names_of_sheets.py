"""A treatment that was entered from paper is called, and found, as a recorded one is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.errors import NoteRefused, RequestRefused, SessionAmbiguous
from records.clinic.paper_sheets import PaperSheet, keep_sheet
from records.store.record_folder import RecordFolder
from tests.support.commands import run, said
from tests.support.notes import ALL_WORDS, BEGAN_MS, DAY_MS, HOUR_MS, UNIT, author, recorded

SESSION, SHEET = "20260101T000000Z-0a1b2c", "paper-0123456789ab"
STOPPED, OF_OTHER = "paper-0223456789ab", "paper-ffffffffffff"
MINUTE_MS = 60_000


def sheet(sheet_id: str, began_ms: int, reference: str = "TEST-1", **values: str) -> PaperSheet:
    """A quarter of an hour on a table, as somebody wrote it."""
    return PaperSheet(
        sheet_id=sheet_id,
        reference=reference,
        began_utc_ms=began_ms,
        ended_utc_ms=began_ms + 15 * MINUTE_MS,
        utc_offset_min=0,
        written_by="P. Jones",
        values={"table": "Table 1", "region": "cervical", "paused": "0 min", **values},
        words={**ALL_WORDS, "diagnosis": "M50.120", "symptoms": "tingling in the left hand"},
    )


@pytest.fixture
def data(folder: RecordFolder, monkeypatch: pytest.MonkeyPatch) -> RecordFolder:
    """A recorded session, and two days later the patient's sheet on the table of the same name."""
    monkeypatch.setenv("TRACTION_TIME_ZONE", "UTC")
    recorded(folder, SESSION)
    keep_sheet(folder, author(folder), sheet(SHEET, BEGAN_MS + 2 * DAY_MS))
    return folder


@pytest.mark.parametrize(
    "name",
    ["last", "last TEST-1", "last test-1", "2026-01-03", "last table 1", "89ab", SHEET, "paper-01"],
)
def test_a_sheet_is_called_as_a_session_is(data: RecordFolder, tmp_path: Path, name: str) -> None:
    assert SHEET in said(data, "note", name)
    result = run(data, "scrub", name, "--json")
    assert (result.exit_code, json.loads(result.stdout)["session_id"]) == (3, SHEET)
    out = tmp_path / "note.txt"
    said(data, "export", name, "--format", "text", "--out", str(out))
    assert SHEET in out.read_text()


def test_the_session_before_it_keeps_its_names(data: RecordFolder) -> None:
    for name in ("2026-01-01", "0a1b2c", f"last {UNIT}", SESSION):
        assert SESSION in said(data, "show", name)


def test_what_fits_a_session_and_a_sheet_is_not_guessed(data: RecordFolder) -> None:
    error = run(data, "note", "TEST-1").exception
    assert isinstance(error, SessionAmbiguous)
    assert "session 'TEST-1' matches 2 sessions and sheets" in error.message
    assert error.listed == (
        f"{SHEET}  TEST-1  2026-01-03 00:00 UTC  completed, entered from paper",
        f"{SESSION}  TEST-1  2026-01-01 00:00 UTC  completed",
    )
    (row,) = json.loads(said(data, "audit", "--json"))["accesses"][-1:]
    assert (row["what"], row["fields"]) == ("search", [SHEET, SESSION])


@pytest.mark.parametrize("command", ["show", "verify", "estimate"])
def test_last_is_no_older_session_where_a_command_needs_one(
    data: RecordFolder, command: str
) -> None:
    error = run(data, command, "last").exception
    assert isinstance(error, RequestRefused)
    assert f"'last' ({SHEET}) is a downtime sheet: no device recorded it" in error.message


def test_a_table_s_name_fits_its_sheets_and_its_sessions(data: RecordFolder) -> None:
    newer = "20260105T000000Z-3d4e5f"
    recorded(data, newer, began_ms=BEGAN_MS + 4 * DAY_MS)
    table = ("Table 1", "address=modbus-tcp://host:5020?unit=1", f"unit_id={UNIT}")
    said(data, "units", "add", *table, "--by", "P. Jones")
    assert newer in said(data, "show", "last table 1")
    error = run(data, "show", "table 1").exception
    assert isinstance(error, SessionAmbiguous)
    assert [line.split("  ")[0] for line in error.listed] == [newer, SHEET, SESSION]


def test_no_session_is_joined_to_a_sheet_by_another_name_of_it(data: RecordFolder) -> None:
    error = run(data, "note", "last", "--with", SESSION, "--by", "P. Jones").exception
    assert isinstance(error, NoteRefused)
    assert f"{SHEET} is a downtime sheet" in error.message


def test_a_reference_that_was_corrected_in_the_note_finds_it_too(data: RecordFolder) -> None:
    by = ("--by", "P. Jones", "--credentials", "PT")
    said(data, "note", SHEET, "--sign", *by)
    other = ("--amend", "patient_reference=A 0815", "--reason", "wrong person")
    said(data, "note", SHEET, *other, *by)
    assert SHEET in said(data, "note", "a 0815")
    (listed,) = json.loads(said(data, "sessions", "--patient", "A 0815", "--json"))["from_paper"]
    told = (listed["sheet_id"], listed["patient_reference"], listed["note"])
    assert told == (SHEET, "A 0815", "amended")


# --- the list ---------------------------------------------------------------------------------


@pytest.fixture
def more(data: RecordFolder) -> RecordFolder:
    """Between both a sheet of a stop, and behind both one of another patient."""
    stop = sheet(STOPPED, BEGAN_MS + DAY_MS, stop_reason="patient asked")
    keep_sheet(data, author(data), stop)
    keep_sheet(data, author(data), sheet(OF_OTHER, BEGAN_MS + 3 * DAY_MS + HOUR_MS, "A 0815"))
    return data


def test_sheets_and_sessions_are_one_list_by_their_time(more: RecordFolder) -> None:
    lines = said(more, "sessions").splitlines()
    assert [line.split("  ")[0] for line in lines[:4]] == [OF_OTHER, SHEET, STOPPED, SESSION]
    assert lines[2] == (
        f"{STOPPED}  2026-01-02 00:00 UTC  TEST-1  15 min  stopped  note draft  entered from "
        "paper by P. Jones, not recorded by the device"
    )


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (("--patient", "A 0815"), [OF_OTHER]),
        (("--from", "2026-01-02", "--to", "2026-01-03"), [SHEET, STOPPED]),
        (("--outcome", "stop"), [STOPPED]),
        (("--text", "LEFT tingling"), [OF_OTHER, SHEET, STOPPED]),
        (("--text", "patient asked"), [STOPPED]),
        (("--text", "symptoms"), []),
        (("--limit", "2"), [OF_OTHER, SHEET]),
    ],
)
def test_conditions_hold_for_sheets_as_for_sessions(
    more: RecordFolder, asked: tuple[str, ...], found: list[str]
) -> None:
    document = json.loads(said(more, "sessions", *asked, "--json"))
    assert [one["sheet_id"] for one in document["from_paper"]] == found


def test_the_limit_counts_both_and_only_what_was_shown_is_audited(more: RecordFolder) -> None:
    output = said(more, "sessions", "--limit", "3")
    assert SESSION not in output
    assert "1 older ones are not listed; --limit 0 lists all" in output
    rows = json.loads(said(more, "audit", "--json"))["accesses"]
    assert rows[-1]["fields"] == [OF_OTHER, SHEET, STOPPED]


def test_the_accesses_of_a_patient_are_those_of_the_sheets_too(more: RecordFolder) -> None:
    said(more, "note", OF_OTHER, "--by", "A. Reader")
    rows = json.loads(said(more, "audit", "--patient", "A 0815", "--json"))["accesses"]
    assert ("note", "A. Reader") in [(row["what"], row["by"]) for row in rows]
    of_sheet = json.loads(said(more, "audit", "--session", "last", "--json"))["accesses"]
    assert of_sheet
    assert all(OF_OTHER in (row["session_id"], *row["fields"]) for row in of_sheet)

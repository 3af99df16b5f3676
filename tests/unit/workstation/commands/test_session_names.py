"""What people call a session, and the list that they find it in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.errors import RecordNotFound, SessionAmbiguous
from records.clinic.claim_exports import ClaimExport, record_claim_export
from records.store.record_folder import RecordFolder
from tests.support.commands import run, said
from tests.support.notes import BEGAN_MS, DAY_MS, HOUR_MS, UNIT, author, recorded

FIRST, SECOND, OTHER, TRY = (
    "20260101T000000Z-0a1b2c",
    "20260102T000000Z-3d4e5f",
    "20260102T010000Z-aa55aa",
    "20260102T020000Z-77beef",
)


@pytest.fixture
def data(folder: RecordFolder, monkeypatch: pytest.MonkeyPatch) -> RecordFolder:
    """Two sessions of one patient, one of another on the second day, and a refused try behind."""
    monkeypatch.setenv("TRACTION_TIME_ZONE", "UTC")
    recorded(folder, FIRST)
    recorded(folder, SECOND, began_ms=BEGAN_MS + DAY_MS, held_ms=130_000)
    recorded(folder, OTHER, began_ms=BEGAN_MS + DAY_MS + HOUR_MS, reference="A 0815")
    recorded(
        folder,
        TRY,
        began_ms=BEGAN_MS + DAY_MS + 2 * HOUR_MS,
        outcome="refused",
        held_ms=None,
        reference="A 0815",
    )
    return folder


def shown(data: RecordFolder, name: str) -> str:
    """The session that ``show`` shows."""
    return said(data, "show", name).split()[1].rstrip(":")


@pytest.mark.parametrize(
    ("name", "session"),
    [
        (FIRST, FIRST),
        ("20260101", FIRST),
        ("0a1b2c", FIRST),
        ("0A1B2C", FIRST),
        ("2026-01-01", FIRST),
        ("last", OTHER),
        ("Last 2026-01-02", OTHER),
        ("last TEST-1", SECOND),
        ("last test-1", SECOND),
        ("A 0815", OTHER),
        ("a  0815", OTHER),
        (f"last {UNIT}", OTHER),
        ("77beef", TRY),
    ],
)
def test_a_session_is_called_as_people_call_it(data: RecordFolder, name: str, session: str) -> None:
    assert shown(data, name) == session


def test_today_and_yesterday_are_the_clinic_s_days(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "controller.runtime.clock.SystemClock.utc_ms", lambda _: BEGAN_MS + 2 * DAY_MS
    )
    assert shown(data, "last yesterday") == OTHER
    with pytest.raises(RecordNotFound, match="'today' is not on file"):
        shown(data, "today")
    # In Chicago the second day's sessions began on the first one, and it is still the second.
    monkeypatch.setenv("TRACTION_TIME_ZONE", "America/Chicago")
    assert shown(data, "last yesterday") == OTHER
    assert shown(data, "2025-12-31") == FIRST


def test_days_and_times_are_those_of_the_clinic_s_record(data: RecordFolder) -> None:
    """Which goes before the workstation's own zone, as on the note."""
    said(data, "clinic", "add", "name=Example", "time_zone=America/Chicago", "--by", "P. Jones")
    assert shown(data, "2025-12-31") == FIRST
    assert "2026-01-01 18:00 CST  TEST-1" in said(data, "sessions")
    listed = json.loads(said(data, "sessions", "--json"))["sessions"]
    assert [one["started"] for one in listed] == [
        "2026-01-01T19:00:00-06:00",
        "2026-01-01T18:00:00-06:00",
        "2025-12-31T18:00:00-06:00",
    ]
    assert " CST  " in said(data, "audit")


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("TEST-1", [SECOND, FIRST]),
        ("2026-01-02", [OTHER, SECOND]),
        (UNIT, [OTHER, SECOND, FIRST]),
        ("2026", [TRY, OTHER, SECOND, FIRST]),
    ],
)
def test_a_name_that_fits_several_lists_them(
    data: RecordFolder, name: str, fits: list[str]
) -> None:
    error = run(data, "show", name).exception
    assert isinstance(error, SessionAmbiguous)
    assert f"session '{name}' matches {len(fits)} sessions" in error.message
    assert [line.split("  ")[0] for line in error.listed] == fits
    assert f"{SECOND}  TEST-1  2026-01-02 00:00 UTC  completed" in error.listed


def test_many_that_fit_are_not_all_listed(folder: RecordFolder) -> None:
    for number in range(12):
        recorded(folder, f"s-{number}", began_ms=BEGAN_MS + number * HOUR_MS)
    error = run(folder, "note", "TEST-1").exception
    assert isinstance(error, SessionAmbiguous)
    assert len(error.listed) == 11
    assert error.listed[-1] == "and 2 older ones: `traction sessions` lists them"


def test_a_session_is_called_by_the_name_of_its_table(data: RecordFolder) -> None:
    table = ("Table 1", "address=modbus-tcp://host:5020?unit=1", f"unit_id={UNIT}")
    said(data, "units", "add", *table, "--by", "P. Jones")
    assert shown(data, "last table 1") == OTHER
    error = run(data, "show", "Table 1").exception
    assert isinstance(error, SessionAmbiguous)
    assert len(error.listed) == 3


def test_a_table_that_names_no_unit_is_the_one_at_its_address(data: RecordFolder) -> None:
    uri = "modbus-tcp://host:5020?unit=1"
    recorded(data, "s-9", began_ms=BEGAN_MS + 3 * DAY_MS, uri=uri)
    said(data, "units", "add", "Table 1", f"address={uri}", "--by", "P. Jones")
    assert shown(data, "last Table 1") == "s-9"
    said(data, "units", "add", "Table 2", "address=modbus-tcp://other:5020?unit=1", "--by", "P.")
    with pytest.raises(RecordNotFound, match="'Table 2' is not on file"):
        shown(data, "Table 2")


def test_a_reference_that_is_also_the_end_of_an_id_is_not_guessed(data: RecordFolder) -> None:
    recorded(data, "s-9", began_ms=BEGAN_MS + 3 * DAY_MS, reference="0a1b2c")
    error = run(data, "show", "0a1b2c").exception
    assert isinstance(error, SessionAmbiguous)
    assert [line.split("  ")[0] for line in error.listed] == ["s-9", FIRST]


@pytest.mark.parametrize("name", ["nobody", "last nobody", "2026-13-01", "", "  ", "b2c", "TEST"])
def test_a_name_that_fits_nothing_says_what_names_there_are(data: RecordFolder, name: str) -> None:
    error = run(data, "show", name).exception
    assert isinstance(error, RecordNotFound)
    assert "an id or an end of it, last, a day, a patient reference or a unit" in error.message
    assert said(data, "audit") == ""


def test_a_look_up_by_the_patient_leaves_a_row_and_one_by_the_id_none_of_its_own(
    data: RecordFolder,
) -> None:
    said(data, "note", "last TEST-1")
    rows = json.loads(said(data, "audit", "--json"))["accesses"]
    assert [(row["what"], row["fields"]) for row in rows] == [("search", [SECOND]), ("note", [])]
    said(data, "note", "last")
    said(data, "note", FIRST)
    run(data, "note", "2026-01-02")
    rows = json.loads(said(data, "audit", "--json"))["accesses"][3:]
    assert [row["what"] for row in rows] == ["note", "note", "search"]
    assert rows[-1]["fields"] == [OTHER, SECOND], "a list that shows patients leaves a row"


@pytest.mark.parametrize(
    "command",
    [
        ("show", "{}"),
        ("note", "{}"),
        ("verify", "{}"),
        ("scrub", "{}"),
        ("claim", "new", "{}"),
        ("audit", "--session", "{}"),
        ("export", "{}", "--format", "text", "--out", "OUT"),
        ("hold", "{}", "--reason", "asked for"),
    ],
    ids=lambda command: command[0],
)
def test_every_command_that_asks_for_a_session_takes_its_names(
    data: RecordFolder, tmp_path: Path, command: tuple[str, ...]
) -> None:
    def told(name: str) -> str:
        place = str(tmp_path / f"{name}.txt")
        result = run(data, *(part.format(name).replace("OUT", place) for part in command))
        assert not isinstance(result.exception, RecordNotFound), result.exception
        return result.output

    assert SECOND in told("last TEST-1") or SECOND in said(data, "audit", "--session", SECOND)
    error = run(data, *(part.replace("{}", "TEST-1") for part in command)).exception
    assert isinstance(error, SessionAmbiguous)


def test_a_note_is_joined_and_parted_by_names(data: RecordFolder) -> None:
    third = "20260101T030000Z-c0ffee"
    recorded(data, third, began_ms=BEGAN_MS + 3 * HOUR_MS)
    said(data, "note", "0a1b2c", "--with", "c0ffee", "--by", "P. Jones")
    assert third in said(data, "note", FIRST)
    said(data, "note", "0a1b2c", "--without", "c0ffee", "--by", "P. Jones")
    assert third not in said(data, "note", FIRST)


# --- the list ---------------------------------------------------------------------------------


def test_the_list_tells_patient_minutes_note_and_claim(data: RecordFolder) -> None:
    lines = said(data, "sessions").splitlines()
    assert lines[1].startswith(
        f"{SECOND}  2026-01-02 00:00 UTC  TEST-1  2 min  completed  note draft  no claim exported  "
        f"unit {UNIT}  never verified here"
    )
    said(data, "note", SECOND, "--complete", "pain_before=6", "--by", "P. Jones")
    document = json.loads(said(data, "sessions", "--json"))
    second = document["sessions"][1]
    assert (second["patient_reference"], second["minutes"], second["note"]) == (
        "TEST-1",
        2,
        "draft",
    )


@pytest.mark.parametrize(("ready", "sent"), [(True, ["837p"]), (False, [])])
def test_the_list_tells_a_claim_that_left_and_none_that_was_not_ready(
    data: RecordFolder, ready: bool, sent: list[str]
) -> None:
    digests = dict.fromkeys(("digest", "note_digest", "context_digest"), "00" * 32)
    export = ClaimExport(format="837p", file="claim.txt", ready=ready, **digests)
    record_claim_export(data, author(data), export, session_id=SECOND, patient_key="")
    listed = json.loads(said(data, "sessions", "--json"))["sessions"]
    assert {one["session_id"]: one["claim_exported_as"] for one in listed} == {
        OTHER: [],
        SECOND: sent,
        FIRST: [],
    }
    assert ("claim exported as 837p" in said(data, "sessions")) is ready


def test_refused_tries_are_folded_unless_asked_for(data: RecordFolder) -> None:
    output = said(data, "sessions")
    assert TRY not in output
    assert "1 refused try is not listed; --refused lists it as well" in output
    assert TRY in said(data, "sessions", "--refused")
    assert TRY in said(data, "sessions", "--outcome", "refused")
    document = json.loads(said(data, "sessions", "--json"))
    assert document["left_out"] == {"older": 0, "orders": 0, "refused": 1}
    recorded(data, "s-9", began_ms=BEGAN_MS + 3 * DAY_MS, outcome="refused", held_ms=None)
    assert "2 refused tries are not listed" in said(data, "sessions")


def test_the_newest_are_listed_and_how_many_are_not(data: RecordFolder) -> None:
    output = said(data, "sessions", "--limit", "1")
    assert output.startswith(OTHER)
    assert "2 older ones are not listed; --limit 0 lists all" in output
    assert FIRST in said(data, "sessions", "--limit", "0")
    rows = json.loads(said(data, "audit", "--json"))["accesses"]
    assert [row["fields"] for row in rows] == [[OTHER], [OTHER, SECOND, FIRST]]

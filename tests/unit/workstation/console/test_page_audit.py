"""Whoever is shown a patient's data leaves a row in the audit first, on every page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import groupby

import pytest

from controller.errors import JournalUnavailable
from controller.events import EventKind, JsonValue
from controller.runtime.clock import VirtualClock
from records.accounts.rights import Right
from records.clinic.audit import accesses
from records.note.lifecycle import complete, sign
from records.standing.appointments import Appointment, write_days
from records.store.record_folder import RecordFolder
from tests.support.claims import FEES
from tests.support.console_bench import ConsoleBench, console_bench
from tests.support.console_routes import asked_path, every_route
from tests.support.console_visits import at_the_order
from tests.support.notes import (
    ALL_WORDS,
    BEGAN_MS,
    DAY_MS,
    UNIT,
    Happened,
    author,
    note_of,
    recorded,
)
from tests.support.pages import read, rows, sections
from tests.support.reception import CLINIC_OF_CLAIMS, DOSE, medicare_patient
from tests.support.sessions import SETTINGS
from tests.support.signed_in import ADA, NAMES, PAT, add_accounts
from tests.support.standing import example, keep
from workstation.console.page_rights import PAGE_RIGHTS
from workstation.console.units import KeptUnit
from workstation.station.line_trace import SUFFIX

NOW_MS = BEGAN_MS + DAY_MS
STREAM = "/events"
"""Never ends; it tells of units what the live view of an open session tells."""
OF_A_PATIENT = re.compile(
    rb"(?<!patients/)(?<!patients%2F)TEST-1|Doe|1960-01-31|31 Jan 1960|less arm pain"
)
"""Reference, but in the address that was asked for; name, birth date and a word of the note."""
ALARM: dict[str, JsonValue] = {"code": "cord_slack", "priority": "medium", "text": "cord is slack"}
ALARMED: Happened = [(5_000, EventKind.ALARM_RAISED, ALARM)]
CAPTURE = "traction-capture 1 2026-01-02T16:44:12.123Z 00 modbus-tcp://192.0.2.5:502?unit=1\n"
COMES = Appointment(
    time="10:00",
    table="Table 1",
    reference="TEST-1",
    last_name="Doe",
    first_name="Jane",
    birth_date=date(1960, 1, 31),
)
QUERIES = {"/patients": "?find=Do", "/sessions/{session_id}/replay/{replay_id}": "?from_ms=0"}
"""What an address is asked that without it shows nothing."""


def documented() -> dict[str, str]:
    """Address and row of each line of the page."""
    table = rows(sections(read("reference/console.md"))["Rows of the audit"])
    return {address: row.partition("`")[0] for address, row in table}


ROWS = documented()


@pytest.fixture
def bench(folder: RecordFolder) -> Iterator[ConsoleBench]:
    """The day after two sessions, one signed and one with an alarm; a patient is expected."""
    add_accounts(folder)
    keep(folder, example("clinic", **CLINIC_OF_CLAIMS, fee_table="fees.toml"))
    (folder.path / "fees.toml").write_text(FEES.replace("2026-", "2025-"), encoding="utf-8")
    keep(folder, example("unit", unit_id=UNIT))
    keep(folder, example("preset", dose=DOSE))
    keep(folder, medicare_patient("2025-12-20"))
    recorded(folder)
    recorded(folder, "s-2", reference="TEST-2", happened=ALARMED)
    by = author(folder)
    complete(folder, note_of(folder), {**ALL_WORDS, "performed_by": "Pat Jones, PT, DPT"}, by)
    sign(folder, note_of(folder), "PT", by)
    day = SETTINGS.day_at(NOW_MS)
    write_days(folder, by, {day: [COMES]}, file="day.csv", content=b"")
    with console_bench(folder, VirtualClock(utc_origin_ms=NOW_MS)) as opened:
        yield opened


@pytest.fixture
def names(bench: ConsoleBench) -> dict[str, str]:
    """What each parameter of an address stands for: everything is on file."""
    bench.sign_in(PAT)
    visit = at_the_order(bench).rpartition("/")[2]
    unit = bench.site.units["Table 1"]
    replay = re.search(r"/replay/([0-9a-f]+)", bench.page("/sessions/s-1/replay"))
    saved = re.search(r"/support/file/([0-9a-f]+)", bench.page("/support/file"))
    assert replay is not None
    assert saved is not None
    return {
        "name": unit.name,
        "reference": "TEST-1",
        "visit": visit,
        "session": "s-1",
        "session_id": "s-1",
        "format": "text",
        "number": "1",
        "file": _captured(unit),
        "file_id": saved[1],
        "replay_id": replay[1],
    }


def _captured(unit: KeptUnit) -> str:
    place = unit.place
    path = place.folder / f"{place.stem}-20260102T164412Z{SUFFIX}"
    path.write_text(CAPTURE, encoding="utf-8")
    return path.name


def looked_at() -> list[str]:
    return [path for method, path in every_route() if method == "GET" and path != STREAM]


def who_may_look(path: str) -> str:
    """The account of somebody who may look there."""
    return ADA if PAGE_RIGHTS[f"GET {path}"] is Right.AUDIT else PAT


def signed_in_for(bench: ConsoleBench, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each address, once whoever may look there has signed in; with that account."""
    for account, of_account in groupby(sorted(paths, key=who_may_look), key=who_may_look):
        bench.sign_in(account)
        for path in of_account:
            yield path, account


def test_every_page_that_shows_a_patient_has_its_row(
    bench: ConsoleBench, names: dict[str, str]
) -> None:
    found = {}
    for path, account in signed_in_for(bench, looked_at()):
        before = len(accesses(bench.site.folder))
        answer = bench.client.get(asked_path(path, names) + QUERIES.get(path, ""))
        assert answer.status_code in (200, 204, 303), (path, answer.text)
        kept = accesses(bench.site.folder)[before:]
        assert kept or not OF_A_PATIENT.search(answer.content), path
        for row in kept:
            assert (row.by, row.account) == (NAMES[account], account), path
        if kept:
            (found[path],) = {row.what for row in kept}
    assert found == ROWS


def test_no_page_shows_a_patient_whose_row_cannot_be_kept(
    bench: ConsoleBench, names: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise JournalUnavailable("clinic.db: database or disk is full")

    for path, _ in signed_in_for(bench, ROWS):
        with monkeypatch.context() as patch:
            patch.setattr("records.clinic.audit.append_entries", full)
            answer = bench.client.get(asked_path(path, names) + QUERIES.get(path, ""))
        assert not OF_A_PATIENT.search(answer.content), path
        assert "disk is full" in answer.text, path

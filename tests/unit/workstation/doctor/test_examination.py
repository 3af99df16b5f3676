"""The whole examination, as a console asks it and as somebody types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.errors import JournalCorrupt
from controller.runtime.clock import SystemClock
from records.store.record_folder import RecordFolder
from tests.support.commands import run
from tests.support.json_schemas import check_shape
from tests.support.notes import recorded
from workstation.doctor import examination, records_facts, system_facts
from workstation.doctor.examination import examine
from workstation.doctor.fact import FactState, WorkstationFact
from workstation.settings import Settings

NAMES = [
    "ports",
    "permissions",
    "clock",
    "disk",
    "real-time rights",
    "key",
    "backup",
    "backup proof",
    "database",
    "disk encryption",
    "loudspeaker",
    "sound heard",
    "certificate",
    "browser",
    "sleep",
    "system restarts",
]


def examined(folder: RecordFolder) -> tuple[WorkstationFact, ...]:
    return examine(folder, Settings(time_zone="UTC"), SystemClock().utc_ms())


def test_every_fact_is_told_of_an_empty_folder_and_of_one_with_records(tmp_path: Path) -> None:
    nothing, data = RecordFolder(tmp_path / "nothing"), RecordFolder(tmp_path / "data")
    assert [fact.name for fact in examined(nothing)] == NAMES
    assert not nothing.path.exists()
    recorded(data)
    found = {fact.name: fact.state for fact in examined(data)}
    assert list(found) == NAMES
    assert found["database"] is FactState.WELL
    assert found["sound heard"] is FactState.NOT_CHECKED


def test_a_look_that_fails_is_a_fact_and_the_others_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> WorkstationFact:
        raise OSError(5, "Input/output error")

    def altered(*_: object) -> WorkstationFact:
        raise JournalCorrupt("row 7 was altered")

    monkeypatch.setattr(records_facts, "disk", broken)
    monkeypatch.setattr(records_facts, "key", altered)
    found = {fact.name: fact for fact in examined(RecordFolder(tmp_path / "data"))}
    assert list(found) == NAMES
    assert found["disk"].state is FactState.NOT_CHECKED
    assert "Input/output error" in found["disk"].text
    assert (found["key"].state, found["key"].text) == (FactState.NOT_WELL, "row 7 was altered")


def test_the_command_ends_with_3_while_something_is_not_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(system_facts, "clock_is_kept", lambda: False)
    folder = RecordFolder(tmp_path / "data")
    result = run(folder, "doctor")
    assert result.exit_code == 3
    lines = result.output.splitlines()
    assert any(line.startswith("NOT WELL    clock: ") and " -> " in line for line in lines)
    assert lines[-1].endswith("not checked")
    facts = json.loads(run(folder, "doctor", "--json").stdout)
    assert check_shape(facts) == "doctor"
    assert facts["well"] is False
    assert [fact["name"] for fact in facts["facts"]] == NAMES


def test_the_command_ends_with_0_when_nothing_was_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fact = WorkstationFact(name="a", state=FactState.NOT_CHECKED, text="why", todo="look")
    monkeypatch.setattr(examination, "examine", lambda *_: (fact,))
    result = run(RecordFolder(tmp_path / "data"), "doctor")
    assert (result.exit_code, result.output) == (
        0,
        "NOT CHECKED a: why -> look\n0 well, 0 not well, 1 not checked\n",
    )

"""The how-to page of standing data, done line by line."""

from __future__ import annotations

from pathlib import Path

import pytest

from records.clinic.clinic_verify import verify_clinic
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from tests.support.page_commands import Command, steps
from tests.support.pages import read
from tests.unit.workstation.conftest import Traction


def test_the_page_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, traction: Traction
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRACTION_DATA", "records")
    done = 0
    for step in steps(read("how-to/keep-standing-data.md")):
        assert isinstance(step, Command)
        program, *words = step.words
        if program == "traction":
            status, printed = traction(*words)
            assert status == step.status, printed
            done += 1
    assert done == 13
    folder = RecordFolder(tmp_path / "records")
    held = read_standing(folder).patient("A-0815")
    assert held is not None
    assert (held.number, held.record.flags[0].ended is not None) == (4, True)
    assert "PROPOSED by preset Cervical usual, version 1" in (tmp_path / "order.toml").read_text()
    assert verify_clinic(folder).alterations == ()

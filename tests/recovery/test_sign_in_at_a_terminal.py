"""A PIN at a real terminal, hidden while typed: wrong once, then right."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from records.accounts.accounts import give_code
from records.store.record_folder import RecordFolder
from tests.support.notes import note_of, recorded
from tests.support.signed_in import ADA, PAT, PINS, add_accounts
from tests.support.terminals import Seated, Terminal, seated
from workstation.author_now import author_now

pytestmark = pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs POSIX pseudo-terminals")
NEW_PIN = "551903"


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    made = RecordFolder(tmp_path / "data")
    made.path.mkdir(mode=0o700)
    recorded(made)
    add_accounts(made, ADA, PAT)
    return made


def answer(program: Seated, question: str, typed: str) -> None:
    program.wait_for(question)
    assert isinstance(program.seat, Terminal)
    program.seat.type(typed.encode() + b"\n")


def test_a_pin_is_asked_for_and_never_shown(folder: RecordFolder) -> None:
    words = ["note", "last", "--complete", "tolerance=tolerated", "--data", str(folder.path)]
    for pin, status in (("640291", 2), (PINS[PAT], 0)):
        with seated(words, Terminal()) as program:
            answer(program, "Account: ", PAT)
            answer(program, "PIN: ", pin)
            ended, _ = program.end()
        assert ended == status
        assert pin not in program.seat.seen
    said = note_of(folder).field("tolerance")
    assert (said.value, said.attested_by) == ("tolerated", "Pat Jones")


def test_a_code_sets_a_pin_at_the_terminal(folder: RecordFolder) -> None:
    code = give_code(folder, author_now(folder, "X. Admin"), PAT, "forgotten")
    words = ["accounts", "pin", PAT, "--code", "--data", str(folder.path)]
    with seated(words, Terminal()) as program:
        answer(program, "One-time code: ", code)
        answer(program, "New PIN: ", NEW_PIN)
        answer(program, "New PIN once more: ", NEW_PIN)
        program.wait_for(f"the PIN of {PAT} is set")
        assert program.end()[0] == 0
    assert code not in program.seat.seen
    assert NEW_PIN not in program.seat.seen

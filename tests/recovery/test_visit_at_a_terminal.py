"""One visit at a real terminal on a unit of its own: killed in its session, and resumed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from controller.events import EventKind
from records.clinic.clinic_verify import verify_clinic
from records.evidence.reader import list_sessions
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from tests.support.real_time import run_first, simulated_unit
from tests.support.reception import medicare_patient, open_clinic
from tests.support.sessions import SETTINGS
from tests.support.standing import example, keep
from tests.support.terminals import CTRL_Z, Seated, Terminal, seated

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs POSIX pseudo-terminals"),
    pytest.mark.timeout(300),
]
DOSE = {
    "mode": "static",
    "hold_force": "30 N",
    "treatment_time": "1 min",
    "ramp_up": "10 N/s",
    "ramp_down": "20 N/s",
    "pretension_force": "0 N",
    "pretension_time": "0 s",
}
SCREEN_ITEMS = 11
IN_SESSION = (
    "weight test",
    "lift",
    "quick release",
    "call bell",
    "this the order",
    "clear of cord",
)
FINDINGS = (
    ("Symptoms today", "low back pain"),
    ("Why traction", "pain centralised with manual distraction"),
    ("Pain before", "6"),
)
NOTE = (
    ("Diagnosis: ", "M54.50"),
    ("Positioning: ", "supine"),
    ("Harness: ", "pelvic belt"),
    ("Angle of pull;", "20 deg"),
    ("Patient response;", "less pain"),
    ("Tolerance (", "1"),
    ("Pain after (0-10);", "3"),
    ("Comment on the stop;", "program was ended, then ended by hand"),
    ("Minutes of the visit", "0 10"),
    ("Plan for next visit;", "again in two days"),
    ("Notice of own cost;", "-"),
)


def clinic_at(folder: Path, address: str) -> RecordFolder:
    """The clinic's standing data, with this unit as its only table."""
    folder.mkdir(mode=0o700)
    records = RecordFolder(folder)
    open_clinic(records)
    keep(records, example("unit", address=address), made_from=1)
    preset = example("preset", name="Lumbar mild", region="lumbar", dose=DOSE)
    keep(records, preset)
    keep(records, medicare_patient("2026-01-05"))
    return records


def answer(running: Seated, seat: Terminal, question: str, text: str, times: int = 1) -> None:
    running.wait_for(question, times)
    seat.type(f"{text}\r".encode())


def up_to_the_hold(running: Seated, seat: Terminal) -> None:
    for question in IN_SESSION:
        answer(running, seat, question, "y")
    running.wait_for("holding")


def test_a_visit_killed_in_its_session_is_taken_up_and_signed(tmp_path: Path) -> None:
    data, documents = tmp_path / "data", tmp_path / "claims"
    options = ("--by", "PJ", "--data", str(data), "--out", str(documents))
    with simulated_unit("tcp", "--body", "lumbar_split") as (unit, uri):
        run_first(unit.process_id)
        records = clinic_at(data, uri)
        seat = Terminal(rows=40, columns=120)
        with seated(["visit", "TEST-1", *options], seat) as running:
            answer(running, seat, "Is it Doe, Jane?", "y")
            answer(running, seat, "Is it 1960-01-31?", "y")
            answer(running, seat, "Which preset?", "Lumbar mild")
            for number in range(SCREEN_ITEMS):
                answer(running, seat, "? [y/n]\r\n", "n", number + 1)
            answer(running, seat, "nothing changed", "")
            for question, text in FINDINGS:
                answer(running, seat, question, text)
            up_to_the_hold(running, seat)
            os.killpg(running.process.pid, signal.SIGKILL)
            running.process.wait()

        seat = Terminal(rows=40, columns=120)
        with seated(["visit", "--resume", *options], seat) as running:
            running.wait_for("left open by a program that ended")
            running.wait_for("closed as interrupted: session")
            answer(running, seat, "Treat again in this visit?", "y")
            answer(running, seat, "the session ended as interrupted at 30.0 N", "25 N")
            answer(running, seat, "nothing changed", "")
            for question, text in FINDINGS:
                answer(running, seat, question, text)
            answer(running, seat, "The unit latched a stop", "y")
            up_to_the_hold(running, seat)
            seat.type(CTRL_Z)
            running.wait_for("Ctrl-Z does not stop a session")
            running.process.send_signal(signal.SIGTERM)  # to the visit, not to its session
            answer(running, seat, "Treat again in this visit?", "n", 2)
            for question, text in NOTE:
                answer(running, seat, question, text)
            answer(running, seat, "type your name or initials", "pj")
            running.wait_for("signed by Pat Jones, PT, DPT")
            answer(running, seat, "Accept 97012:GP?", "y")
            running.wait_for("no claim was written")
            status, _ = running.end()

    assert status == 0, seat.seen
    assert "Traceback" not in seat.seen
    assert "\r\npj\r\n" in seat.seen, "what is typed can be seen, behind a session too"
    outcomes = [record.outcome for record in list_sessions(records)]
    assert sorted(outcomes) == ["interrupted", "stopped"]
    reasons = [
        str(event.detail["reason"])
        for record in list_sessions(records)
        for event in record.of_kind(EventKind.SESSION_ENDED)
    ]
    assert "operator stop (SIGTERM)" in reasons
    visit = load_visit(records, list_sessions(records)[0].head.session_id, SETTINGS)
    assert len(visit.note.sessions) == 2
    assert [version.by for version in visit.note.versions] == ["Pat Jones"]
    assert verify_clinic(records).alterations == ()

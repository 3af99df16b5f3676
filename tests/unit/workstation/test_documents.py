"""From a session on file to its documents; and the demo's acts in a shortened form."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from controller.errors import JournalUnavailable, RecordNotFound
from controller.events import Outcome
from controller.order.force_unit import ForceUnit
from controller.runtime.clock import SystemClock
from records.evidence.reader import list_sessions
from records.exports.formats import written
from records.store.record_folder import RecordFolder
from records.visit.load import load_visit
from tests.support.sessions import SETTINGS
from tests.support.short_demo import run_short_demo
from workstation.output import write_file


class Shown:
    """One run of the demo with short orders: what it printed, wrote and kept."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.data = folder, RecordFolder(folder / "data")
        self.began_ms = SystemClock().utc_ms()
        screen = io.StringIO()
        console = Console(file=screen, width=160)
        self.files = run_short_demo(console, folder, SETTINGS)
        self.screen = screen.getvalue()
        completed = {
            record.observed: record.head.session_id
            for record in list_sessions(self.data)
            if record.outcome == Outcome.COMPLETED
        }
        self.completed, self.observed = completed[False], completed[True]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    return Shown(tmp_path_factory.mktemp("demo"))


def test_the_demo_s_formats_have_their_content(shown: Shown) -> None:
    visit = load_visit(shown.data, shown.completed, SETTINGS)
    contents = {name: written(visit, name) for name in ("pdf", "text", "csv", "json")}
    assert contents["pdf"].startswith(b"%PDF")
    assert contents["csv"].count(b"\n") == 2
    assert json.loads(contents["json"])["session_id"] == shown.completed
    assert shown.completed in contents["text"].decode()
    assert visit.note_file == f"{shown.completed}.pdf"
    assert visit.note_file.encode() in contents["csv"]


def test_the_beginning_of_an_id_is_enough_and_another_one_is_not_found(
    shown: Shown,
) -> None:
    folder, session_id = shown.data, shown.completed
    assert load_visit(folder, session_id[:-1], SETTINGS).record.head.session_id == session_id
    with pytest.raises(RecordNotFound):
        load_visit(folder, "nothing-like-it", SETTINGS)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    assert write_file(tmp_path / "new" / "note.txt", b"x").read_bytes() == b"x"
    with pytest.raises(JournalUnavailable, match="choose another place with --out"):
        write_file(tmp_path / "new" / "note.txt" / "below.txt", b"x")


def test_the_demo_treats_writes_and_says_where(shown: Shown) -> None:
    assert sorted(path.name for path in shown.files) == sorted(
        f"{act}-{name}"
        for act in ("cervical", "lumbar", "observed")
        for name in ("note.pdf", "note.txt", "summary.txt", "charge.csv", "session.json")
    )
    assert all(path.stat().st_size > 100 for path in shown.files)
    for words in ("prescribed", "delivered", "completed", "patient switch pressed", "97012 x 1"):
        assert words in shown.screen
    assert "s to 3.4 lbf (15 N)" in (shown.folder / "lumbar-note.txt").read_text()


def test_the_demo_s_sessions_have_ended_when_they_can_be_read(shown: Shown) -> None:
    """Else nobody could sign their notes yet. They took place today, not long ago."""
    now_ms = SystemClock().utc_ms()
    for record in list_sessions(shown.data):
        note = load_visit(shown.data, record.head.session_id, SETTINGS).note
        assert note.ended_utc_ms is not None
        assert note.ended_utc_ms <= now_ms
        assert note.ended_utc_ms > shown.began_ms - 10 * 60_000


def test_the_third_session_was_observed_and_says_so(shown: Shown) -> None:
    note = (shown.folder / "observed-note.txt").read_text()
    assert "Observed: this program read an instrument beside the table and drove nothing." in note
    assert "SIMULATED" in note
    assert load_visit(shown.data, shown.observed, SETTINGS).charge().values["minutes"] == "1"


@pytest.fixture(scope="module")
def other_clinic(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The demo over lines of text, in a clinic that thinks in newtons: its folder and screen."""
    folder, screen = tmp_path_factory.mktemp("other"), io.StringIO()
    settings = SETTINGS.model_copy(update={"force_unit": ForceUnit.NEWTON})
    run_short_demo(Console(file=screen, width=160), folder, settings, cervical_wire="ascii")
    return folder, screen.getvalue()


def test_the_cervical_act_runs_over_lines_of_text_as_a_choice(
    other_clinic: tuple[Path, str],
) -> None:
    folder, screen = other_clinic
    assert "cervical over ASCII" in screen
    told = json.loads((folder / "cervical-session.json").read_text())
    assert told["outcome"] == "completed"
    note = (folder / "cervical-note.txt").read_text()
    assert "row 7 zero shifted" in " ".join(note.split())


def test_the_demo_s_screen_and_its_notes_are_led_by_the_clinic_s_unit(
    shown: Shown, other_clinic: tuple[Path, str]
) -> None:
    screens = {"lbf": shown.screen, "N": other_clinic[1]}
    assert "27.0 lbf (120.0 N) for 20 s" in " ".join(screens["lbf"].split())
    assert "120.0 N (27.0 lbf) for 20 s" in " ".join(screens["N"].split())
    assert "N (" not in screens["lbf"]
    assert "lbf (" not in screens["N"]
    notes = [(each / "lumbar-note.txt").read_text() for each in (shown.folder, other_clinic[0])]
    assert "27.0 lbf (120.0 N)" in notes[0]
    assert "120.0 N (27.0 lbf)" in notes[1]

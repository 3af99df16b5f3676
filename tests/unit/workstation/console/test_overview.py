"""The overview: what keeps a table from being ready, the day, what waits; nothing too often."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from controller.snapshot import Doing
from records.clinic.audit import accesses
from records.standing.appointments import Appointment, write_days
from records.store.record_folder import RecordFolder
from tests.support.console_bench import PERSON, ConsoleBench
from tests.support.standing import example, keep, patient, writer
from tests.unit.workstation.console.conftest import UNIT_ID
from workstation.console.due import due_on
from workstation.console.kept_board import SEEN_FOR_S, KeptExamination
from workstation.console.pages import sound
from workstation.doctor.fact import not_well, well
from workstation.sound.player_client import SoundState
from workstation.station.place import Held

COMES = Appointment(
    time="09:30",
    table="Table 1",
    reference="TEST-1",
    last_name="Doe",
    first_name="Jane",
    birth_date=date(1960, 1, 31),
)
NEW = replace(COMES, time="10:15", reference="NEW-9", last_name="Roe", first_name="Ann")


def expect(desk: ConsoleBench, *made: Appointment) -> None:
    day = desk.site.words.today()
    write_days(desk.site.folder, writer(), {day: made}, file="day.csv", content=b"")


def rows_of(folder: RecordFolder) -> list[str]:
    return [each.what for each in accesses(folder)]


def test_a_table_says_what_keeps_it_from_being_ready(
    bench: ConsoleBench, folder: RecordFolder
) -> None:
    page = bench.page("/")
    assert "Not ready for the next session:" in page
    assert "No instructions for the manual release are on file" in page
    assert "Nobody has said today whether the sound is heard." in page
    assert "No weight test on record" in page
    whole = {"unit_id": UNIT_ID, "manual_release": "Turn the red wheel."}
    keep(folder, example("unit", **whole), made_from=2)
    bench.sit_down()
    bench.post("/sound/without", reason="no loudspeaker today")
    page = bench.page("/")
    assert "Not ready for the next session:" not in page
    assert "Ready for the next session as far as the records tell" in page
    assert f"day without sound by {PERSON} (no loudspeaker today)" in page


def test_the_day_s_list_leads_to_patients_and_shows_initials_alone(bench: ConsoleBench) -> None:
    expect(bench, COMES, NEW)
    page = bench.page("/")
    assert "J.D. TEST-1" in page
    assert "Jane" not in page
    assert 'href="/patients/TEST-1?table=Table%201"' in page
    assert 'href="/patients/new?reference=NEW-9"' in page
    bench.sit_down()
    form = bench.page("/patients/new?reference=NEW-9")
    assert 'name="last_name" value="Roe"' in form


def test_who_looks_again_and_again_is_on_record_once(
    bench: ConsoleBench, folder: RecordFolder
) -> None:
    expect(bench, COMES)
    bench.sit_down()
    for _ in range(3):
        bench.page("/")
    assert rows_of(folder).count("overview") == 1
    bench.clock.sleep_until(bench.clock.now_s() + SEEN_FOR_S + 1.0)
    bench.page("/")
    assert rows_of(folder).count("overview") == 2


def test_a_change_is_seen_at_the_next_look_and_nothing_is_read_without_one(
    bench: ConsoleBench, folder: RecordFolder
) -> None:
    first = bench.site.board.now()
    assert bench.site.board.now() is first
    keep(folder, patient(reference="TEST-2"))
    assert bench.site.board.now() is not first


def test_an_altered_database_keeps_the_day_away_and_not_the_tables(
    bench: ConsoleBench, folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect(bench, COMES)
    folder.clinic_database.write_bytes(b"no database")
    page = bench.page("/")
    assert "The records of the day are not shown" in page
    assert "TEST-1" not in page
    assert '<p class="headline" data-is="headline">no treatment is open</p>' in page


def test_the_workstation_is_examined_beside_the_pages_and_never_in_a_session(
    bench: ConsoleBench, folder: RecordFolder
) -> None:
    facts = (well("disk", "100 GB free"), not_well("backup", "9 days old", "`traction backup`"))
    treating = True
    kept = KeptExamination(
        folder,
        bench.site.words,
        bench.clock,
        is_treating=lambda: treating,
        examine=lambda *_: facts,
    )
    kept.look()
    assert kept.newest is None
    treating = False
    kept.look()
    assert kept.newest is not None
    assert [each.name for each in kept.newest.not_well] == ["backup"]
    bench.site.examination.newest = kept.newest
    page = bench.page("/")
    assert "<b>backup:</b> 9 days old. What to do: &#34;backup&#34; at the command line" in page
    assert "100 GB free" not in page
    assert "as soon as nobody is treated" in page


def test_a_session_shows_whose_it_is_in_its_card(bench: ConsoleBench) -> None:
    bench.links["Table 1"].show(doing=Doing.SESSION, session_id="s-1", planned_s=600.0)
    page = bench.page("/")
    assert '<span class="number" data-is="left">10:00</span>' in page


@pytest.mark.parametrize(
    ("last_day", "words"),
    [
        ("2026-12-08", []),
        ("2026-12-07", ["Calibration due in 7 days, on 2026-12-07"]),
        ("2026-12-01", ["Calibration due in 1 day, on 2026-12-01"]),
        (
            "2026-11-29",
            ["Calibration was due on 2026-11-29: have it done before the next session"],
        ),
        ("never", []),
    ],
)
def test_what_runs_out_is_told_from_seven_days_before(last_day: str, words: list[str]) -> None:
    assert [*due_on("Calibration", last_day, date(2026, 11, 30), 7)] == words


def test_an_answer_to_no_sound_is_refused(bench: ConsoleBench, folder: RecordFolder) -> None:
    bench.sit_down()
    for fields in ({"heard": "yes", "played": "0" * 32}, {"heard": "maybe"}, {}):
        answer = bench.client.post("/sound/heard", data=fields)
        assert answer.status_code == 422
        assert "nothing was played for this answer" in answer.text
    assert bench.client.post("/sound/without", data={"reason": " "}).status_code == 422
    long = bench.client.post("/sound/without", data={"reason": "x" * 10_000})
    assert long.status_code == 422
    assert "sound not checked" in bench.page("/sound")


def test_what_was_heard_is_kept_with_the_loudspeaker(
    bench: ConsoleBench, folder: RecordFolder
) -> None:
    bench.sit_down()
    played = bench.site.played_sounds.keep("the USB loudspeaker")
    assert "played by the USB loudspeaker" in bench.page(f"/sound?played={played}")
    assert bench.post("/sound/heard", heard="no", played=played) == "/sound"
    assert "sound not heard" in bench.page("/sound")
    assert bench.post("/sound/heard", heard="yes", played=played) == "/"
    assert f"sound heard by {PERSON} (the USB loudspeaker)" in bench.page("/")


@pytest.mark.parametrize("sounds", [True, False])
def test_alarm_and_end_are_played_and_then_asked_about(
    bench: ConsoleBench, monkeypatch: pytest.MonkeyPatch, sounds: bool
) -> None:
    state = SoundState(sounds=sounds, text="the USB loudspeaker", played=2)
    monkeypatch.setattr(sound, "played_sounds", lambda clock: state)
    bench.sit_down()
    answer = bench.client.post("/sound/play")
    if sounds:
        assert answer.status_code == 303
        page = bench.page(answer.headers["location"])
        assert "Alarm and end were played by the USB loudspeaker. Did you hear them" in page
    else:
        assert answer.status_code == 422
        assert '<p class="fault" role="alert">the USB loudspeaker</p>' in answer.text
        assert "Did you hear them" not in answer.text


def test_nothing_is_examined_while_a_program_may_treat_unheard(bench: ConsoleBench) -> None:
    """A console that is started again in a treatment has heard nothing of it yet."""
    unit, link = bench.site.units["Table 1"], bench.links["Table 1"]
    newest, link.snapshot = link.snapshot, None
    lock = Held(unit.place.lock, "taken")
    assert bench.site.frames.may_be_treating
    link.snapshot = newest
    assert not bench.site.frames.may_be_treating
    link.snapshot = None
    lock.release()
    assert not bench.site.frames.may_be_treating

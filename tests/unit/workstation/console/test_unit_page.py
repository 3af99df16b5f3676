"""A unit's page at each stage: what stands on it, in which words, and what does not."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from controller.alarms import RaisedAlarm
from controller.questions import Question
from controller.snapshot import Doing, SettledCheck
from controller.telemetry import UnitState
from records.order.order_file import parse_order
from tests.support.console_bench import ConsoleBench, StandInLink
from tests.support.station_console import ORDER
from tests.support.unit_stages import (
    BELL,
    CHECKING,
    ENDED,
    HOLDING,
    LOCKED,
    SESSION,
    START,
    asked,
    confirmed,
)
from workstation.console.session_facts import SessionFacts
from workstation.station.place import Held

PAGE = "/units/Table%201"
FACTS = SessionFacts(
    session_id=SESSION,
    patient_key="ab",
    reference="TEST-1",
    initials="J.D.",
    order=parse_order(ORDER, "test").prescription,
)


@pytest.fixture
def link(bench: ConsoleBench) -> StandInLink:
    """Somebody sits there, and whose session it is was read."""
    bench.sit_down()
    bench.site.units["Table 1"].facts = FACTS
    return bench.links["Table 1"]


def text_of(page: str) -> str:
    """What people read, on one line."""
    main = page[page.index("<main>") : page.index("</main>")]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


def test_an_idle_table_says_so_and_offers_nothing(bench: ConsoleBench, link: StandInLink) -> None:
    page = bench.page(PAGE)
    assert "no treatment is open" in text_of(page)
    assert 'name="act"' not in page
    assert 'name="accepted"' not in page


def test_the_banner_says_whose_session_it_is(bench: ConsoleBench, link: StandInLink) -> None:
    link.show(**HOLDING)
    shown = text_of(bench.page(PAGE))
    assert "Patient J.D. TEST-1" in shown
    assert "Region lumbar" in shown
    assert "Ordered 6.7 lbf (30.0 N), at most 6.7 lbf" in shown
    assert "Time 1 min" in shown


def test_before_the_order_was_read_the_page_shows_figures(bench: ConsoleBench) -> None:
    bench.links["Table 1"].show(**HOLDING)
    shown = text_of(bench.page(PAGE))
    assert "The order of this session is being read." in shown
    assert "22.7 lbf" in shown


def test_one_question_at_a_time_and_the_start_comes_last(
    bench: ConsoleBench, link: StandInLink
) -> None:
    link.show(**CHECKING, questions=(LOCKED,))
    page = bench.page(PAGE)
    assert page.count('value="yes"') == 1
    assert "Start traction: not possible before every step above is done." in text_of(page)
    assert "Harness, position and line of pull are asked about after this" in text_of(page)
    link.settle(confirmed("lift_locked", "Pat Jones"))
    link.show(questions=(BELL,))
    shown = text_of(bench.page(PAGE))
    assert "Is the table's lift locked? Yes, Pat Jones." in shown
    assert shown.index("Is the table's lift locked?") < shown.index(BELL.text)
    link.show(questions=(START,))
    page = bench.page(PAGE)
    assert page.index(START.text) > page.index("presses the switch")
    assert '<button name="accepted" value="yes">Start traction</button>' in page


def test_the_press_test_shows_what_to_press(bench: ConsoleBench, link: StandInLink) -> None:
    link.show(**CHECKING)
    for name in ("lift_locked", "quick_release", "call_bell", "patient_and_order"):
        link.settle(confirmed(name, "Pat Jones"))
    page = bench.page(PAGE)
    assert '<svg class="switch"' in page
    assert "press the button on the switch and let it go" in text_of(page)
    link.settle(SettledCheck(name="press_test", state="passed", value="pressed and released"))
    link.show()
    page = bench.page(PAGE)
    assert '<svg class="switch"' not in page
    assert "lets it go. Seen." in text_of(page)


def test_a_press_that_was_not_seen_is_asked_about(bench: ConsoleBench, link: StandInLink) -> None:
    question = asked(Question.PRESS_TEST_NOT_SEEN, "The press was not seen. Go on?")
    link.show(**CHECKING, questions=(question,))
    page = bench.page(PAGE)
    assert "The press was not seen. Go on?" in text_of(page)
    assert 'value="press_test_not_seen"' in page


def test_a_question_that_nobody_foresaw_stands_first(
    bench: ConsoleBench, link: StandInLink
) -> None:
    question = asked(Question.CLOCK_IN_DOUBT, "The clock is in doubt. Go on?")
    link.show(**CHECKING, questions=(question,))
    shown = text_of(bench.page(PAGE))
    assert shown.index("The clock is in doubt.") < shown.index("lift locked")


def test_each_item_of_the_self_check_stands_there_with_what_to_do(
    bench: ConsoleBench, link: StandInLink
) -> None:
    link.show(**CHECKING)
    link.settle(SettledCheck(name="zero", state="passed", value="at most 0.4 N, with noise"))
    link.settle(
        SettledCheck(
            name="patient_switch",
            state="failed",
            value="absent",
            todo="patient switch absent: plug it in",
            refuses=True,
        )
    )
    shown = text_of(bench.page(PAGE))
    assert "zero : passed (at most 0.4 N, with noise)" in shown
    assert "patient switch: not passed: absent. What to do: patient switch absent" in shown


def test_a_refused_start_says_what_to_do_behind_its_end(
    bench: ConsoleBench, link: StandInLink
) -> None:
    link.show(**CHECKING)
    link.settle(
        SettledCheck(name="zero", state="failed", value="9 N", todo="free the cord", refuses=True)
    )
    link.say("session refused: self-check of zero failed: 9 N; free the cord")
    bench.site.units["Table 1"].keep()
    link.show(doing=Doing.IDLE, session_id="", phase="idle")
    shown = text_of(bench.page(PAGE))
    assert "Nobody was treated" in shown
    assert "session refused: self-check of zero failed" in shown
    assert "What to do: free the cord" in shown


def test_alarms_have_a_sign_a_word_a_time_and_their_acts(
    bench: ConsoleBench, link: StandInLink
) -> None:
    alarms = tuple(
        RaisedAlarm(code=code, number=number, utc_ms=1_795_615_402_000)
        for number, code in enumerate(("force_above_order", "harness_slipping", "check_in_due"), 1)
    )
    link.show(**HOLDING, alarms=alarms)
    page = bench.page(PAGE)
    shown = text_of(page)
    assert (
        "▲ HIGH at 2026-11-25 08:03:22: force stays above the order: look at patient and drive"
        in shown
    )
    assert "◆ MEDIUM at 2026-11-25 08:03:22: harness slips: tighten it" in shown
    assert "● LOW at 2026-11-25 08:03:22: 5 min without a check-in: look after the patient" in shown
    strip = page.partition('data-is="first_alarm">')[2].partition("<")[0]
    assert strip == "ALARM (high) force stays above the order (+2)", "one line, nothing cut"
    assert page.count('name="alarm"') == 3
    assert "Silence 120 s" in shown
    link.show(sound_paused_s=119.5)
    assert "No tones for 01:59" in text_of(bench.page(PAGE))


def test_the_end_says_what_happened_and_is_acknowledged_once(
    bench: ConsoleBench, link: StandInLink
) -> None:
    link.show(**HOLDING)
    link.show(phase="completed", message="treatment time reached", questions=(ENDED,))
    page = bench.page(PAGE)
    shown = text_of(page)
    assert "treatment time reached" in shown
    assert "Left of the treatment: 10:29" in shown
    assert shown.count("Acknowledge") == 1
    assert 'name="act" value="pause"' not in page
    bench.site.units["Table 1"].keep()
    link.say(f"session {SESSION}: completed (treatment time reached)")
    link.show(doing=Doing.IDLE, session_id="", phase="idle", questions=(), message="")
    page = bench.page(PAGE)
    assert f"/sessions/{SESSION}/note" in page
    assert "Completed: treatment time reached" in text_of(page)


def test_nothing_of_before_stands_there_as_if_it_were_now(
    bench: ConsoleBench, link: StandInLink
) -> None:
    link.show(**HOLDING)
    link.is_answering, link.silent_s = False, 7.0
    page = bench.page(PAGE)
    assert "101.0 N" not in page
    assert "22.7 lbf" not in page
    assert "Less is not possible: nothing is heard from the table." in text_of(page)


def test_a_silent_unit_names_its_session_and_no_figure(
    bench: ConsoleBench, link: StandInLink
) -> None:
    link.show(**HOLDING)
    link.is_answering, link.silent_s = False, 7.0
    lock = Held(bench.site.units["Table 1"].place.lock, "taken")
    shown = bench.site.frames.present().of("Table 1")
    lock.release()
    assert (shown.state, shown.session_id, shown.force) == ("silent", SESSION, "--")
    assert "NO LIVE DATA for 7 s" in shown.warning


def test_an_old_reading_is_no_figure(bench: ConsoleBench, link: StandInLink) -> None:
    """The unit is heard, its reading is of before: no force stands there, the ordered one does."""
    link.show(**{**HOLDING, "reading_age_s": 1.2})
    shown = bench.site.frames.present().of("Table 1")
    assert (shown.state, shown.force, shown.force_other, shown.second_force) == (
        "live",
        *3 * ("--",),
    )
    assert shown.force_n is None
    assert shown.target != "--"
    link.show(reading_age_s=0.02)
    shown = bench.site.frames.present().of("Table 1")
    assert (shown.force, shown.force_other) == ("22.7 lbf", "101.0 N")
    assert shown.second_force == "22.5 lbf"


def test_without_a_session_no_time_is_left(bench: ConsoleBench, link: StandInLink) -> None:
    link.show(doing=Doing.IDLE, session_id="", phase="idle", elapsed_s=0.0, planned_s=900.0)
    assert bench.site.frames.present().of("Table 1").left == "--"
    link.show(**HOLDING)
    assert bench.site.frames.present().of("Table 1").left != "--"


def test_the_end_of_a_pause_and_what_to_do_stand_beside_the_figures(
    bench: ConsoleBench, link: StandInLink
) -> None:
    words = "The pause ends in 05:56 with a release: resume before then."
    link.show(**HOLDING)
    page = bench.page(PAGE)
    assert "The pause ends" not in page
    assert 'data-is="cycle">3 of 11<' in page
    link.show(phase="paused", pause_left_s=356.9, hold_number=0)
    page = bench.page(PAGE)
    assert words in text_of(page)
    assert 'data-is="cycle"><' in page  # "0 of 11" would read as if no hold had begun
    assert words in text_of(bench.page("/"))


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        ({**HOLDING, "local_takeover": True}, "(local takeover): look at the patient, agree with"),
        ({**HOLDING, "unit_state": UnitState.LOCAL}, "(local takeover): look at the patient"),
        ({"local_takeover": True}, "(local takeover): nothing begins meanwhile, agree with"),
        ({"emergency_stop_open": True}, "The emergency stop is open: nothing begins before"),
    ],
)
def test_a_unit_that_does_not_follow_this_program_says_so(
    bench: ConsoleBench, link: StandInLink, shown: dict[str, Any], words: str
) -> None:
    link.show(**shown)
    assert words in text_of(bench.page(PAGE))
    assert words in text_of(bench.page("/"))
    link.is_answering, link.silent_s = False, 7.0
    assert words not in text_of(bench.page(PAGE))


def test_a_record_in_trouble_is_told(bench: ConsoleBench, link: StandInLink) -> None:
    link.show(**HOLDING, record_trouble="disk full")
    words = "Records go to the side file: check the disk before the next session."
    assert words in text_of(bench.page(PAGE))


def test_signed_out_only_what_leads_to_less_is_offered(bench: ConsoleBench) -> None:
    alarm = RaisedAlarm(code="harness_slipping", number=2, utc_ms=10_150)
    bench.links["Table 1"].show(**HOLDING, alarms=(alarm,))
    page = bench.page(PAGE)
    for act in ("less", "pause", "check_in", "remark", "end", "acknowledge", "silence"):
        assert f'name="act" value="{act}"' in page
    for act in ("more", "resume"):
        assert f'name="act" value="{act}"' not in page
    assert "say who sits here" in text_of(page)


def test_without_scripts_the_page_reads_itself_again_unless_it_is_held(
    bench: ConsoleBench, link: StandInLink
) -> None:
    page = bench.page(PAGE)
    assert '<meta http-equiv="refresh" content="2">' in page
    assert "Numbers are not live" in page
    assert "refresh" not in bench.page(f"{PAGE}?still=1")


def test_initials_stand_beside_the_stop_of_another_table_while_it_runs(
    bench: ConsoleBench, link: StandInLink
) -> None:
    link.show(**HOLDING)
    page = bench.page("/")
    assert '<span class="initials" data-is="initials">J.D.</span>' in page
    link.show(doing=Doing.IDLE, session_id="", phase="idle")
    assert "J.D." not in bench.page("/")


def test_the_chart_begins_with_what_was_kept(bench: ConsoleBench, link: StandInLink) -> None:
    unit = bench.site.units["Table 1"]
    link.show(**HOLDING, utc_ms=1000)
    unit.keep()
    link.show(utc_ms=1050, phase="paused")
    unit.keep()
    kept = bench.client.get(f"{PAGE}/chart").json()
    assert kept["points"][-2:] == [[1000, 101.0, 102.0], [1050, 101.0, 102.0]]
    assert kept["marks"] == [[1050, "pause", "paused"]]
    assert kept["tolerance"] == {"n": 10.0, "share": 0.1}


def test_a_table_that_is_none_is_no_page(bench: ConsoleBench) -> None:
    assert bench.client.get("/units/Table%209").status_code == 404
    assert bench.client.get("/units/%3Cscript%3E").status_code == 404
    assert "&lt;script" not in bench.client.get("/units/%3Cscript%3E").text

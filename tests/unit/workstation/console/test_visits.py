"""A visit through its pages, from the name to the checks: what is kept, and what is refused."""

from __future__ import annotations

import re
from html import unescape
from typing import NoReturn

import pytest

from records.clinic.paper_sheets import PaperSheet, keep_sheet
from records.clinic.visit_steps import steps_on_file
from records.standing.versions import read_standing
from tests.support.console_bench import ConsoleBench
from tests.support.console_visits import (
    FINDINGS,
    answers,
    at_the_order,
    begin,
    fields_of,
    identified,
    screened,
    with_dose,
)
from tests.support.notes import author, recorded
from tests.support.reception import (
    medicare_patient,
)
from tests.support.standing import FLAG, example, keep
from workstation.station.messages import Prepare

TICKED = re.compile(r"<input[^>]* checked")

# --- from the name to the checks ----------------------------------------------------------------


def test_a_visit_goes_from_the_name_to_the_checks(bench: ConsoleBench) -> None:
    bench.sit_down()
    visit = begin(bench)
    assert bench.client.get(visit).headers["location"] == f"{visit}/identify"
    assert "Doe, Jane" in bench.page(f"{visit}/identify")
    identified(bench, visit)
    assert bench.client.get(visit).headers["location"] == f"{visit}/dose"
    assert "Cervical mild" in bench.page(f"{visit}/dose")
    with_dose(bench, visit)
    assert bench.client.get(visit).headers["location"] == f"{visit}/screen"
    assert "Aneurysm?" in bench.page(f"{visit}/screen")
    screened(bench, visit)
    page = bench.page(f"{visit}/order")
    form = fields_of(page)
    assert form["hold_force"] == "60 N"
    assert form["unit"] == "Table 1"
    assert form["symptoms"] == form["rationale"] == form["pain_before"] == ""
    assert bench.post(f"{visit}/order/start", **{**form, **FINDINGS}) == "/units/Table%201"
    asked = bench.links["Table 1"].asked[-1]
    assert isinstance(asked, Prepare)
    assert asked.by == "Pat Jones"


def test_who_was_treated_today_under_a_similar_name_is_told(
    bench: ConsoleBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """References are enough for it: no record of the other patient is read."""
    bench.sit_down()
    similar = medicare_patient("2026-11-18", "TEST-2", last_name="Dow", first_name="Jane")
    keep(bench.site.folder, similar)
    alike = medicare_patient("2026-11-18", "TEST-3", last_name="Doe", first_name="John")
    keep(bench.site.folder, alike)
    now_ms = bench.clock.utc_ms()
    recorded(bench.site.folder, "s-2", reference="TEST-2", began_ms=now_ms)
    on_paper = PaperSheet(
        sheet_id="paper-0123456789ab",
        reference="TEST-3",
        began_utc_ms=now_ms,
        ended_utc_ms=now_ms,
        utc_offset_min=0,
        written_by="P. Jones",
        values={},
        words={},
    )
    keep_sheet(bench.site.folder, author(bench.site.folder), on_paper)
    visit = begin(bench)
    for reader in ("load_visit", "load_paper"):
        monkeypatch.setattr(f"records.visit.worklist.{reader}", _read_nothing)
    page = bench.page(f"{visit}/identify")
    assert "similar name today: Dow, Jane (patient TEST-2), treated today" in page
    assert "similar name today: Doe, John (patient TEST-3), treated today" in page


def _read_nothing(*_arguments: object) -> NoReturn:
    raise AssertionError("a visit was read")


def test_nothing_of_a_patient_is_shown_before_somebody_has_said_a_name(bench: ConsoleBench) -> None:
    visit = begin(bench)
    for step in ("", "/identify", "/dose", "/screen", "/order"):
        answer = bench.client.get(visit + step)
        assert answer.headers["location"] == f"/person?back={visit}{step}"
    bench.sit_down()
    assert "Doe, Jane" in bench.page(f"{visit}/identify")


def test_a_later_step_leads_back_to_the_first_that_is_not_done(bench: ConsoleBench) -> None:
    bench.sit_down()
    visit = begin(bench)
    for step in ("order", "screen"):
        assert bench.client.get(f"{visit}/{step}").headers["location"] == visit
    form = {"request": "abc", "hold_force": "60 N"}
    assert bench.post(f"{visit}/order/start", **form) == visit
    assert bench.links["Table 1"].asked == []


def test_a_double_click_begins_one_visit(bench: ConsoleBench) -> None:
    bench.sit_down()
    assert begin(bench) == begin(bench)


def test_whoever_is_not_on_file_is_named_as_that(bench: ConsoleBench) -> None:
    bench.sit_down()
    answer = bench.client.post("/visits", data={"reference": "TEST-9"})
    assert answer.status_code == 404
    assert "patient TEST-9 is not on file" in answer.text


@pytest.mark.parametrize("reference", ["", "x" * 10_000, "<script>alert(1)</script>", "a\u202eb"])
def test_a_reference_that_is_none_begins_nothing(bench: ConsoleBench, reference: str) -> None:
    bench.sit_down()
    answer = bench.client.post("/visits", data={"reference": reference})
    assert answer.status_code in (404, 409, 422)
    assert "<script>alert" not in answer.text
    assert "\u202e" not in answer.text.split('<input type="hidden"')[0]
    assert len(answer.text.split('<input type="hidden"')[0]) < 9_000


@pytest.mark.parametrize("visit", ["visit-nobody", "x", "visit-<b>", "..%2f", "v" * 10_000])
def test_a_visit_that_is_none_is_said_to_be_none(bench: ConsoleBench, visit: str) -> None:
    bench.sit_down()
    assert bench.client.get(f"/visits/{visit}/order").status_code == 404


def test_two_visits_side_by_side_never_mix(bench: ConsoleBench) -> None:
    keep(bench.site.folder, medicare_patient("2026-11-18", reference="TEST-2", last_name="Poe"))
    bench.sit_down()
    one, two = at_the_order(bench), begin(bench, "TEST-2")
    identified(bench, two)
    with_dose(bench, two)
    screened(bench, two)
    form = fields_of(bench.page(f"{one}/order"))
    bench.post(f"{two}/order/check", **{**fields_of(bench.page(f"{two}/order")), "symptoms": "two"})
    bench.post(f"{one}/order/check", **{**form, "symptoms": "one"})
    assert fields_of(bench.page(f"{one}/order"))["symptoms"] == "one"
    page = bench.page(f"{two}/order")
    assert fields_of(page)["symptoms"] == "two"
    assert "Poe, " in page
    assert "Doe, Jane" not in page


def test_a_second_visit_of_a_day_is_asked_about(bench: ConsoleBench) -> None:
    bench.sit_down()
    first = at_the_order(bench)
    answer = bench.client.post("/visits", data={"reference": "TEST-1"})
    assert answer.status_code == 200
    assert "has a visit today" in answer.text
    assert f'href="{first}"' in answer.text
    assert bench.client.get("/sessions/none/visit").headers["location"] == "/sessions/none/note"
    again = answer.text.split('name="again" value="')[1].split('"')[0]
    second = begin(bench, again=again)
    assert second != first
    assert begin(bench, again=again) == second


# --- who lies there -----------------------------------------------------------------------------


@pytest.mark.parametrize("ticked", [{}, {"name": "1"}, {"birth_date": "1"}])
def test_both_are_compared_or_nothing_is_on_record(
    bench: ConsoleBench, ticked: dict[str, str]
) -> None:
    bench.sit_down()
    visit = begin(bench)
    answer = bench.client.post(f"{visit}/identify", data={"way": "compared", **ticked})
    assert answer.status_code == 422
    assert "is not ticked" in answer.text
    assert steps_on_file(bench.site.folder).steps == ()


def test_a_comparison_that_is_left_out_has_a_reason(bench: ConsoleBench) -> None:
    bench.sit_down()
    visit = begin(bench)
    for reason, words in (("", "reason is empty"), ("x" * 10_000, "has 10000 characters")):
        data = {"way": "left_out", "reason": reason}
        answer = bench.client.post(f"{visit}/identify", data=data)
        assert answer.status_code == 422
        assert words in answer.text
        assert f'value="{reason}"' in answer.text
    bench.post(f"{visit}/identify", way="left_out", reason="cannot speak, wristband read")
    (step,) = steps_on_file(bench.site.folder).steps
    assert step.said == (("name and birth date", "cannot speak, wristband read"),)


def test_another_patient_ends_the_visit_before_it_began(bench: ConsoleBench) -> None:
    bench.sit_down()
    visit = begin(bench)
    assert bench.post(f"{visit}/identify", way="another") == "/visits/ended"
    assert "Nothing was begun" in bench.page("/visits/ended")
    assert bench.client.get(visit).status_code == 404
    assert steps_on_file(bench.site.folder).steps == ()


def test_a_reload_of_the_comparison_keeps_one_step(bench: ConsoleBench) -> None:
    bench.sit_down()
    visit = begin(bench)
    identified(bench, visit)
    identified(bench, visit)
    assert len(steps_on_file(bench.site.folder).steps) == 1


# --- flags and screen ---------------------------------------------------------------------------


def test_flags_stand_above_every_page_and_refuse(bench: ConsoleBench) -> None:
    refuses = {**FLAG, "do_not_treat": True, "region": "cervical"}
    flagged = medicare_patient("2026-11-18", flags=[refuses])
    keep(bench.site.folder, flagged, made_from=1, by=str(FLAG["by"]))
    bench.sit_down()
    visit = at_the_order(bench)
    for step in ("identify", "dose", "order"):
        assert "LASTING FLAG 1: DO NOT TREAT" in bench.page(f"{visit}/{step}")
    form = fields_of(bench.page(f"{visit}/order"))
    answer = bench.client.post(f"{visit}/order/start", data={**form, **FINDINGS})
    assert answer.status_code == 422
    assert "refuses this treatment" in answer.text
    assert bench.links["Table 1"].asked == []


def test_each_item_is_answered_and_what_was_answered_is_kept(bench: ConsoleBench) -> None:
    bench.sit_down()
    visit = begin(bench)
    identified(bench, visit)
    with_dose(bench, visit)
    page = bench.page(f"{visit}/screen")
    assert TICKED.findall(page) == []
    assert "Rheumatoid arthritis with a lax C1-C2?" in page
    said = answers()
    del said["answer aneurysm"]
    answer = bench.client.post(f"{visit}/screen", data=said)
    assert answer.status_code == 422
    assert "aneurysm is not answered; ask it and tick yes or no" in answer.text
    assert len(TICKED.findall(answer.text)) == len(said)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"answer aneurysm": "yes"}, "say in words what was found"),
        ({"finding aneurysm": "since May"}, "ticked as not present, and a finding is written"),
        ({"answer aneurysm": "yes", "finding aneurysm": "no"}, "says nothing of it"),
        ({"answer aneurysm": "yes", "finding aneurysm": "x" * 10_000}, "has 10000 characters"),
        ({"answer aneurysm": "maybe"}, "aneurysm is not answered"),
    ],
)
def test_a_finding_is_said_in_words(bench: ConsoleBench, said: dict[str, str], words: str) -> None:
    bench.sit_down()
    visit = begin(bench)
    identified(bench, visit)
    with_dose(bench, visit)
    answer = bench.client.post(f"{visit}/screen", data={**answers(), **said})
    assert answer.status_code == 422
    assert words in unescape(answer.text)


def test_a_finding_needs_a_yes_to_the_treatment(bench: ConsoleBench) -> None:
    bench.sit_down()
    visit = begin(bench)
    identified(bench, visit)
    with_dose(bench, visit)
    said = {**answers(), "answer aneurysm": "yes", "finding aneurysm": "small, physician asked"}
    answer = bench.client.post(f"{visit}/screen", data=said)
    assert answer.status_code == 422
    assert "Go on with this treatment?" in answer.text
    bench.post(f"{visit}/screen", **said, go_on="aneurysm: small, physician asked")
    assert dict(steps_on_file(bench.site.folder).steps[-1].said)["aneurysm"] == (
        "small, physician asked"
    )


def test_another_region_is_screened_for_what_was_not_asked(bench: ConsoleBench) -> None:
    lumbar = example("preset", name="Lumbar mild", region="lumbar", dose=LUMBAR)
    keep(bench.site.folder, lumbar)
    bench.sit_down()
    visit = begin(bench)
    identified(bench, visit)
    with_dose(bench, visit, "preset Lumbar mild")
    bench.post(f"{visit}/screen", **answers())
    with_dose(bench, visit)
    assert bench.client.get(visit).headers["location"] == f"{visit}/screen"
    page = bench.page(f"{visit}/screen")
    assert page.count("<fieldset>") == 2
    assert "Jaw complaints (halter)?" in page


LUMBAR = {
    "mode": "static",
    "hold_force": "150 N",
    "maximum_force": "180 N",
    "treatment_time": "1 min",
}


# --- the dose -----------------------------------------------------------------------------------


def test_a_preset_that_came_with_the_program_becomes_the_clinic_s_by_a_name(
    bench: ConsoleBench,
) -> None:
    bench.sit_down()
    visit = begin(bench)
    identified(bench, visit)
    assert "comes with the program, not taken over yet" in bench.page(f"{visit}/dose")
    with_dose(bench, visit, "shipped Cervical usual")
    preset = read_standing(bench.site.folder).preset("Cervical usual")
    assert preset.by == "Pat Jones"
    screened(bench, visit)
    assert fields_of(bench.page(f"{visit}/order"))["hold_force"] == "23 lbf"


@pytest.mark.parametrize("basis", ["", "last", "preset nothing", "shipped nothing", "<b>"])
def test_no_dose_is_none(bench: ConsoleBench, basis: str) -> None:
    bench.sit_down()
    visit = begin(bench)
    identified(bench, visit)
    answer = bench.client.post(f"{visit}/dose", data={"basis": basis})
    assert answer.status_code in (404, 422)
    assert bench.client.get(visit).headers["location"] == f"{visit}/dose"


def test_steps_of_yesterday_are_of_yesterday(bench: ConsoleBench) -> None:
    bench.sit_down()
    visit = at_the_order(bench)
    form = fields_of(bench.page(f"{visit}/order"))
    bench.clock.sleep_until(bench.clock.now_s() + 86_400)
    bench.sit_down()
    bench.sit_down()
    for answer in (
        bench.client.get(f"{visit}/order"),
        bench.client.post(f"{visit}/order/start", data={**form, **FINDINGS}),
    ):
        assert answer.status_code == 409
        assert "identity and screening are valid only on that day" in answer.text

"""The order page: what is typed is kept and checked while it is typed, and bad input is refused."""

from __future__ import annotations

import json

import pytest

from tests.support.console_bench import ConsoleBench, console_bench
from tests.support.console_visits import at_the_order, check, fields_of, filed, sent
from tests.support.standing import example, keep
from workstation.session.filing import read_filed

LONG = "x" * 10_000
SCRIPT = "<script>alert(1)</script>"
TURNED = "abc\u202egpj.exe"


# --- what is typed, and what stands beside it ---------------------------------------------------


def test_a_force_stands_in_every_unit_and_as_it_was_typed(bench: ConsoleBench, order: str) -> None:
    facts = check(bench, order, hold_force="15 lb", maximum_force="40.9 lbf")
    assert facts["readings"]["hold_force"] == "15.0 lbf = 66.7 N = 6.8 kgf"
    assert fields_of(bench.page(f"{order}/order"))["hold_force"] == "15 lb"
    assert facts["mistakes"] == {}


def test_the_limits_beside_a_field_follow_the_hold_force(bench: ConsoleBench, order: str) -> None:
    facts = check(bench, order, hold_force="60 N")
    assert facts["limits"]["hold_force"] == "2.3 to 44.9 lbf (10 to 200 N); cervical region"
    assert facts["limits"]["rest_force"] == "0.0 to 11.2 lbf (0 to 50 N)"
    assert facts["limits"]["maximum_force"] == "13.5 to 44.9 lbf (60 to 200 N); cervical region"


def test_the_narrowest_limit_says_whose_it_is(bench: ConsoleBench, order: str) -> None:
    keep(bench.site.folder, example("unit", unit_id="0" * 16, force_limit="90 N"), made_from=2)
    facts = check(bench, order)
    assert facts["limits"]["hold_force"] == "2.3 to 20.2 lbf (10 to 90 N); limit of Table 1"
    refused = check(bench, order, maximum_force="95 N")
    assert (
        "maximum_force=21.4 lbf (95 N) exceeds 20.2 lbf (90 N)"
        in refused["mistakes"]["maximum_force"][0]
    )


WRONG = [
    ("hold_force", "45", 'hold_force="45" has no unit: the unit is missing'),
    ("hold_force", "20,5 lbf", 'write "20.5 lbf" (a point, no comma)'),
    ("hold_force", "200.2 N", "is outside 2.3 to 44.9 lbf (10 to 200 N)"),
    ("hold_force", "9 N", "is outside 2.3 to 44.9 lbf (10 to 200 N)"),
    ("hold_force", "", "Hold force is missing"),
    ("maximum_force", "200.1 N", "maximum_force"),
    ("rest_force", "5 N", "belongs to intermittent and cyclic treatments"),
    ("pretension_force", "50.1 N", "is outside 0.0 to 11.2 lbf (0 to 50 N)"),
    ("treatment_time", "100 min", "is outside"),
    ("treatment_time", "", "Treatment time is missing"),
    ("mode", "", "Mode is missing"),
    ("progressive_steps", "1.5", "must be a whole number"),
    ("body_mass", "351 kg", "is outside"),
    ("table", "split", "does not belong to the cervical region"),
    ("diagnosis", "neck", "does not have the shape of an ICD-10-CM code"),
    ("pain_before", "11", "is not a whole number from 0 to 10"),
    ("symptoms", LONG, "has 10000 characters, at most 2000"),
    ("hold_force", LONG, "is not a number with a unit"),
    ("rationale", TURNED, "a mark that turns the direction of text"),
    ("performed_by", LONG, "has 10000 characters, at most 100"),
    ("set_up_by", TURNED, "a mark that turns the direction of text"),
]


@pytest.mark.parametrize(("field", "typed", "words"), WRONG)
def test_what_is_wrong_is_said_beside_its_field_and_kept(
    bench: ConsoleBench, order: str, field: str, typed: str, words: str
) -> None:
    facts = check(bench, order, **{field: typed})
    assert words in " ".join(facts["mistakes"][field])
    answer = sent(bench, order, **{field: typed})
    assert answer.status_code == 422
    assert "Not filed yet" in answer.text
    assert fields_of(answer.text).get(field, "") == typed
    assert bench.links["Table 1"].asked == []


@pytest.mark.parametrize("typed", [TURNED, LONG])
def test_a_mistake_repeats_no_hidden_character_and_is_short(
    bench: ConsoleBench, order: str, typed: str
) -> None:
    for field in ("pain_before", "hold_force", "unit", "mode", "table"):
        facts = check(bench, order, **{field: typed})
        told = json.dumps(facts["mistakes"], ensure_ascii=False)
        assert "\u202e" not in told
        assert len(told) < 2_000


@pytest.mark.parametrize("field", ["symptoms", "harness", "hold_force", "unit", "pain_before"])
def test_a_script_is_text(bench: ConsoleBench, order: str, field: str) -> None:
    answer = sent(bench, order, **{field: SCRIPT})
    assert SCRIPT not in answer.text
    assert SCRIPT not in bench.page(f"{order}/order")


def test_fields_that_are_none_of_the_form_are_left_out(bench: ConsoleBench, order: str) -> None:
    answer = sent(bench, order, region="lumbar", screening="nobody asked", patient_reference="X")
    assert answer.status_code == 303
    planned, _ = read_filed(bench.site.workplace(), filed(bench))
    assert planned.order.prescription.region.value == "cervical"
    assert planned.order.patient_reference == "TEST-1"
    assert planned.order.screening.endswith("asked by Pat Jones, PT, DPT")


def test_without_a_script_the_check_is_a_button(bench: ConsoleBench, order: str) -> None:
    form = fields_of(bench.page(f"{order}/order"))
    way = bench.post(f"{order}/order/check", **{**form, "hold_force": "45"})
    assert way == f"{order}/order"
    assert "has no unit: the unit is missing" in bench.page(way)


def test_the_check_says_what_order_check_says(bench: ConsoleBench, order: str) -> None:
    facts = check(bench, order, mode="intermittent", hold_time="60 s", rest_time="20 s")
    assert "cervical, intermittent: hold 13.5 lbf (60.0 N) for 60 s" in facts["plan"]
    assert "total" in facts["plan"]
    assert facts["plot"].startswith("<svg")
    assert "at most 18.0 lbf" in facts["plot"]


def test_what_is_typed_survives_a_restart_and_the_loss_of_the_name(
    bench: ConsoleBench, order: str
) -> None:
    check(bench, order, hold_force="17 lbf", symptoms="left arm pain")
    bench.client.cookies.clear()
    with console_bench(bench.site.folder, bench.clock) as again:
        form = {"hold_force": "18 lbf", "symptoms": "left arm pain, worse"}
        assert again.post(f"{order}/order/start", **form).startswith("/person?back=")
        again.sit_down()
        kept = fields_of(again.page(f"{order}/order"))
    assert kept["hold_force"] == "18 lbf"
    assert kept["symptoms"] == "left arm pain, worse"


# --- second looks, proposals, tables ------------------------------------------------------------


def test_a_soft_limit_names_its_rule_and_is_confirmed_by_its_own_sentence(
    bench: ConsoleBench, order: str
) -> None:
    answer = sent(bench, order, maximum_force="110 N")
    assert answer.status_code == 422
    assert (
        "above the confirmation limit of 23.0 lbf (102.3 N) for the cervical region" in answer.text
    )
    name = "confirmed_force_above_soft_limit"
    (value, _) = check(bench, order, maximum_force="110 N")["second_looks"][name]
    of_another = value.replace("110 N", "105 N")
    assert sent(bench, order, maximum_force="110 N", **{name: of_another}).status_code == 422
    assert sent(bench, order, maximum_force="110 N", **{name: value}).status_code == 303


def test_a_word_on_file_is_taken_over_by_a_tick_only(bench: ConsoleBench, order: str) -> None:
    assert sent(bench, order, same_harness="1").status_code == 303
    planned, _ = read_filed(bench.site.workplace(), filed(bench))
    assert planned.order.harness == "two-piece head halter"
    assert planned.order.positioning == ""
    assert planned.order.diagnosis == ()


def test_a_tick_and_other_words_contradict_each_other(bench: ConsoleBench, order: str) -> None:
    answer = sent(bench, order, same_harness="1", harness="pelvic belt")
    assert answer.status_code == 422
    assert "ticked as last time and also entered" in answer.text


def test_the_only_table_that_treats_the_region_is_chosen(bench: ConsoleBench) -> None:
    lumbar = {"unit_id": "1" * 16, "address": "x", "regions": ["lumbar"]}
    keep(bench.site.folder, example("unit", name="Table 2", **lumbar))
    bench.sit_down()
    visit = at_the_order(bench)
    assert fields_of(bench.page(f"{visit}/order"))["unit"] == "Table 1"


def test_no_table_is_chosen_by_the_program_where_there_are_two(bench: ConsoleBench) -> None:
    keep(bench.site.folder, example("unit", name="Table 2", unit_id="1" * 16, address="x"))
    bench.sit_down()
    visit = at_the_order(bench)
    page = bench.page(f"{visit}/order")
    assert "unit" not in fields_of(page)
    assert "<b>Table 2</b>: no program" in page
    assert "no table is chosen" in sent(bench, visit).text
    answer = sent(bench, visit, unit="Table 2")
    assert answer.status_code == 409
    assert "no program answers for Table 2" in answer.text

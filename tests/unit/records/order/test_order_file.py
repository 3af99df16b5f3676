"""The order file: modes and steps are read, and every refusal names key, value and next step."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import PrescriptionInvalid
from controller.order.prescription import Mode, Region
from records.order.order_file import ORDER_KEYS, parse_order, read_order
from records.order.planned_order import PlannedOrder
from workstation.texts.order_template import order_template

INTERMITTENT = """
region = "cervical"
mode = "intermittent"
hold_force = "102 N"
rest_force = "51 N"
hold_time = "60 s"
rest_time = "20 s"
treatment_time = "15 min"
"""
STATIC = """
region = "lumbar"
mode = "static"
hold_force = "200 N"
treatment_time = "10 min"
"""


@pytest.mark.parametrize("region", list(Region))
def test_the_template_is_valid_as_it_stands_and_shows_every_key(region: Region) -> None:
    text = order_template(region)
    order = parse_order(text, "template").prescription
    assert (order.region, order.mode) == (region, Mode.INTERMITTENT)
    shown = set(re.findall(r"^(?:# )?(\w+) = ", text, re.MULTILINE))
    assert shown == set(ORDER_KEYS)


@pytest.mark.parametrize("mode", [Mode.INTERMITTENT, Mode.CYCLIC])
def test_modes_with_two_forces_take_steps_of_hold_and_rest(mode: Mode) -> None:
    text = INTERMITTENT.replace("intermittent", mode.value) + "progressive_steps = 3\n"
    order = parse_order(text, "o").prescription
    assert (order.mode, order.progressive_steps, order.traction_s) == (mode, 3, 900.0 + 240.0)


def test_static_steps_take_their_own_time() -> None:
    order = parse_order(STATIC + 'regressive_steps = 2\nstep_time = "90 s"\n', "o").prescription
    assert (order.regressive_steps, order.step_s, order.traction_s) == (2, 90.0, 780.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (INTERMITTENT + "progressive_steps = 10", "progressive_steps=10 steps is outside 0 to 9"),
        (INTERMITTENT + 'progressive_steps = "3"', "progressive_steps='3' must be a whole number"),
        (INTERMITTENT + 'step_time = "60 s"', 'step_time="60 s" belongs to the steps of a static'),
        (STATIC + "progressive_steps = 1", "key step_time is missing; add it: 1 to 600 s"),
        (
            INTERMITTENT.replace("15 min", "95 min") + "regressive_steps = 9",
            "together exceed 99 min",
        ),
        (INTERMITTENT.replace("intermittent", "pulsed"), "static, intermittent, cyclic"),
        (INTERMITTENT + "progresive_steps = 1", "did you mean progressive_steps?"),
    ],
)
def test_refusals_name_key_value_and_limit(text: str, said: str) -> None:
    with pytest.raises(PrescriptionInvalid) as refused:
        parse_order(text, "visit.toml")
    assert refused.value.message.startswith("order visit.toml: ")
    assert said in refused.value.message


MANY_MISTAKES = """
region = "Cervical"
mode = "intermittent"
hold_force = 11,5 lbf
rest_forc = "3 lb"
hold_time = "60 seconds"
rest_time = "20"
treatment_time = "15 minutes"
progressive_steps = 10
diagnosis = ["M542"]
"""


def test_all_mistakes_are_named_at_once_each_with_its_repair() -> None:
    with pytest.raises(PrescriptionInvalid) as refused:
        parse_order(MANY_MISTAKES, "visit.toml")
    assert len(refused.value.mistakes) == 9
    for said in (
        'line 4, hold_force = 11,5 lbf: a value stands in quotes; write hold_force = "11,5 lbf"',
        'hold_force="11,5 lbf" has a comma; write "11.5 lbf" (a point, no comma)',
        'region="Cervical" is not one of cervical, lumbar; write "cervical"',
        "key rest_forc is not known; did you mean rest_force?",
        """hold_time="60 seconds" has a unit that is not known, 'seconds'; write "60 s\"""",
        'rest_time="20" has no unit: the unit is missing; write "20 s" or "20 min"',
        """treatment_time="15 minutes" has a unit that is not known, 'minutes'; write "15 min\"""",
        "progressive_steps=10 steps is outside 0 to 9",
        'diagnosis="M542" does not have the shape',
    ):
        assert sum(one.startswith(said) for one in refused.value.mistakes) == 1, said
        assert said in refused.value.message


def test_every_repair_that_is_shown_makes_the_order_valid() -> None:
    repaired = (
        MANY_MISTAKES.replace('"Cervical"', '"cervical"')
        .replace("11,5 lbf", '"11.5 lbf"')
        .replace("rest_forc ", "rest_force ")
        .replace("60 seconds", "60 s")
        .replace('"20"', '"20 s"')
        .replace("15 minutes", "15 min")
        .replace("= 10", "= 1")
        .replace("M542", "M54.2")
    )
    assert parse_order(repaired, "visit.toml").prescription.hold_force_n == 51.2


@pytest.mark.parametrize("key", ["region", "mode", "hold_force", "rest_force", "ramp_up"])
def test_a_rule_over_a_key_that_cannot_be_read_is_not_judged(key: str) -> None:
    """What the program put in its place would be wrong in a sentence of its own."""
    text = f'ramp_up = "10 N/s"\n{INTERMITTENT}'
    broken = re.sub(rf'^{key} = ".*"$', f'{key} = "?"', text, flags=re.MULTILINE)
    with pytest.raises(PrescriptionInvalid) as refused:
        parse_order(broken, "visit.toml")
    assert [one.partition("=")[0] for one in refused.value.mistakes] == [key]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("102 N", "50 lbf", 'hold_force="50 lbf" (222.4 N) is outside 2.3 to 44.9 lbf (10 to 200'),
        ("102 N", "50 lb", 'hold_force="50 lb" (222.4 N) is outside 2.3 to 44.9 lb (10 to 200 N'),
        ("102 N", "21 kg", 'hold_force="21 kg" (205.9 N) is outside 1.1 to 20.3 kg (10 to 200 N'),
        ("102 N", "250 N", 'hold_force="250 N" is outside 10 to 200 N (cervical region); correct'),
        ("15 min", "120 min", 'treatment_time="120 min" (7200 s) is outside 1 to 99 min (60 to'),
        ("60 s", "0.1 min", 'hold_time="0.1 min" (6 s) is shorter than its ramp of 10.2 s'),
    ],
)
def test_values_and_limits_are_in_the_unit_that_was_written(old: str, new: str, said: str) -> None:
    text = INTERMITTENT.replace(old, new)
    if "ramp" in said:
        text = text.replace("102 N", "102.3 N").replace('"51 N"', '"0 N"')
    with pytest.raises(PrescriptionInvalid) as refused:
        parse_order(text, "visit.toml")
    assert said in refused.value.message


def test_body_weight_has_its_limits_in_body_weight() -> None:
    text = STATIC.replace("200 N", "150 % body weight") + 'body_mass = "75 kg"\n'
    with pytest.raises(
        PrescriptionInvalid, match=r"outside 1.4 to 133.3 % body weight \(10 to 981"
    ):
        parse_order(text, "visit.toml")


def test_pounds_and_kilograms_are_forces() -> None:
    for one, other in (("23 lb", "23 lbf"), ("10 kg", "10 kgf")):
        orders = [parse_order(INTERMITTENT.replace("102 N", text), "o") for text in (one, other)]
        assert orders[0].prescription == orders[1].prescription
        assert orders[0].as_entered["hold_force"] == one


def test_a_byte_order_mark_is_no_part_of_the_order(tmp_path: Path) -> None:
    plain, marked = tmp_path / "plain.toml", tmp_path / "marked.toml"
    plain.write_text(STATIC, encoding="utf-8")
    marked.write_bytes(b"\xef\xbb\xbf" + STATIC.encode())
    assert read_order(marked).source_text == read_order(plain).source_text == STATIC


def test_a_ramp_that_does_not_fit_a_step_is_said_in_the_written_unit() -> None:
    text = STATIC.replace("200 N", "45 lbf") + 'progressive_steps = 1\nstep_time = "0.02 min"\n'
    with pytest.raises(PrescriptionInvalid, match=r'step_time="0.02 min" \(1.2 s\) is shorter'):
        PlannedOrder.of(parse_order(text, "o"))


@given(damage=st.text(max_size=30), at=st.integers(0, len(INTERMITTENT)), cut=st.integers(0, 9))
def test_whatever_is_in_the_file_is_an_order_or_a_refusal(damage: str, at: int, cut: int) -> None:
    text = INTERMITTENT[:at] + damage + INTERMITTENT[at + cut :]
    mistakes: tuple[str, ...] = ()
    order = None
    try:
        order = parse_order(text, "o")
    except PrescriptionInvalid as refused:
        mistakes = refused.mistakes
    assert bool(mistakes) is (order is None)
    assert order is None or order.source_text == text

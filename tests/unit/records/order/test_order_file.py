"""The order file: modes and steps are read, and every refusal names key, value and next step."""

from __future__ import annotations

import re

import pytest

from controller.errors import PrescriptionInvalid
from controller.order.prescription import Mode, Region
from records.order.order_file import ORDER_KEYS, parse_order
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
        (INTERMITTENT + 'step_time = "60 s"', "step_time=60 s belongs to the steps of a static"),
        (STATIC + "progressive_steps = 1", "step_time=0 s is outside 1 to 600 s"),
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

"""The printed order file: valid as it stands, complete, and without a clinical word."""

from __future__ import annotations

import re
import tomllib

import pytest

from controller.order.planner import plan
from controller.order.prescription import Mode, Region
from records.order.order_file import ORDER_KEYS, parse_order
from records.order.quantities import force_n
from workstation.texts.order_template import order_template

TEXT_KEYS = (
    "patient_reference",
    "positioning",
    "harness",
    "symptoms",
    "rationale",
    "screening",
    "set_up_by",
    "supervised_by",
)


@pytest.mark.parametrize("region", list(Region))
def test_it_is_valid_as_it_stands_and_can_be_planned(region: Region) -> None:
    order = parse_order(order_template(region), "template")
    assert order.prescription.region is region
    assert order.prescription.mode is Mode.INTERMITTENT
    assert plan(order.prescription).profile.target_n(0.0) == order.prescription.pretension_force_n
    assert order.prescription.force_limit_n <= order.prescription.soft_limit_n


@pytest.mark.parametrize("region", list(Region))
def test_every_key_is_there_and_every_text_is_empty(region: Region) -> None:
    text = order_template(region)
    for key in ORDER_KEYS:
        assert re.search(rf"^#? ?{key} = ", text, re.MULTILINE), key
    written = tomllib.loads(text)
    assert all(written[key] == "" for key in TEXT_KEYS)
    assert written["diagnosis"] == []


@pytest.mark.parametrize("region", list(Region))
def test_the_keys_that_are_commented_out_are_valid_too(region: Region) -> None:
    text = re.sub(r"^# (maximum_force|body_mass) =", r"\1 =", order_template(region), flags=re.M)
    order = parse_order(text, "template")
    assert order.prescription.body_mass_kg == 75.0
    assert order.prescription.force_limit_n > order.prescription.hold_force_n


def test_the_static_form_that_it_describes_is_valid() -> None:
    text = order_template(Region.CERVICAL).replace('mode = "intermittent"', 'mode = "static"')
    lines = [
        line
        for line in text.splitlines()
        if not line.startswith(("rest_force", "hold_time", "rest_time"))
    ]
    order = parse_order("\n".join(lines), "template")
    assert order.prescription.mode is Mode.STATIC
    assert order.prescription.hold_force_n == force_n("hold_force", "23 lbf", None)

"""From an order file's text to an order, or to a message that names file and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.errors import PrescriptionInvalid
from controller.order.prescription import Mode, Region
from records.order.order_file import parse_order, read_order

STATIC = """
region = "lumbar"
mode = "static"
hold_force = "40 % body weight"
treatment_time = "10 min"
body_mass = "165 lb"
diagnosis = ["M51.26", "M54.16"]
positioning = "supine"
"""


def test_an_order_keeps_what_was_entered_beside_what_it_means() -> None:
    order = parse_order(STATIC, "order.toml")
    prescription = order.prescription
    assert (prescription.region, prescription.mode) == (Region.LUMBAR, Mode.STATIC)
    # 165 lb are 74.8 kg; 40 % of their weight are 293.4 N.
    assert (prescription.body_mass_kg, prescription.hold_force_n) == (74.8, 293.4)
    assert (prescription.pretension_force_n, prescription.pretension_s) == (15.0, 10.0)
    assert (prescription.ramp_up_n_per_s, prescription.ramp_down_n_per_s) == (30.0, 60.0)
    assert order.as_entered["hold_force"] == "40 % body weight"
    assert order.diagnosis == ("M51.26", "M54.16")
    assert order.source_text == STATIC


def test_one_character_more_is_another_order() -> None:
    first = parse_order(STATIC, "a").digest
    assert first == parse_order(STATIC, "b").digest
    assert first != parse_order(STATIC + " ", "a").digest


@pytest.mark.parametrize("code", ["M54.2", "S13.4XXA", "Z00", "M50.120"])
def test_shapes_of_codes_that_are_accepted(code: str) -> None:
    text = STATIC.replace("M51.26", code)
    assert parse_order(text, "order").diagnosis[0] == code


@pytest.mark.parametrize("code", ["54.2", "M542", "m54.2", "M54.", "U071", "M54.2 ", ""])
def test_shapes_of_codes_that_are_refused(code: str) -> None:
    with pytest.raises(PrescriptionInvalid, match="ICD-10-CM"):
        parse_order(STATIC.replace("M51.26", code), "order")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (STATIC + 'colour = "red"\n', "key colour is not known; known are region"),
        (STATIC.replace("hold_force", "hold_farce"), "did you mean hold_force?"),
        (STATIC.replace('"static"', '"steady"'), 'mode="steady" is not one of'),
        (STATIC.replace('body_mass = "165 lb"', ""), "add body_mass"),
        (STATIC.replace('["M51.26", "M54.16"]', '"M51.26"'), "diagnosis"),
        (STATIC.replace("supine", "s" * 2001), "positioning"),
        ("region = ", "not valid TOML"),
    ],
)
def test_faults_are_named_with_file_and_key(text: str, words: str) -> None:
    with pytest.raises(PrescriptionInvalid) as refused:
        parse_order(text, "order.toml")
    assert words in refused.value.message
    assert refused.value.message.startswith("order order.toml: ")


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "order.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PrescriptionInvalid, match="not UTF-8 text"):
        read_order(path)

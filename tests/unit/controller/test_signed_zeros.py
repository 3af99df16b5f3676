"""No force that is shown is "-0.0 N"."""

from __future__ import annotations

import re

import pytest

from controller.start.self_check import gross_zero_item
from tests.support.real_time import ROOT

SIGNED: re.Pattern[str] = re.compile(r"\{[^{}]*[^{}z]\.\df\} N")
"""A force in a text, formatted so that it keeps the sign of a zero."""


@pytest.mark.parametrize("package", ["controller", "firmware_bridge", "records", "workstation"])
def test_a_text_shows_no_zero_with_a_sign(package: str) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {each}"
        for path in sorted((ROOT / package).rglob("*.py"))
        for each in SIGNED.findall(path.read_text(encoding="utf-8"))
    ]
    assert found == []


def test_a_gross_zero_just_below_nothing_is_nothing() -> None:
    assert gross_zero_item(-0.04, None).value == "0.0 N without the tare"

"""Eleven faults that the validator of the grammar takes for sound, and who finds each of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from records.exports.claim.check_837p import check_837p
from tests.support.claims import made_claim
from tests.support.outside import pyx12_faults
from tests.support.written import x12_of
from tests.unit.records.claim.rules.builders import party, visit
from tests.unit.records.exports.claim.test_claim_837p import TODAY


@dataclass(frozen=True, kw_only=True)
class Fault:
    """``old`` and ``new`` put it into the finished text, ``visit`` into the claim itself.

    ``finder`` is a rule of the catalogue (T-) or one of the writer's checks (X-).
    """

    finder: str
    old: str
    new: str
    visit: dict[str, Any] = field(default_factory=dict)


FAULTS = {
    "a diagnosis with its dot": Fault(
        finder="T-053",
        old="ABK:M5116",
        new="ABK:M51.16",
        visit={"claim": {"diagnoses": ["M51.16"]}},
    ),
    "a diagnosis that does not exist": Fault(
        finder="T-052",
        old="ABK:M5116",
        new="ABK:M5199",
        visit={"claim": {"diagnoses": ["M5199"]}},
    ),
    "the same diagnosis twice": Fault(
        finder="T-055",
        old="ABF:M5450",
        new="ABF:M5116",
        visit={"claim": {"diagnoses": ["M5116", "M5116"]}},
    ),
    "a pointer to the fourth of two diagnoses": Fault(
        finder="T-054", old=r"(SV1\*.*)\*1~", new=r"\1*4~", visit={"line": {"dx_pointers": [4]}}
    ),
    "a total that is not the sum": Fault(finder="X-01", old=r"(CLM\*.*?)\*22\*", new=r"\1*33*"),
    "three units": Fault(
        finder="T-003", old=r"\*UN\*1\*", new="*UN*3*", visit={"line": {"units": 3}}
    ),
    "minutes in place of units": Fault(
        finder="T-005",
        old=r"\*UN\*1\*",
        new="*MJ*15*",
        visit={"line": {"unit_of_measure": "MJ", "units": 15}},
    ),
    "an NPI whose check digit does not fit": Fault(
        finder="T-068",
        old="1679576722",
        new="1679576723",
        visit={"claim": party("rendering", npi="1679576723")},
    ),
    "a practice's ZIP of five digits": Fault(finder="X-02", old="627010001", new="62701"),
    "a birth date to come": Fault(finder="X-03", old=r"DMG\*D8\*\d{8}", new="DMG*D8*20990101"),
    "small letters": Fault(finder="X-04", old=r"OAK AVENUE", new="Oak Avenue"),
}
LINE = {"cpt": "97012", "modifiers": ["GP"], "charge": "22", "dx_pointers": [1], "pos": "11"}
SOUND = x12_of(made_claim(3, lines=[LINE], diagnoses=["M5116", "M5450"]))


def broken(fault: Fault) -> str:
    text, changes = re.subn(fault.old, fault.new, SOUND)
    assert changes >= 1
    return text


def errors_of(changes: dict[str, Any]) -> set[str]:
    report = visit(**changes).report()
    return {finding.rule_id for finding in report.findings if finding.severity == "error"}


def test_the_validator_of_the_grammar_finds_none_of_them() -> None:
    assert len(FAULTS) == 11
    numbered = [
        re.sub(r"\d{9}(?=\*0\*T\*)|(?<=IEA\*1\*)\d{9}", f"{number:09}", broken(fault))
        for number, fault in enumerate(FAULTS.values(), start=1)
    ]
    assert pyx12_faults("".join(numbered)) == []


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_has_its_finder(name: str) -> None:
    fault = FAULTS[name]
    if fault.finder.startswith("X-"):
        assert {each.check_id for each in check_837p(broken(fault), TODAY)} == {fault.finder}
        assert check_837p(SOUND, TODAY) == []
    else:
        assert fault.finder in errors_of(fault.visit)
        assert fault.finder not in errors_of({})

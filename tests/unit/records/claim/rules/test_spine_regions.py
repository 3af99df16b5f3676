"""The region of a diagnosis comes from the shipped list: its place there and its own words."""

from __future__ import annotations

import re

import pytest

from records.claim.rules.code_list import CodeList
from records.claim.rules.code_lists import shipped_code_list
from records.claim.rules.spine_regions import EVERY_REGION

OLD_PATTERNS = {
    "lumbar": re.compile(r"M51[12][67]|M513[67]|M541[67]|M543|M544|M545|M47\d?[\dA-Z]?[67]|M4806"),
    "cervical": re.compile(r"M50|M542|M5412|M47\d?[\dA-Z]?2|M530|M531"),
}
"""How the region was told before, from the code's characters alone."""
CALLED_CERVICAL_BEFORE = {
    "M4720": "site unspecified",
    "M4724": "thoracic",
    "M4725": "thoracolumbar",
    "M4726": "lumbar",
    "M4727": "lumbosacral",
    "M4728": "sacral and sacrococcygeal",
    "M47029": "site unspecified",
}
"""The old pattern took the 2 of M47.2- (or of M47.02-) for the digit of the region. The list's own
words are right: none of these is cervical."""


@pytest.fixture(scope="module")
def codes() -> CodeList:
    return shipped_code_list()


def all_words() -> dict[str, str]:
    """Every code that can stand on a claim, with its words."""
    listed = shipped_code_list().rows()
    return {r.code: r.words for r in listed if re.fullmatch(r"[A-Z]\d[0-9A-Z]{1,5}", r.code)}


@pytest.mark.parametrize(
    ("code", "regions"),
    [
        ("M5412", "cervical"),
        ("M542", "cervical"),
        ("M530", "cervical"),
        ("M50120", "cervical"),
        ("M4802", "cervical"),
        ("M47021", "cervical"),
        ("M433", "cervical"),
        ("M9901", "cervical"),
        ("S134XXA", "cervical"),
        ("S161XXA", "cervical"),
        ("S12120A", "cervical"),
        ("M5413", "cervical thoracic"),
        ("M5414", "thoracic"),
        ("M546", "thoracic"),
        ("M9902", "thoracic"),
        ("S22050A", "thoracic"),
        ("M5115", "lumbar thoracic"),
        ("S335XXA", "lumbar"),
        ("M4316", "lumbar"),
        ("M51A0", "lumbar"),
        ("M9903", "lumbar"),
        ("M5116", "lumbar"),
        ("M51360", "lumbar"),
        ("M5432", "lumbar"),
        ("M5441", "lumbar"),
        ("M5450", "lumbar"),
        ("M5451", "lumbar"),
        ("S39012A", "lumbar"),
        ("M4807", "lumbar sacral"),
        ("M5117", "lumbar sacral"),
        ("G541", "lumbar sacral"),
        ("M519", "lumbar sacral thoracic"),
        ("M5418", "sacral"),
        ("M461", "sacral"),
        ("M533", "sacral"),
        ("M9904", "sacral"),
        ("S322XXA", "sacral"),
    ],
)
def test_a_code_names_its_regions(codes: CodeList, code: str, regions: str) -> None:
    assert codes.state(code) == "billable"
    assert " ".join(sorted(codes.regions(code))) == regions


@pytest.mark.parametrize("code", ["M4319", "M450", "M4609", "M5409"])
def test_multiple_sites_are_every_region(codes: CodeList, code: str) -> None:
    assert codes.regions(code) == EVERY_REGION


@pytest.mark.parametrize(
    "code",
    [
        "M549",  # dorsalgia, unspecified
        "M5410",  # site unspecified
        "M5481",  # occipital neuralgia
        "M9905",  # pelvic region
        "S334XXA",  # pubic bone, below "lumbar spine and pelvis"
        "S39011A",  # abdomen, below "abdomen, lower back and pelvis"
        "M1611",  # hip
        "N870",  # cervical, of the womb
        "S72001A",  # neck of the thigh bone
        "L89153",  # skin of the sacral region
        "Z0000",
        "M99",  # a category of several regions, alone in its block
        "M5199",  # not in the list
        "",
    ],
)
def test_a_code_may_name_no_region_of_the_spine(codes: CodeList, code: str) -> None:
    assert codes.regions(code) == frozenset()


def test_a_category_names_its_region_too(codes: CodeList) -> None:
    """A claim may carry one: T-052 speaks of it, T-057 need not as well."""
    assert codes.regions("M545") == codes.regions("M5136") == frozenset({"lumbar"})


@pytest.mark.parametrize("region", ["lumbar", "cervical"])
def test_every_code_of_the_old_pattern_keeps_its_region_but_those_judged(
    codes: CodeList, region: str
) -> None:
    old = [c for c in all_words() if OLD_PATTERNS[region].match(c) and codes.state(c) == "billable"]
    lost = {code for code in old if region not in codes.regions(code)}
    assert len(old) > 30
    assert lost == (set(CALLED_CERVICAL_BEFORE) if region == "cervical" else set())


def test_what_the_old_pattern_called_cervical_is_what_its_words_say(codes: CodeList) -> None:
    named = {code: codes.regions(code) for code in CALLED_CERVICAL_BEFORE}
    assert named == {
        "M4720": frozenset(),
        "M4724": frozenset({"thoracic"}),
        "M4725": frozenset({"thoracic", "lumbar"}),
        "M4726": frozenset({"lumbar"}),
        "M4727": frozenset({"lumbar", "sacral"}),
        "M4728": frozenset({"sacral"}),
        "M47029": frozenset(),
    }


def test_no_code_of_the_dorsopathies_names_a_region_against_its_words(codes: CodeList) -> None:
    """Whatever says "lumbar" or "cervical" in M40 to M54 names that region, and nothing else."""
    for code, words in all_words().items():
        if "M40" <= code[:3] <= "M54" and codes.state(code) == "billable":
            said = re.search(r"lumb|low back|sciatica|multiple sites", words.lower()) is not None
            assert ("lumbar" in codes.regions(code)) == said, code

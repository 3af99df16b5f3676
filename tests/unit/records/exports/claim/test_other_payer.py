"""Two payers on a claim: order of segments by outside readers, figures only where the claim has."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from controller.errors import ExportIncomplete, ExportRefused
from records.claim.context import ClaimContext
from records.exports.claim.cms1500 import cms1500_boxes
from tests.support.claims import made_claim
from tests.support.outside import pyx12_faults, x12_elements
from tests.support.second_payers import OTHER, two_payer_claim
from tests.support.written import x12_of
from tests.unit.records.exports.claim.test_claim_837p import segments_of
from tests.unit.records.exports.claim.test_cms1500 import FACE, SESSION, by_number

MEDICARE = {"name": "Medicare", "payer_id": "06102", "kind": "medicare_b", "profile": "medicare_b"}
PLAN = {"name": "Plan", "payer_id": "11111", "kind": "commercial", "profile": "commercial"}
LINE = {"cpt": "97012", "modifiers": ["GP"], "charge": "40", "dx_pointers": [1], "pos": "11"}
TAKEN = [
    {"group": "CO", "reason": "45", "amount": "12"},
    {"group": "PR", "reason": "2", "amount": "5.50"},
    {"group": "PR", "reason": "3", "amount": "2.50"},
]
ANSWER = {"decided_on": date(2026, 11, 24), "paid": "20"}
BY_LINE = {"cpt": "97012", "modifiers": ["GP"], "units": 1, "paid": "20", "adjustments": TAKEN}
CLAIMS = 120


def claim(first: bool, payer: dict[str, Any] = PLAN, **changes: Any) -> ClaimContext:
    """A claim whose other payer pays first or second; ``changes`` are of the other payer."""
    lines = [changes.pop("line", LINE)]
    form, causes = changes.pop("form", "837P"), changes.pop("related_causes", ["none"])
    answer = {"adjudication": ANSWER | {"adjustments": TAKEN}} if first else {}
    return made_claim(
        1,
        payer=payer,
        form=form,
        subscriber=None,
        related_causes=causes,
        lines=lines,
        other_insurance_first=first,
        other_payer=OTHER | answer | changes,
    )


def second_loops(text: str) -> list[list[str]]:
    """The segments of loops 2320 to 2330B: from the second SBR to the first line."""
    segments = [line.rstrip("~").split("*") for line in text.splitlines()]
    starts = [n for n, each in enumerate(segments) if each[0] == "SBR"]
    return segments[starts[1] : next(n for n, e in enumerate(segments) if e[0] == "LX")]


def test_claims_of_two_payers_pass_the_validator_and_read_the_same_elsewhere() -> None:
    texts = [x12_of(two_payer_claim(seed), session_id=f"{SESSION}{seed}") for seed in range(CLAIMS)]
    assert pyx12_faults("".join(texts)) == []
    for text in texts[:20]:
        assert x12_elements(text) == [s.rstrip("~").split("*") for s in text.splitlines()]
    names = {each[0] for text in texts for each in second_loops(text)}
    assert names == {"SBR", "CAS", "AMT", "OI", "NM1", "N3", "N4", "DTP"}
    assert any("SVD*" in text for text in texts)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("SBR*P*01", "SBR*P"),
        ("OI***Y***Y~\n", ""),
        ("AMT*D*20~\nOI***Y***Y~", "OI***Y***Y~\nAMT*D*20~"),
        ("CAS*CO*45", "CAS*XX*45"),
        ("DTP*573*D8*20261124~\nLX", "LX*1~\nDTP*573*D8*20261124~\nLX"),
    ],
)
def test_the_validator_finds_what_is_out_of_its_place(old: str, new: str) -> None:
    text = x12_of(claim(first=True))
    assert text.count(old) == 1
    assert pyx12_faults(text) == []
    assert pyx12_faults(text.replace(old, new)) != []


def test_the_payer_behind_has_no_figures() -> None:
    text = x12_of(claim(first=False))
    assert segments_of(text, "SBR")[0][1] == "P"
    assert second_loops(text) == [
        ["SBR", "S", "01", "G1", "", "", "", "", "", "CI"],
        ["OI", "", "", "Y", "", "", "Y"],
        ["NM1", "IL", "1", "DOE", "SAM", "", "", "", "MI", "W123"],
        ["NM1", "PR", "2", "EMPLOYER PLAN", "", "", "", "", "PI", "60054"],
    ]


def test_an_answer_of_the_payer_behind_is_not_carried() -> None:
    """The rules refuse such a claim (T-100); a preview of it does not say that it was paid."""
    line = LINE | {"adjudication": BY_LINE}
    text = x12_of(claim(first=False, adjudication=ANSWER | {"adjustments": TAKEN}, line=line))
    for name in ("AMT", "CAS", "SVD", "DTP*573"):
        assert segments_of(text, name) == []


@pytest.mark.parametrize(
    ("assigned", "released", "shown"), [(True, False, "YI"), (False, True, "NY")]
)
def test_both_payers_have_the_same_assignment_and_release(
    assigned: bool, released: bool, shown: str
) -> None:
    said = {"benefits_assigned": assigned, "release_of_information": released}
    text = x12_of(claim(first=False).model_copy(update=said))
    (coverage,) = segments_of(text, "OI")
    assert coverage[3] + coverage[6] == shown
    assert "".join(segments_of(text, "CLM")[0][8:10]) == shown


def test_the_payer_before_has_those_of_its_answer() -> None:
    text = x12_of(claim(first=True))
    assert segments_of(text, "SBR")[0][1] == "S"
    loops = second_loops(text)
    assert loops[0][:4] == ["SBR", "P", "01", "G1"]
    assert loops[1:4] == [
        ["CAS", "CO", "45", "12"],
        ["CAS", "PR", "2", "5.5", "", "3", "2.5"],
        ["AMT", "D", "20"],
    ]
    assert loops[-1] == ["DTP", "573", "D8", "20261124"]
    assert segments_of(text, "SVD") == []


def test_an_answer_by_line_has_its_date_there_and_not_twice() -> None:
    line = LINE | {"adjudication": BY_LINE | {"patient_liability": "8"}}
    text = x12_of(claim(first=True, adjudication=ANSWER, line=line))
    assert [each[0] for each in second_loops(text)] == ["SBR", "AMT", "OI", "NM1", "NM1"]
    lines = text.splitlines()
    at = lines.index("SVD*60054*20*HC:97012:GP**1~")
    assert lines[at + 1 : at + 5] == [
        "CAS*CO*45*12~",
        "CAS*PR*2*5.5**3*2.5~",
        "DTP*573*D8*20261124~",
        "AMT*EAF*8~",
    ]
    assert lines[at - 1].startswith("REF*6R*")
    assert pyx12_faults(text) == []


def test_an_answer_of_nothing_is_zero_and_one_that_nobody_gave_is_asked_for() -> None:
    text = x12_of(claim(first=True, adjudication={"decided_on": "2026-11-24", "paid": "0"}))
    assert segments_of(text, "AMT") == [["AMT", "D", "0"]]
    for missing in ("paid", "decided_on"):
        key = rf"misses other_payer\.adjudication\.{missing};"
        with pytest.raises(ExportIncomplete, match=key):
            x12_of(claim(first=True, adjudication={**ANSWER, missing: None}))
    with pytest.raises(ExportIncomplete, match=r"misses other_payer\.adjudication;"):
        x12_of(claim(first=True, adjudication=None))


def test_medicare_says_why_it_pays_second_in_its_own_segment() -> None:
    text = x12_of(claim(first=True, payer=MEDICARE, insurance_type="12"))
    mine, other = segments_of(text, "SBR")
    assert mine == ["SBR", "S", "18", "", "", "12", "", "", "", "MB"]
    assert other[5] == ""
    behind: dict[str, Any] = MEDICARE | {
        "patient_relationship": "self",
        "insured": {"member_id": "1EG4"},
    }
    text = x12_of(claim(first=False, insurance_type="43", **behind))
    mine, other = segments_of(text, "SBR")
    assert (mine[5], other[1], other[5], other[9]) == ("", "S", "43", "MB")
    with pytest.raises(ExportIncomplete, match=r"other_payer\.insurance_type"):
        x12_of(claim(first=True, payer=MEDICARE))


def test_a_patient_who_is_the_other_insured_has_his_own_name_and_the_other_numbers() -> None:
    own: dict[str, Any] = {"patient_relationship": "self", "insured": {"member_id": "W9"}}
    context = claim(first=False, **own)
    assert context.patient is not None
    loops = second_loops(x12_of(context))
    assert loops[0][:4] == ["SBR", "S", "18", ""]
    named = next(each for each in loops if each[:2] == ["NM1", "IL"])
    assert named[3] == context.patient.last_name.upper()
    assert named[-1] == "W9"
    married: dict[str, Any] = {
        "patient_relationship": "self",
        "insured": {"member_id": "W9", "last_name": "Roe"},
    }
    assert "NM1*IL*1*ROE*" in x12_of(claim(first=False, **married))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"name": ""}, r"other_payer\.name"),
        ({"payer_id": None}, r"other_payer\.payer_id"),
        ({"patient_relationship": None}, r"other_payer\.patient_relationship"),
        ({"insured": None}, r"other_payer\.insured"),
        ({"insured": {"last_name": "Doe", "member_id": "1"}}, r"insured\.first_name"),
        ({"insured": OTHER["insured"] | {"member_id": None}}, r"insured\.member_id"),
        ({"insured": OTHER["insured"] | {"address": {"city": "Y"}}}, r"insured\.address\.line_1"),
        ({"address": {"city": "York"}}, r"other_payer\.address\.line_1"),
        ({"adjudication": ANSWER | {"adjustments": TAKEN[:1] * 7}}, "room for 7 adjustments CO"),
        ({"adjudication": None, "line": LINE | {"adjudication": BY_LINE}}, "adjudication"),
        ({"line": LINE | {"adjudication": {"paid": "20"}}}, r"lines\.1\.adjudication\.cpt"),
        ({"line": LINE | {"adjudication": BY_LINE | {"modifiers": ["GP"] * 5}}}, "5 modifiers"),
    ],
)
def test_what_is_missing_of_the_second_payer_is_named(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ExportIncomplete, match=named):
        x12_of(claim(first=True, **changes))


def test_a_line_without_an_answer_beside_one_that_has_it_is_named() -> None:
    context = claim(first=True, line=LINE | {"adjudication": BY_LINE}).model_dump()
    context["lines"] = [*context["lines"], LINE | {"cpt": "97110"}]
    with pytest.raises(ExportIncomplete, match=r"misses lines\.2\.adjudication;"):
        x12_of(ClaimContext.model_validate(context))


def test_another_insurance_that_pays_first_must_be_named() -> None:
    with pytest.raises(ExportIncomplete, match=r"misses other_payer \(other_insurance_first"):
        x12_of(made_claim(1, other_insurance_first=True))
    context = claim(first=False).model_copy(update={"other_insurance_first": None})
    with pytest.raises(ExportIncomplete, match=r"which of payer and other_payer pays first"):
        x12_of(context)


@pytest.mark.parametrize("day", [date(2026, 11, 23), date(2026, 11, 25)])
def test_an_answer_is_not_before_the_service_and_not_after_today(day: date) -> None:
    with pytest.raises(ExportRefused, match="X-03 date of an answer"):
        x12_of(claim(first=True, adjudication={"decided_on": day, "paid": "20"}))


def test_a_third_payer_and_payers_that_cannot_be_two_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="a second payer and no third"):
        made_claim(1, other_payer=[OTHER, OTHER])
    for payer, other in (("self_pay", "commercial"), ("commercial", "self_pay")):
        with pytest.raises(ValueError, match="who pays himself is no payer"):
            made_claim(1, payer=PLAN | {"kind": payer}, other_payer=OTHER | {"kind": other})
    with pytest.raises(ValueError, match="both Medicare Part B"):
        made_claim(1, payer=MEDICARE, other_payer=OTHER | {"kind": "medicare_b"})


def test_delimiters_in_words_of_the_second_payer_make_no_segment_and_no_element() -> None:
    odd = " ~*:^N1*X~"
    address = {"line_1": "1 A St", "city": "York", "state": "PA", "zip": "17401"}
    plain = {"name": "Plan", "address": address, "insured": OTHER["insured"]}
    spoilt = {
        "name": "Plan" + odd,
        "address": address | {"line_1": "1 A St" + odd, "city": "York" + odd},
        "insured": OTHER["insured"] | {"last_name": "Doe" + odd, "first_name": "Sam" + odd},
    }
    shapes = [
        [(len(s.split("*")), s.split("*")[0]) for s in x12_of(claim(True, **each)).splitlines()]
        for each in (plain, spoilt)
    ]
    assert shapes[0] == shapes[1]
    assert pyx12_faults(x12_of(claim(True, **spoilt))) == []


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"payer_id": "6*0"}, r"other_payer\.payer_id"),
        ({"insured": OTHER["insured"] | {"member_id": "W~1"}}, r"insured\.member_id"),
        ({"insured": OTHER["insured"] | {"group_number": "G:1"}}, r"insured\.group_number"),
        ({"line": LINE | {"adjudication": BY_LINE | {"cpt": "97~12"}}}, r"adjudication\.cpt"),
        ({"line": LINE | {"adjudication": BY_LINE | {"modifiers": ["GPX"]}}}, "modifiers"),
    ],
)
def test_a_number_of_the_second_payer_with_a_delimiter_is_refused(
    changes: dict[str, Any], named: str
) -> None:
    with pytest.raises(ExportIncomplete, match=named):
        x12_of(claim(True, **changes))


# --- CMS-1500 ------------------------------------------------------------------------------------


def sheet(first: bool, payer: dict[str, Any] = PLAN, **changes: Any) -> dict[str, str]:
    context = claim(first, payer, form="CMS1500", **changes)
    return by_number(cms1500_boxes(context, session_id=SESSION, face=FACE))


@pytest.mark.parametrize("first", [True, False])
def test_a_plan_has_the_other_policy_in_9_and_11d(first: bool) -> None:
    boxes = sheet(first)
    shown = {number: boxes.get(number) for number in ("9", "9a", "9d", "11d", "29")}
    paid = "20.00" if first else None
    assert shown == {"9": "Doe, Sam", "9a": "G1", "9d": "Employer Plan", "11d": "YES", "29": paid}
    assert "11c" not in boxes
    one = by_number(
        cms1500_boxes(
            made_claim(1, payer=PLAN, form="CMS1500", subscriber=None),
            session_id=SESSION,
            face=FACE,
        )
    )
    assert not {"9", "9a", "9d", "11d", "29"} & set(one)


def test_medicare_has_a_medigap_policy_in_9_and_no_other() -> None:
    boxes = sheet(False, MEDICARE, medigap=True)
    shown = {number: boxes.get(number) for number in ("9", "9a", "9d", "11", "11d")}
    assert shown == {"9": "Doe, Sam", "9a": "MEDIGAP G1", "9d": "60054", "11": "NONE", "11d": None}
    own: dict[str, Any] = {
        "patient_relationship": "self",
        "insured": {"member_id": "W9"},
        "medigap": True,
    }
    boxes = sheet(False, MEDICARE, **own)
    assert (boxes["9"], boxes["9a"]) == ("SAME", "MEDIGAP W9")
    assert not {"9", "9a", "9d"} & set(sheet(False, MEDICARE, medigap=False))
    with pytest.raises(ExportIncomplete, match=r"other_payer\.medigap"):
        sheet(False, MEDICARE)


def test_medicare_behind_a_plan_has_the_plan_in_4_6_7_and_11() -> None:
    person = OTHER["insured"] | {
        "birth_date": "1958-03-01",
        "sex": "M",
        "address": {"line_1": "1 A St", "city": "York", "state": "PA", "zip": "17401"},
    }
    boxes = sheet(True, MEDICARE, insured=person, related_causes=["employment"])
    numbers = ("4", "6", "7", "10a", "11", "11a", "11c", "11d", "29", "9")
    assert [boxes.get(number) for number in numbers] == [
        "Doe, Sam",
        "spouse",
        "1 A St, York PA 17401",
        "YES",
        "G1",
        "03 01 1958 M",
        "Employer Plan",
        None,
        None,
        None,
    ]
    own = sheet(True, MEDICARE, patient_relationship="self", insured={"member_id": "W9"})
    assert (own["4"], own["7"], own["11"]) == ("SAME", "SAME", "W9")
    with pytest.raises(ExportIncomplete, match=r"birth_date, other_payer\.insured\.sex"):
        sheet(True, MEDICARE)

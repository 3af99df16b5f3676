"""Bad input ends in a plain error or in a finding, never in an internal error."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from controller.errors import ClaimContextInvalid, ExportIncomplete, TractionError
from records.claim.context_file import parse_context
from records.claim.rules.facts import Facts
from records.claim.rules.offers import offers_of
from records.claim.rules.report import report_document, report_text
from records.exports.claim.cms1500 import cms1500_boxes
from records.visit.face import Face
from tests.support.claims import made_claim
from tests.support.documents import SESSION_ID, made_visit
from tests.support.written import x12_of
from tests.unit.records.claim.rules.builders import CONTEXT, DAY, LINE, service, visit

FIVE = ["GP", "59", "KX", "CQ", "GA"]


def refusal(line: dict[str, Any] | None = None, **claim: Any) -> str:
    data = {**CONTEXT, "lines": [{**LINE, **(line or {})}], **claim}
    with pytest.raises(ClaimContextInvalid) as caught:
        parse_context(json.dumps(data), "claim.json")
    return caught.value.message


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"units": -1}, "lines.1.units=-1"),
        ({"charge": "-0.01"}, "lines.1.charge='-0.01'"),
        ({"charge": "NaN"}, "lines.1.charge='NaN'"),
        ({"charge": "1e9"}, "lines.1.charge='1e9'"),
        ({"minutes": -1}, "lines.1.minutes=-1"),
        ({"assistant_min": -1}, "lines.1.assistant_min=-1"),
        ({"started_at": f"{DAY}T10:00:00"}, "timezone"),
        ({"ended_at": f"{DAY} 10:00"}, "timezone"),
        ({"started_at": "10:00"}, "lines.1.started_at='10:00'"),
        ({"started_at": f"{DAY}T10:00:00Z", "ended_at": f"{DAY}T09:00:00Z"}, "is before"),
        ({"modifiers": ["GP"] * 13}, "lines.1.modifiers"),
        ({"dx_pointers": [1] * 13}, "lines.1.dx_pointers"),
        ({"dx_pointers": ["A"]}, "lines.1.dx_pointers.1='A'"),
        ({"pos": "1"}, "lines.1.pos='1'"),
    ],
)
def test_a_line_that_cannot_be_is_refused_with_its_key(line: dict[str, Any], words: str) -> None:
    said = refusal(line)
    assert words in said
    assert said.startswith("claim context claim.json: ")


def test_a_claim_that_cannot_be_is_refused_with_its_key() -> None:
    assert "key diagnoses: " in refusal(diagnoses=["M5116"] * 13)
    assert "date_of_service=''" in refusal(date_of_service="")
    assert "date_of_service='2026-02-30'" in refusal(date_of_service="2026-02-30")
    assert "therapy_ytd_allowed='-1'" in refusal(therapy_ytd_allowed="-1")
    without_day = {key: value for key, value in CONTEXT.items() if key != "date_of_service"}
    with pytest.raises(ClaimContextInvalid, match="key date_of_service is missing; add it"):
        parse_context(json.dumps({**without_day, "lines": [LINE]}), "claim.json")


@pytest.mark.parametrize("name", ["started_at", "ended_at"])
def test_times_of_toml_and_csv_need_their_zone_too(name: str) -> None:
    toml = f'claim_id = "S-1"\n[[lines]]\ncpt = "97012"\n{name} = {DAY}T10:00:00\n'
    csv = f"claim_id,line.cpt,line.{name}\nS-1,97012,{DAY}T10:00:00\n"
    for text, file in ((toml, "claim.toml"), (csv, "claim.csv")):
        with pytest.raises(ClaimContextInvalid, match=r"lines\.1\.|is missing"):
            parse_context(text, file)


@pytest.mark.parametrize(
    ("rule", "severity", "changes"),
    [
        ("T-054", "error", {"line": {"dx_pointers": [2]}}),
        ("T-054", "error", {"line": {"dx_pointers": [0]}}),
        ("T-054", "error", {"line": {"dx_pointers": [-1]}}),
        ("T-054", "error", {"line": {"dx_pointers": []}}),
        ("T-054", "error", {"line": {"dx_pointers": [1, 1, 1, 1, 1]}}),
        ("T-054", "error", {"claim": {"diagnoses": []}}),
        ("T-004", "error", {"same_day": [LINE]}),
        ("T-078", "warn", {"same_day": [service("97110", "GP")] * 2}),
        (
            "T-078",
            "warn",
            {
                "same_day": [service("97110", "GP")],
                "claim": {"other_lines_same_day": [service("97110", "GP")]},
            },
        ),
        ("T-044", "error", {"line": {"modifiers": FIVE}}),
        ("T-044", "error", {"same_day": [service("97110", *FIVE)]}),
        ("T-003", "error", {"line": {"units": 0}}),
        ("T-010", "info", {"line": {"charge": "0"}}),
        ("T-010", "info", {"same_day": [service("97110", "GP", charge="0.00")]}),
        ("T-019", "error", {"claim": {"date_of_service": "2099-01-01"}}),
        ("T-019", "error", {"claim": {"date_of_service": "9999-12-31"}}),
        ("T-019", "error", {"claim": {"date_of_service": "0001-01-01"}}),
        (
            "T-019",
            "error",
            {"same_day": [service("97110", "GP", started_at="2026-11-23T10:00:00-06:00")]},
        ),
    ],
)
def test_a_claim_that_should_not_be_has_a_finding(
    rule: str, severity: str, changes: dict[str, Any]
) -> None:
    made = visit(**changes)
    assert severity in {finding.severity for finding in made.found(rule)}
    facts = Facts(made.note, made.record, made.context, made.profile, made.tables)
    offers = offers_of(facts)
    assert report_text("S-1", made.report(), offers)
    assert report_document("S-1", made.report(), offers)


def test_a_line_in_another_zone_is_of_the_clinic_s_day() -> None:
    """19:30 in Chicago is the next day in UTC."""
    evening = service("97110", "GP", started_at="2026-11-25T01:30:00Z")
    assert visit(same_day=[evening]).found("T-019") == []


ODD_LINES: tuple[dict[str, Any], ...] = (
    {"dx_pointers": [9]},
    {"dx_pointers": [0]},
    {"dx_pointers": [1, 2, 3, 4, 5]},
    {"modifiers": FIVE},
    {"modifiers": [""]},
    {"units": 0},
    {"charge": Decimal(0)},
    {"started_at": None, "ended_at": f"{DAY}T10:00:00Z"},
)


def test_no_cause_and_a_cause_is_refused() -> None:
    claim = made_claim(1).model_dump(mode="json", exclude={"source", "source_digest"})
    with pytest.raises(ClaimContextInvalid, match="related_causes: none stands alone"):
        parse_context(json.dumps(claim | {"related_causes": ["none", "auto"]}), "claim.json")


@pytest.mark.parametrize("odd", ODD_LINES, ids=lambda odd: next(iter(odd)))
def test_exports_of_such_a_claim_are_written_or_refused_in_words(odd: dict[str, Any]) -> None:
    line = {"cpt": "97012", "charge": "22", "pos": "11", "dx_pointers": [1], **odd}
    claim = made_claim(1, lines=[line, line])
    face = Face(status="draft", errors=("T-054: pointers.",))
    options: dict[str, Any] = {"session_id": SESSION_ID}
    for write in (
        lambda: x12_of(claim),
        lambda: cms1500_boxes(claim, face=face, **options),
        lambda: made_visit(context=claim).charge(),
    ):
        assert _said(write)


def _said(write: Callable[[], object]) -> object:
    try:
        return write()
    except TractionError as refused:
        return SESSION_ID in refused.message


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ({"modifiers": FIVE}, "room for 5 modifiers of lines.1"),
        ({"dx_pointers": [1, 2, 3, 4, 5]}, "room for 5 diagnosis pointers of lines.1"),
    ],
)
def test_a_fifth_modifier_or_pointer_is_not_written_into_another_place(
    odd: dict[str, Any], words: str
) -> None:
    line = {"cpt": "97012", "charge": "22", "pos": "11", "dx_pointers": [1], **odd}
    claim = made_claim(1, lines=[line])
    with pytest.raises(ExportIncomplete, match=words):
        x12_of(claim)
    with pytest.raises(ExportIncomplete, match=words):
        cms1500_boxes(claim, session_id=SESSION_ID, face=Face(status="draft"))

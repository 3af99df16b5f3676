"""A claim context is read as it was written, or refused with file, key and next step."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from controller.errors import ClaimContextInvalid
from records.claim.account import account_number
from records.claim.context import Address, ClaimContext, Party, PlanOfCare, ServiceLine
from records.claim.context_file import imported_claim, parse_context
from records.provenance import Origin

CLAIM: dict[str, Any] = {
    "claim_id": "S-1",
    "payer": {"kind": "medicare_b", "profile": "medicare_b"},
    "form": "837P",
    "date_of_service": "2026-11-24",
    "diagnoses": ["M5116", "M5450"],
    "lines": [{"cpt": "97012", "modifiers": ["GP"], "charge": 22.10, "dx_pointers": [1, 2]}],
}
CSV = """\
claim_id,payer.kind,payer.profile,form,date_of_service,diagnoses,list,line.cpt,line.modifiers,\
line.charge,line.dx_pointers
S-1,medicare_b,medicare_b,837P,2026-11-24,M5116|M5450,,97012,GP,22.10,1 2
S-1,,,,,,other_lines_same_day,97140,,40,1
"""


def read(**changes: Any) -> ClaimContext:
    return parse_context(json.dumps({**CLAIM, **changes}), "claim.json")


def refusal(text: str, name: str = "claim.json", claim_id: str | None = None) -> str:
    with pytest.raises(ClaimContextInvalid) as caught:
        parse_context(text, name, claim_id)
    assert name in caught.value.message
    return caught.value.message


def test_json_is_read_with_exact_amounts() -> None:
    context = read()
    assert context.date_of_service == date(2026, 11, 24)
    assert context.lines[0].charge == Decimal("22.10")
    assert context.traction_line is context.lines[0]
    assert context.therapy_ytd_allowed is None


def nulls(model: type[BaseModel]) -> dict[str, None]:
    return {name: None for name, field in model.model_fields.items() if field.default is None}


def test_words_that_hide_are_refused_with_their_key() -> None:
    said = refusal(json.dumps({**CLAIM, "billing": {"last_name": "North\u202eClinic"}}))
    assert "has a mark that turns the direction of text (U+202E at character 6 of 12)" in said


def test_null_is_the_same_as_leaving_out() -> None:
    line, party = nulls(ServiceLine), nulls(Party)
    changes: dict[str, Any] = {
        **nulls(ClaimContext),
        "lines": [{**CLAIM["lines"][0], **line, "charge": 22.10}],
        "plan": nulls(PlanOfCare),
        "billing": {**party, "address": nulls(Address)},
    }
    context = read(**changes)
    assert context.lines == read().lines
    assert context.plan == PlanOfCare()
    assert context.billing == Party(address=Address())


def test_csv_gives_the_same_claim_and_the_services_of_the_day() -> None:
    context = parse_context(CSV, "claim.csv")
    assert context.lines == read().lines
    assert context.diagnoses == read().diagnoses
    assert [line.cpt for line in context.other_lines_same_day] == ["97140"]


def test_an_imported_value_names_its_file() -> None:
    context = read()
    field = context.imported("therapy_ytd_allowed", "Allowed this year", None)
    assert field.is_open
    assert (field.origin, field.method) == (Origin.IMPORTED, "from claim.json")
    assert field.digest == context.source_digest != parse_context(CSV, "c.csv").source_digest


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"therapy_ytd": 1}, "key therapy_ytd is not known; did you mean therapy_ytd_allowed?"),
        ({"payer": {"kind": "medicare_b", "profil": "x"}}, "did you mean profile?"),
        ({"lines": [{"cpt": "97012", "modifier": ["GP"]}]}, "key lines.1.modifier is not known"),
        ({"lines": [{"cpt": "97012", "units": "many"}]}, "lines.1.units='many'"),
        ({"date_of_service": "24.11.2026"}, "date_of_service='24.11.2026'"),
        ({"form": None}, "form=None"),
        ({"source": "x"}, "key source is set by the program; remove it"),
        (
            {"lines": [{"cpt": "97012", "started_at": "2026-11-24T10:00:00"}]},
            "lines.1.started_at='2026-11-24T10:00:00': Input should have timezone info",
        ),
        (
            {
                "lines": [
                    {
                        "cpt": "97012",
                        "started_at": "2026-11-24T10:00:00Z",
                        "ended_at": "2026-11-24T09:00:00Z",
                    }
                ]
            },
            "line 97012: ended_at is before started_at; correct it",
        ),
    ],
)
def test_a_refusal_names_file_key_and_next_step(changes: dict[str, Any], words: str) -> None:
    assert words in refusal(json.dumps({**CLAIM, **changes}))


def test_a_missing_key_is_named() -> None:
    assert "key claim_id is missing; add it" in refusal("{}")


def test_what_is_no_claim_file_is_refused_in_words(tmp_path: Path) -> None:
    assert "not valid JSON" in refusal("{")
    assert "must be one object" in refusal("[]")
    assert "not valid TOML" in refusal("a = ", "claim.toml")
    assert "ending '.xml'" in refusal("<a/>", "claim.xml")
    assert "holds no row" in refusal("claim_id\n", "claim.csv")
    assert "row 2 does not have 1 cells" in refusal("claim_id\n1,2\n", "claim.csv")
    assert "column 'form' stands twice" in refusal("form,form\na,b\n", "claim.csv")
    assert "leads through a value" in refusal("payer,payer.kind\na,b\n", "claim.csv")
    assert "list='others'" in refusal("list,line.cpt\nothers,97012\n", "claim.csv")
    with pytest.raises(ClaimContextInvalid, match=r"absent\.json cannot be read"):
        imported_claim(tmp_path / "absent.json")
    (tmp_path / "latin.csv").write_bytes(b"\xe9")
    with pytest.raises(ClaimContextInvalid, match="not UTF-8 text"):
        imported_claim(tmp_path / "latin.csv")


def test_a_csv_of_several_claims_gives_the_one_that_is_asked_for() -> None:
    text = CSV + CSV.splitlines()[1].replace("S-1", "S-2").replace("22.10", "30") + "\n"
    assert parse_context(text, "day.csv", "S-2").lines[0].charge == Decimal(30)
    assert len(parse_context(text, "day.csv", "S-1").all_lines) == 2
    assert "holds 2 claims" in refusal(text, "day.csv", "S-9")
    by_account = text.replace("S-2", account_number("S-2"))
    assert parse_context(by_account, "day.csv", "S-2").lines[0].charge == Decimal(30)


def test_rows_of_one_claim_must_agree() -> None:
    text = CSV.replace("S-1,,,,,,other", "S-1,va,,,,,other")
    assert "payer.kind='va' differs from 'medicare_b'" in refusal(text, "claim.csv")


@given(st.text(max_size=300), st.sampled_from([".json", ".csv", ".toml"]))
def test_any_text_is_read_or_refused(text: str, ending: str) -> None:
    said = f"claim{ending}"
    try:
        parse_context(text, f"claim{ending}")
    except ClaimContextInvalid as refused:
        said = refused.message
    assert f"claim{ending}" in said

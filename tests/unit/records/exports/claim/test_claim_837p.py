"""The 837P preview: its grammar by pyx12, what pyx12 misses by our own checks, gaps by name."""

from __future__ import annotations

import io
import json
import logging
import re
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pyx12.params import ParamsBase
from pyx12.x12n_document import x12n_document

from controller.errors import ExportIncomplete, ExportRefused
from records.claim.context import ClaimContext
from records.exports.claim.check_837p import check_837p
from records.exports.claim.claim_837p import claim_837p
from records.exports.claim.x12 import amount, words
from tests.support.claims import MADE_AT, made_claim

SESSION = "20261124T160000Z-0a1b2c"
TODAY = MADE_AT.date()
CLAIMS = 200


def written(context: ClaimContext, **options: Any) -> str:
    made: dict[str, Any] = {"session_id": SESSION, "made_at": MADE_AT, "signed": True} | options
    return claim_837p(context, **made)


def pyx12_faults(text: str) -> list[str]:
    """What pyx12 reports of a file, with the texts of its errors."""
    logging.getLogger("pyx12").setLevel(logging.CRITICAL + 1)
    report = io.StringIO()
    sound = x12n_document(ParamsBase(), io.StringIO(text), io.StringIO(), None, fd_json=report)
    found = [text for key, text in _pairs(json.loads(report.getvalue())) if key == "err_str"]
    assert sound == (not found)
    return found


def _pairs(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [p for k, v in value.items() for p in [(k, v), *_pairs(v)]]
    if isinstance(value, list):
        return [p for item in value for p in _pairs(item)]
    return []


def test_two_hundred_claims_pass_the_validator() -> None:
    texts = [
        written(
            made_claim(seed),
            session_id=f"{SESSION}{seed}",
            signed=seed % 2 == 0,
            not_ready="NOT READY: T-021, N-03" if seed % 5 == 0 else "",
        )
        for seed in range(CLAIMS)
    ]
    assert len({text.split("CLM*")[1].split("*")[0] for text in texts}) > CLAIMS / 2
    assert pyx12_faults("".join(texts)) == []


def test_the_validator_finds_what_is_broken_in_such_a_file() -> None:
    texts = [written(made_claim(seed)) for seed in range(3)]
    broken = "".join(texts).replace("*UN*1*", "*ZZ*1*", 1)
    assert pyx12_faults(broken) != []


def test_the_claim_and_its_lines_lead_back_to_the_session() -> None:
    text = written(made_claim(1), not_ready="NOT READY: T-021")
    assert f"REF*6R*{SESSION.upper()}-1~" in text
    assert "NTE*ADD*NOT READY T-021~" in text
    assert text == text.upper()


def test_modifiers_of_the_practice_and_accepted_ones_stand_on_the_traction_line_only() -> None:
    lines = [
        {"cpt": "97012", "modifiers": ["GP"], "charge": "22", "dx_pointers": [1], "pos": "11"},
        {"cpt": "97140", "modifiers": [], "charge": "40", "dx_pointers": [1], "pos": "11"},
    ]
    text = written(made_claim(1, lines=lines), accepted=("59", "GP"))
    assert "SV1*HC:97012:59:GP*22*" in text
    assert "SV1*HC:97140*40*" in text


def test_everything_that_is_missing_is_named_at_once() -> None:
    context = made_claim(1, patient=None, billing={"last_name": "Clinic"})
    context = context.model_copy(update={"submitter_id": None})
    with pytest.raises(ExportIncomplete) as refused:
        written(context)
    for name in ("patient", "submitter_id", "billing.npi", "billing.tin", "billing.address"):
        assert name in refused.value.message


def test_a_patient_who_pays_himself_has_no_837p() -> None:
    payer = {"kind": "self_pay", "profile": "commercial", "name": "N", "payer_id": "1"}
    with pytest.raises(ExportIncomplete, match="self_pay"):
        written(made_claim(1, payer=payer))


def test_a_lines_own_rendering_provider_is_refused_because_no_name_is_known() -> None:
    line = {
        "cpt": "97012",
        "charge": "22",
        "dx_pointers": [1],
        "pos": "11",
        "rendering_npi": "1093817465",
    }
    with pytest.raises(ExportIncomplete, match="1093817465"):
        written(made_claim(1, lines=[line]))


def test_words_are_carried_or_refused_never_lost() -> None:
    assert words("name", "José  Müller*~\n", 30) == "JOSE MULLER"
    with pytest.raises(ExportIncomplete, match="Latin letters"):
        words("name", "痛", 30)
    with pytest.raises(ExportIncomplete, match="takes 3"):
        words("name", "Jane", 3)


@pytest.mark.parametrize(
    ("value", "shown"), [("22.00", "22"), ("22.50", "22.5"), ("0.05", "0.05"), ("100", "100")]
)
def test_amounts_have_no_needless_zeros(value: str, shown: str) -> None:
    assert amount(Decimal(value)) == shown


def test_a_sound_text_has_no_fault() -> None:
    for seed in range(20):
        assert check_837p(written(made_claim(seed)), TODAY) == []


@pytest.mark.parametrize(
    ("check", "old", "new"),
    [
        ("X-01", r"CLM\*([^*]+)\*[0-9.]+\*", r"CLM*\1*1*"),
        ("X-01", r"CLM\*([^*]+)\*[0-9.]+\*", r"CLM*\1*MUCH*"),
        ("X-02", r"627010001", "62701"),
        ("X-02", r"6270[12][0-9]*~", "6270~"),
        ("X-03", r"DMG\*D8\*\d{8}", "DMG*D8*20990101"),
        ("X-03", r"DMG\*D8\*\d{8}", "DMG*D8*19991332"),
        ("X-03", r"DTP\*472\*D8\*\d{8}", "DTP*472*D8*20261125"),
        ("X-04", r"HI\*ABK:M", "HI*ABK:m"),
    ],
)
def test_each_check_finds_its_fault_which_the_validator_may_miss(
    check: str, old: str, new: str
) -> None:
    broken = re.sub(old, new, written(made_claim(3)))
    assert {fault.check_id for fault in check_837p(broken, TODAY)} == {check}


def test_a_claim_of_tomorrow_is_not_written() -> None:
    context = made_claim(1, date_of_service=date(2026, 11, 25))
    with pytest.raises(ExportRefused, match="X-03 date of service"):
        written(context)


def test_a_small_letter_in_a_code_is_not_mended_but_refused() -> None:
    with pytest.raises(ExportRefused, match="X-04"):
        written(made_claim(1, diagnoses=["m5116"] * 8))

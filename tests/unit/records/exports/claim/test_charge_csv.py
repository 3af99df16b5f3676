"""The charge CSV opens with each receiver's columns, and an importer gets no unready row."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from controller.errors import ExportIncomplete, ExportRefused, ReceiverInvalid, RequestRefused
from records.claim.charge_line import COLUMNS
from records.exports.claim.charge_csv import charge_csv
from records.exports.messages.receiver_maps import (
    OWN,
    Receiver,
    find_receiver,
    load_receivers,
    own_receiver,
    parse_receiver,
)
from records.visit.visit import Visit
from tests.support.claims import made_claim
from tests.support.documents import SCRUBBED, SESSION_ID, made_visit

RECEIVERS = load_receivers()
LINE = {
    "cpt": "97012",
    "modifiers": ["GP", "59"],
    "charge": "22.50",
    "dx_pointers": [2, 1],
    "pos": "11",
}
OWN_MAP = """
name = "mine"
meaning = "mine"
source = "my vendor, 2026"
reviewed = 2026-11-25
importer = false
delimiter = ";"
date_format = "%d.%m.%Y"
columns = [{ head = "id", fields = ["session_id"] }, { head = "day", fields = ["dos"] }]
"""


def row_of(visit: Visit, receiver: Receiver) -> dict[str, str]:
    text = charge_csv(visit, receiver)
    assert text.count("\r\n") == 2
    (row,) = csv.DictReader(io.StringIO(text, newline=""), delimiter=receiver.delimiter)
    assert list(row) == [column.head for column in receiver.columns]
    return row


def test_the_program_s_own_receiver_is_the_shipped_one() -> None:
    assert own_receiver() == RECEIVERS[OWN]


def test_the_own_map_holds_every_column_of_the_charge_line() -> None:
    assert [column.head for column in RECEIVERS["own"].columns] == [*COLUMNS, "not_ready"]


@pytest.mark.parametrize("name", sorted(RECEIVERS))
def test_a_complete_visit_opens_with_the_receivers_columns(name: str) -> None:
    context = made_claim(1, lines=[LINE], diagnoses=["M5116", "M5450"])
    row = row_of(made_visit(context=context), RECEIVERS[name])
    assert SESSION_ID in row.values()
    for column in RECEIVERS[name].columns:
        if set(column.fields) & set(RECEIVERS[name].needs):
            assert row[column.head]


def test_the_refactor_like_map_joins_with_bars() -> None:
    context = made_claim(1, lines=[LINE], diagnoses=["M5116", "M5450"])
    row = row_of(made_visit(context=context), RECEIVERS["refactor"])
    assert row["modifiers"] == "GP|59"
    assert row["icd_codes"] == "M5450|M5116"
    assert row["pointers"] == "1|2"
    assert (row["hcpcs_code"], row["units"], row["charge_amount"]) == ("97012", "1", "22.50")


@pytest.mark.parametrize(("dots", "codes"), [("true", "M51.16"), ("false", "M5116")])
@pytest.mark.parametrize("claimed", ["M5116", "M51.16", None])
def test_diagnoses_have_their_dot_as_the_receiver_says(
    dots: str, codes: str, claimed: str | None
) -> None:
    text = OWN_MAP.replace('["dos"]', '["dx1"]').replace(
        "importer", f"diagnosis_dots = {dots}\nimporter"
    )
    context = (
        made_claim(1, lines=[LINE | {"dx_pointers": [1]}], diagnoses=[claimed]) if claimed else None
    )
    assert row_of(made_visit(context=context), parse_receiver(text, "mine.toml"))["day"] == codes


def test_a_receiver_of_x12_alone_needs_no_columns_and_gets_no_csv() -> None:
    text = OWN_MAP.partition("columns")[0] + 'x12 = { characters = "extended" }\n'
    receiver = parse_receiver(text, "mine.toml")
    assert receiver.x12.characters == "extended"
    with pytest.raises(ReceiverInvalid, match="mine has no columns and takes no CSV"):
        charge_csv(made_visit(), receiver)


def test_the_pmhelpcenter_like_maps_write_american_dates() -> None:
    visit = made_visit(context=made_claim(1, lines=[LINE]))
    assert row_of(visit, RECEIVERS["pmhelpcenter"])["From DOS"] == "11/24/2026"
    born = row_of(visit, RECEIVERS["pmhelpcenter-patients"])["DOB"]
    assert visit.context is not None
    assert visit.context.patient is not None
    assert visit.context.patient.birth_date is not None
    assert born == visit.context.patient.birth_date.strftime("%m/%d/%Y")


def test_without_a_context_the_own_map_leaves_cells_empty_and_an_importer_refuses() -> None:
    row = row_of(made_visit(), RECEIVERS["own"])
    assert (row["charge"], row["mod1"], row["dx1"], row["minutes"]) == ("", "", "M51.16", "10")
    with pytest.raises(ExportIncomplete, match="misses charge, pos, rendering_npi"):
        row_of(made_visit(), RECEIVERS["refactor"])


def test_errors_stand_in_the_own_row_and_block_an_importer() -> None:
    visit = made_visit(context=made_claim(1, lines=[LINE]), errors=("T-021: add GP.",))
    assert row_of(visit, RECEIVERS["own"])["not_ready"] == "T-021: add GP."
    with pytest.raises(ExportRefused, match=r"not ready.*T-021: add GP"):
        row_of(visit, RECEIVERS["refactor"])


def test_a_row_that_no_rule_has_looked_at_says_so_and_no_importer_gets_it() -> None:
    unscrubbed = made_visit(context=made_claim(1, lines=[LINE]), scrubbed=False)
    row = row_of(unscrubbed, RECEIVERS["own"])
    assert row["not_ready"] == "NOT SCRUBBED: no rule has looked at this claim"
    assert row_of(replace(unscrubbed, report=SCRUBBED), RECEIVERS["own"])["not_ready"] == ""
    with pytest.raises(ExportRefused, match="NOT SCRUBBED"):
        row_of(unscrubbed, RECEIVERS["refactor"])


def test_a_cell_that_a_spreadsheet_would_run_is_made_harmless() -> None:
    shown = charge_csv(made_visit(errors=("=1+1",)), RECEIVERS["own"]).splitlines()[1]
    assert shown.endswith(",'=1+1")


def test_a_session_without_treatment_has_no_row() -> None:
    with pytest.raises(RequestRefused, match="never reached its hold force"):
        row_of(made_visit(treated=False), RECEIVERS["own"])


def test_users_add_and_replace_maps(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(OWN_MAP)
    (tmp_path / "refactor.toml").write_text(OWN_MAP.replace('"mine"', '"refactor"', 1))
    found = load_receivers(tmp_path)
    assert row_of(made_visit(), found["mine"]) == {"id": SESSION_ID, "day": "24.11.2026"}
    assert len(found["refactor"].columns) == 2
    assert set(found) == {*RECEIVERS, "mine"}
    assert find_receiver("refactor", tmp_path) == found["refactor"]


def test_a_map_that_is_wrong_keeps_no_other_back(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(OWN_MAP)
    (tmp_path / "broken.toml").write_text("name =")
    assert find_receiver("mine", tmp_path).name == "mine"
    with pytest.raises(ReceiverInvalid, match=r"receiver broken\.toml"):
        find_receiver("broken", tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('["dos"]', '["dose"]', "'dose' is not one of"),
        ('["session_id"]', '["mrn"]', "no column holds session_id"),
        ('head = "day"', 'head = "id"', "column 'id' stands twice"),
        ('name = "mine"', 'name = "other"', "is not the file's name"),
        ("importer = false", 'importer = false\nneeds = ["pos"]', "needs 'pos'"),
        ("delimiter", "delimeter", "did you mean delimiter"),
        ('name = "mine"', 'name = "mine"\nx12.characters = "utf-8"', "x12.characters"),
        ('name = "mine"', 'name = "mine"\nx12.sender_qualifier = "31"', "x12.sender_qualifier"),
    ],
)
def test_a_wrong_map_is_refused_with_file_and_key(old: str, new: str, said: str) -> None:
    with pytest.raises(ReceiverInvalid, match=r"receiver mine\.toml") as refused:
        parse_receiver(OWN_MAP.replace(old, new), "mine.toml")
    assert said in refused.value.message

"""The estimate is the published arithmetic, step by step, and nothing else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from controller.errors import RequestRefused, RulesInvalid
from records.claim.estimate import TRADE_FIGURES, allowed_amount, estimate, expected_of_day
from records.claim.fees import parse_fees
from tests.unit.records.claim.rules.builders import fee_row, fee_table, service, visit

# Year, work, PE, MP, CF, and the amounts: full, with the cut, by an assistant, both (CMS PPRRVU
# files 2022-2026 at national indices; the amounts are this arithmetic done by hand).
REFERENCE = [
    ("2022", "0.25", "0.16", "0.01", "34.6062", "14.53", "11.77", "12.35", "10.00"),
    ("2023", "0.25", "0.17", "0.01", "33.8872", "14.57", "11.69", "12.38", "9.94"),
    ("2024 to March", "0.25", "0.16", "0.01", "32.7442", "13.75", "11.13", "11.69", "9.46"),
    ("2024", "0.25", "0.16", "0.01", "33.2875", "13.98", "11.32", "11.88", "9.62"),
    ("2025", "0.25", "0.18", "0.01", "32.3465", "14.23", "11.32", "12.10", "9.62"),
    ("2026", "0.24", "0.18", "0.01", "33.4009", "14.36", "11.36", "12.21", "9.66"),
    ("2026 QP", "0.24", "0.18", "0.01", "33.5675", "14.43", "11.41", "12.27", "9.70"),
]
FEES = """
valid_from = 2026-01-01
valid_to = 2026-12-31
source = "PPRRVU2026"
conversion_factor = 33.4009
gpci_pe = 1.1
[[rows]]
code = "97012"
work = 0.24
pe = 0.18
mp = 0.01
"""


@pytest.mark.parametrize("row", REFERENCE, ids=lambda row: row[0])
def test_the_amounts_are_those_of_the_reference(row: tuple[str, ...]) -> None:
    _, work, pe, mp, factor, full, cut, assistant, both = row
    fees = fee_row(work=work, pe=pe, mp=mp, conversion_factor=factor)
    assert allowed_amount(fees) == Decimal(full)
    assert allowed_amount(fees, cut_expense=True) == Decimal(cut)
    assert allowed_amount(fees, assistant=True) == Decimal(assistant)
    assert allowed_amount(fees, cut_expense=True, assistant=True) == Decimal(both)


def test_every_step_is_shown() -> None:
    made = estimate(fee_table(), visit().context, cut_expense=True, assistant=True)
    assert made.label == "estimate"
    assert made.amount == Decimal("9.66")
    shown = [(step.what, step.how, step.shown) for step in made.steps]
    assert shown == [
        ("work", "0.24 x 1", "0.24"),
        (
            "practice expense, cut by half (several therapy services)",
            "0.18 x 1 x 0.5",
            "0.090",
        ),
        ("malpractice", "0.01 x 1", "0.01"),
        ("relative value", "sum", "0.340"),
        ("amount", "0.340 x $33.4009", "$11.36"),
        ("assistant (CQ or CO)", "$11.36 x 0.85", "$9.66"),
    ]


def test_the_place_counts() -> None:
    (row,) = parse_fees(FEES, "fees.toml").rows
    # 0.24 + 0.18 * 1.1 + 0.01 = 0.448; * 33.4009 = 14.9636...
    assert allowed_amount(row) == Decimal("14.96")


def test_an_agreed_amount_is_taken_as_it_is() -> None:
    row = fee_row(work=None, pe=None, mp=None, conversion_factor=None, amount="18.50")
    assert allowed_amount(row) == Decimal("18.50")
    assert allowed_amount(row, assistant=True) == Decimal("15.73")


def test_the_day_s_amount_adds_the_lines_that_are_priced() -> None:
    made = visit(same_day=[service("97110", units=2), service("97999")])
    table = fee_table(fee_row(), fee_row("97110", pe="0.41"))
    assert expected_of_day(made.context, table) == Decimal("14.36") + 2 * Decimal("22.04")


def test_a_table_without_the_code_or_the_day_is_refused() -> None:
    with pytest.raises(RequestRefused, match=r"fees\.toml has no row for 97012 on 2026-11-24"):
        estimate(fee_table(fee_row("97110")), visit().context, cut_expense=False, assistant=False)
    assert fee_table().find("97012", date(2025, 12, 31)) is None


def test_csv_and_toml_give_the_same_rows() -> None:
    text = (
        "code,work,pe,mp,conversion_factor,gpci_work,gpci_pe,gpci_mp,valid_from,valid_to,source\n"
        "97012,0.24,0.18,0.01,33.4009,,1.1,,2026-01-01,2026-12-31,PPRRVU2026\n"
    )
    assert parse_fees(text, "fees.csv").rows == parse_fees(FEES, "fees.toml").rows


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("code,work\n97012,1\n", "fees.csv", "rows.1.valid_from is missing"),
        ("code\n97012,1\n", "fees.csv", "a row has more cells than the head"),
        (
            'code\n"' + "x" * 200_000,
            "fees.csv",
            "not valid CSV at line 1 (field larger than field limit",
        ),
        ("rows = []", "fees.toml", "rows"),
        ("rows = 3", "fees.toml", "rows is 3, no list; begin each row with [[rows]]"),
        ("[rows]\ncode = 1", "fees.toml", "rows is {'code': 1}, no list"),
        (FEES.replace("pe = 0.18\n", ""), "fees.toml", "needs work, pe, mp and conversion_factor"),
        (FEES + "amount = 3\n", "fees.toml", "has an amount and relative values"),
        (FEES.replace("0.24", "-1"), "fees.toml", "rows.1.work"),
        (FEES, "fees.xlsx", "is not .csv or .toml"),
    ],
)
def test_a_broken_fee_table_is_refused(text: str, name: str, words: str) -> None:
    with pytest.raises(RulesInvalid) as caught:
        parse_fees(text, name)
    assert f"fee table {name}" in caught.value.message
    assert words in caught.value.message


def test_the_trade_figures_are_called_so() -> None:
    assert "Trade figures" in TRADE_FIGURES
    assert "$14-$22" in TRADE_FIGURES
    assert "$7-$19" in TRADE_FIGURES

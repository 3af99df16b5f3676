"""Estimates the payment for 97012, line by line from the user's fee table; it is never a promise.

amount = (work x GPCI + practice expense x GPCI + malpractice x GPCI) x conversion factor

Several therapy services on one day: half of the practice expense (multiple-procedure reduction).
Done by an assistant: 85 % of the amount. Each amount is rounded to cents before the next step, as
the published amounts are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from controller.errors import RequestRefused
from records.claim.context import TRACTION_CPT, ClaimContext

if TYPE_CHECKING:
    from records.claim.fees import FeeRow, FeeTable

CENT = Decimal("0.01")
EXPENSE_KEPT = Decimal("0.5")
"""CMS, multiple-procedure indicator 5: 50 % of the practice expense (since 2013-04-01)."""
ASSISTANT_PAID = Decimal("0.85")
"""42 USC 1395m(v), since 2022-01-01."""
LABEL = "estimate"
TRADE_FIGURES = (
    "Trade figures beside it: $14-$22 a session from Medicare, $7-$19 from private insurers. They "
    "are a trade page's ranges; $22 is not reached by the national Medicare amounts of 2022-2026."
)
OWN_COST = (
    "Own cost: deductible, coinsurance (Medicare Part B: 20 % of the allowed amount) or a refusal "
    "may leave a part or all of it to the patient; some plans do not cover mechanical traction. "
    "Tell the patient before treating and record it (patient_notice)."
)
AUTHORIZATION = (
    "Prior authorization: ask the plan whether it wants one for 97012; without it the payer may "
    "refuse."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line of the arithmetic: what, how and the value (a relative value or US dollars)."""

    what: str
    how: str
    value: Decimal
    in_dollars: bool = False

    @property
    def shown(self) -> str:
        """Returns the value for people: an amount of money has its sign."""
        return f"${self.value}" if self.in_dollars else f"{self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The amount of one unit with its arithmetic and the source of its numbers."""

    amount: Decimal
    steps: tuple[Step, ...]
    row: FeeRow
    table: str
    label: str = LABEL


def estimate(
    table: FeeTable, context: ClaimContext, *, cut_expense: bool, assistant: bool
) -> Estimate:
    """Returns the estimate for a claim's 97012.

    Raises RequestRefused when the table has no row for it.
    """
    row = table.find(TRACTION_CPT, context.date_of_service)
    if row is None:
        raise RequestRefused(
            f"fee table {table.name} has no row for {TRACTION_CPT} on {context.date_of_service}; "
            "add one with valid_from and valid_to around that day"
        )
    steps = tuple(_steps(row, cut_expense=cut_expense, assistant=assistant))
    return Estimate(amount=steps[-1].value, steps=steps, row=row, table=table.name)


def allowed_amount(row: FeeRow, *, cut_expense: bool = False, assistant: bool = False) -> Decimal:
    """Returns the amount of one unit in US dollars."""
    return list(_steps(row, cut_expense=cut_expense, assistant=assistant))[-1].value


def expected_of_day(context: ClaimContext, table: FeeTable) -> Decimal:
    """Returns the full amounts of the claim's lines that the table prices."""
    total = Decimal(0)
    for line in context.lines:
        row = table.find(line.cpt, context.date_of_service)
        total += line.units * allowed_amount(row) if row else 0
    return total


def cents(amount: Decimal) -> Decimal:
    """Returns it rounded half up, as amounts of money are."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def _steps(row: FeeRow, *, cut_expense: bool, assistant: bool) -> Iterator[Step]:
    if row.amount is not None:
        amount = cents(row.amount)
        yield Step(what="agreed amount", how=f"from {row.source}", value=amount, in_dollars=True)
    else:
        for step in _relative_value_steps(row, cut_expense=cut_expense):
            amount = step.value
            yield step
    if assistant:
        cut = cents(amount * ASSISTANT_PAID)
        how = f"${amount} x {ASSISTANT_PAID}"
        yield Step(what="assistant (CQ or CO)", how=how, value=cut, in_dollars=True)


def _relative_value_steps(row: FeeRow, *, cut_expense: bool) -> Iterator[Step]:
    assert row.work is not None
    assert row.pe is not None
    assert row.mp is not None
    assert row.conversion_factor is not None
    parts = [
        Step(what="work", how=f"{row.work} x {row.gpci_work}", value=row.work * row.gpci_work),
        _expense(row.pe, row.gpci_pe, cut_expense),
        Step(what="malpractice", how=f"{row.mp} x {row.gpci_mp}", value=row.mp * row.gpci_mp),
    ]
    yield from parts
    total = sum((part.value for part in parts), Decimal(0))
    yield Step(what="relative value", how="sum", value=total)
    amount = cents(total * row.conversion_factor)
    how = f"{total} x ${row.conversion_factor}"
    yield Step(what="amount", how=how, value=amount, in_dollars=True)


def _expense(pe: Decimal, gpci: Decimal, cut: bool) -> Step:
    if not cut:
        return Step(what="practice expense", how=f"{pe} x {gpci}", value=pe * gpci)
    return Step(
        what="practice expense, cut by half (several therapy services)",
        how=f"{pe} x {gpci} x {EXPENSE_KEPT}",
        value=pe * gpci * EXPENSE_KEPT,
    )

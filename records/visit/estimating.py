"""Estimates the payment for the billed line of a visit, as a Python API for command and page."""

from __future__ import annotations

from pathlib import Path

from controller.errors import RequestRefused
from records.claim.code_sets import ASSISTANTS
from records.claim.estimate import Estimate, estimate
from records.claim.fees import read_fees
from records.claim.rules.findings import Found
from records.claim.rules.predicates.same_day import multiple_procedure_cut
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from records.visit.visit import Visit


def clinic_fee_table(folder: RecordFolder) -> Path | None:
    """Returns the fee table in the clinic's record, relative to the data folder.

    None without one.
    """
    clinic = read_standing(folder).clinic
    named = clinic.record.fee_table if clinic else ""
    return folder.path / named if named else None


def estimate_visit(visit: Visit, table_file: Path | None = None) -> Estimate:
    """Returns the estimate of a visit that was ``billed``, reduced according to its claim.

    Raises RequestRefused without a fee table.
    """
    facts, context = visit.facts, visit.context
    assert facts is not None, "an estimate is of a billed visit"
    assert context is not None, "an estimate is of a billed visit"
    table = read_fees(table_file) if table_file else facts.tables.fees
    if table is None:
        raise RequestRefused(
            "no fee table is loaded; name one in the clinic's record (fee_table) or in "
            "tables.toml, or give one with --fees FILE"
        )
    cut = any(isinstance(told, Found) for told in multiple_procedure_cut(facts))
    assistant = facts.medicare and bool(facts.modifiers & ASSISTANTS.keys())
    return estimate(table, context, cut_expense=cut, assistant=assistant)

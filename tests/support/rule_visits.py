"""Checks visits of the rules' tests as the command line does: claim, payer, tables as files.

The note of such a visit is made by hand; what the command line's own notes never contain is named.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from records.claim.context_file import ImportedClaim
from records.claim.decision import BILLING, BillingDecision
from records.claim.fees import FeeTable
from records.claim.rules.pairs import PairTable
from records.claim.rules.scrubber import ScrubReport
from records.claim.rules.tables import ScrubTables, shipped_tables
from records.clinic.acceptance import Acceptance
from records.exports.ready import scrubbed
from records.store.record_folder import RecordFolder
from records.visit.visit import Visit
from tests.unit.records.claim.rules.builders import Visit as RuleVisit

CONTEXT_FILE = "case.json"


def beyond_the_command(made: RuleVisit) -> bool:
    """True if only Python can make the visit: no note, trial, list of codes or verified chain."""
    unwalked = made.beside.log_altered != "" or made.beside.refusals != ()
    unwalked |= made.beside.other_sessions != ()
    unwalked |= made.context.other_payer is not None and made.beside.other_profile is None
    return made.note is None or made.tables.code_list is None or unwalked


def by_command(folder: RecordFolder, loaded: Visit, made: RuleVisit) -> ScrubReport:
    """The report that the command line makes of a visit, with the visit's files in ``folder``."""
    assert made.note is not None
    assert made.record is not None
    _write(folder.payers / f"{made.profile.name}.toml", _profile(made))
    _write(folder.tables, "\n".join(_tables(folder.path, made.tables)))
    context = made.context.model_dump(mode="json", exclude={"source", "source_digest"})
    written = ImportedClaim(json.dumps(context), CONTEXT_FILE)
    imported = written if made.context.is_imported else None
    record = made.record if imported else loaded.record
    decided = _acceptances(made.beside.decision)
    visit = replace(loaded, note=made.note, record=record, acceptances=decided)
    payer = made.profile.name
    report = scrubbed(folder, visit, payer=payer, imported=imported).report
    assert report is not None
    return report


def _acceptances(decision: BillingDecision | None) -> tuple[Acceptance, ...]:
    """A decision in the form stored in clinic.db."""
    if decision is None:
        return ()
    kept = Acceptance(
        session_id="session-1",
        what=BILLING,
        value=decision.value,
        accepted=True,
        evidence=(f"reason: {decision.reason}",),
        by=decision.by,
        at_utc_ms=0,
    )
    return (kept,)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _profile(made: RuleVisit) -> str:
    return "\n".join(_toml(made.profile.model_dump(exclude_none=True)))


def _toml(values: Mapping[str, Any]) -> Iterator[str]:
    """Write flat values first, then tables."""
    tables = {key: value for key, value in values.items() if isinstance(value, dict)}
    for key, value in values.items():
        if key not in tables:
            yield f"{json.dumps(key)} = {_shown(value)}"
    for key, value in tables.items():
        yield f"[{key}]"
        yield from _toml(value)


def _shown(value: Any) -> str:
    if isinstance(value, date | Decimal):
        return str(value)
    return json.dumps(value)


def _tables(folder: Path, tables: ScrubTables) -> Iterator[str]:
    if tables.pairs is not shipped_tables().pairs:
        yield from _pairs(folder, tables.pairs)
    if tables.fees is not None:
        yield from _fees(folder, tables.fees)


def _pairs(folder: Path, pairs: PairTable) -> Iterator[str]:
    rows = (row for held in pairs.by_partner.values() for row in held)
    text = "\n".join(f"{row.column_1},{row.column_2},,,{row.indicator}" for row in rows)
    _write(folder / "pairs.csv", f"{text}\n")
    yield "[pairs]"
    yield from _toml(
        {
            "file": "pairs.csv",
            "valid_from": pairs.valid_from,
            "valid_to": pairs.valid_to,
            "source": pairs.source,
        }
    )


def _fees(folder: Path, fees: FeeTable) -> Iterator[str]:
    rows = [row.model_dump(exclude_none=True) for row in fees.rows]
    text = "\n".join("\n".join(("[[rows]]", *_toml(row))) for row in rows)
    _write(folder / "fees.toml", f"{text}\n")
    yield '[fees]\nfile = "fees.toml"'

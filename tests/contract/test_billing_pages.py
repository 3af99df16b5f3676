"""The billing pages agree with the existing rules, fields, commands and tests."""

from __future__ import annotations

import ast
import re
import runpy
from typing import Any

import pytest
import typer
from pydantic import BaseModel

from records.claim.charge_line import COLUMNS
from records.claim.context import ClaimContext
from records.claim.context_file import READERS_KEYS
from records.claim.rules.payer_profile import PayerProfile, shipped_profiles
from records.claim.rules.rule_data import shipped_rules
from records.exports.messages.receiver_maps import parse_receiver
from records.note.fields import clinician_fields
from tests.support.pages import DOCS, ROOT, code_names, read, rows, sections
from tests.unit.records.claim.rules.cases import CASES
from workstation.cli import program

DEVICE_FIELDS = set(
    re.findall(
        r'self\._(?:device|ordered_field|phases|measured)\(\s*"(\w+)"',
        (ROOT / "records" / "note" / "device_fields.py").read_text(encoding="utf-8"),
    )
)
COVERAGE = rows(read("reference/mission-coverage.md"))


def has_key(path: str) -> bool:
    """True if a dotted key leads to a value of the claim context."""
    model: Any = ClaimContext
    for part in path.split("."):
        fields = getattr(model, "model_fields", {})
        if part not in fields:
            return False
        model = next(iter(models_in(fields[part].annotation)), None)
    return True


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for a in getattr(annotation, "__args__", ()) for m in models_in(a)]


def command_names() -> set[str]:
    return {f"traction {name}" for name in typer.main.get_command(program()).commands}  # type: ignore[attr-defined]


KNOWN = {
    "rule": {rule.id for rule in shipped_rules().rule},
    "field": DEVICE_FIELDS | {f.name for f in clinician_fields(stopped=True, adjusted=True)},
    "column": set(COLUMNS),
    "command": command_names(),
    "profile": set(shipped_profiles()),
}


@pytest.mark.parametrize("row", COVERAGE, ids=lambda row: row[0][:50])
def test_every_statement_has_a_home_and_a_test_that_exist(row: list[str]) -> None:
    statement, homes, test = row
    named = re.findall(r"(\w+) `([^`]+)`", f"{homes}`")
    assert named, f"{statement}: no home"
    for kind, name in named:
        found = has_key(name) if kind == "context" else name in KNOWN[kind]
        assert found, f"{statement}: {kind} {name} does not exist"
    path, _, function = test.partition("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert function in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}, test


def test_every_rule_of_the_trade_guide_is_named() -> None:
    named = set(re.findall(r"[TN]-\d{2,3}", read("reference/mission-coverage.md")))
    from_mission = {rule.id for rule in shipped_rules().rule if rule.mission}
    assert from_mission <= named
    assert named <= {case.rule_id for case in CASES}


def test_the_page_of_rules_is_made_from_the_data() -> None:
    made = runpy.run_path(str(ROOT / "tools" / "rules_page.py"))["page"]()
    assert (DOCS / "reference" / "rules.md").read_text(encoding="utf-8") == made, (
        "run: python tools/rules_page.py"
    )


def test_every_key_of_the_claim_context_is_documented() -> None:
    page = sections(read("reference/claim-context.md"))
    for heading, model in MODELS.items():
        expected = set(model.model_fields) - set(READERS_KEYS)
        assert code_names(page[heading]) == expected, heading


def test_every_key_of_a_payer_profile_is_documented() -> None:
    page = sections(read("how-to/add-a-payer.md"))
    assert code_names(page["Keys"]) == set(PayerProfile.model_fields)


def _models() -> dict[str, type[BaseModel]]:
    from records.claim import context as module

    return {
        "The claim": module.ClaimContext,
        "`payer`": module.Payer,
        "`lines` and `other_lines_same_day`": module.ServiceLine,
        "`other_payer`": module.OtherPayer,
        "`adjudication` of `other_payer`": module.Adjudication,
        "`adjudication` of a line": module.LineAdjudication,
        "`adjustments`": module.ClaimAdjustment,
        "`plan`": module.PlanOfCare,
        "`threshold_check`": module.ThresholdCheck,
        "`authorization`": module.Authorization,
        "Parties": module.Party,
        "`address`": module.Address,
        "`device`": module.DeviceStatement,
    }


MODELS = _models()
EXAMPLE = DOCS / "how-to" / "claim-context-example.toml"


def test_the_example_is_read_and_scrubbed() -> None:
    from records.claim.context_file import imported_claim
    from records.claim.rules.facts import Beside
    from records.claim.rules.payer_profile import find_profile
    from records.claim.rules.scrubber import scrub
    from records.claim.rules.tables import shipped_tables

    context = imported_claim(EXAMPLE).context("")
    report = scrub(
        None,
        None,
        context,
        find_profile(context.payer.profile),
        shipped_tables(),
        Beside(refusals=(), other_sessions=()),
    )
    assert [f.rule_id for f in report.findings if f.severity == "error"] == ["T-001"]
    open_ = {why for result in report.not_judged if result.blocks for why in result.why}
    of_the_session = (
        "note is missing",
        "started_at is missing",
        "delivered_minutes is missing",
        "lines.started_at is missing",
        "seal is missing",
        "list of diagnosis codes is missing",
    )
    (pairs,) = (why for why in open_ if not why.startswith(of_the_session))
    assert pairs.startswith("NCCI file of the quarter of 2026-11-24 is missing")


@pytest.mark.parametrize(
    ("page", "name"),
    [("reference/receivers.md", "mine"), ("how-to/export-a-session.md", "clearing")],
)
def test_the_receivers_of_the_pages_are_receivers(page: str, name: str) -> None:
    (text,) = re.findall(rf'```toml\n(name = "{name}".*?)```', read(page), re.DOTALL)
    assert parse_receiver(text, f"{name}.toml").name == name

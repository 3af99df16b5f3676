"""No treatment, no charge: whatever the cause, and a named person decides what is billed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.events import StopCause
from records.claim.charge_line import accepted_modifiers, with_accepted
from records.claim.decision import BILLING, decision_of
from records.clinic.acceptance import Acceptance
from tests.unit.records.claim.rules.builders import PATIENT_STOP, Visit, visit

CAUSES = (
    StopCause.PATIENT_SWITCH_PRESSED,
    StopCause.EMERGENCY_STOP,
    StopCause.CORD_BREAK,
    StopCause.UNIT_WATCHDOG,
    "operator",
)
UNHELD = {"hold_samples": 0, "mean_hold_force_dn": None}
SHORT = {"traction_ms": 40_000, "delivered_minutes": 0}


def severities(made: Visit, rule: str) -> list[str]:
    return [finding.severity for finding in made.found(rule)]


def stopped(cause: StopCause | str, **dose: Any) -> Visit:
    return visit(dose={"stops": (replace(PATIENT_STOP, cause=cause),), **dose})


@pytest.mark.parametrize("cause", CAUSES)
def test_without_a_hold_nothing_is_charged_whatever_stopped_it(cause: StopCause | str) -> None:
    made = stopped(cause, **UNHELD)
    assert severities(made, "T-087") == ["error"]
    assert "no hold was reached" in made.found("T-087")[0].message
    assert made.report().result("N-08").outcome == "not_applicable"
    assert made.report().blocked


@pytest.mark.parametrize("cause", CAUSES)
def test_a_stop_after_a_hold_is_a_warning_with_its_cause(cause: StopCause | str) -> None:
    made = stopped(cause)
    assert severities(made, "N-08") == ["warn"]
    assert str(cause) in made.found("N-08")[0].message
    assert severities(made, "T-087") == []


def test_an_end_of_the_program_is_a_stop() -> None:
    made = visit(note={"interrupted": True})
    assert severities(made, "N-08") == ["warn"]
    assert "the program ended" in made.found("N-08")[0].message


@pytest.mark.parametrize(
    ("dose", "words"),
    [
        (SHORT, "traction ran 40 s, under a minute"),
        ({"treatment_started_ms": None}, "the minutes under traction are not known"),
        (UNHELD, "no hold was reached"),
    ],
)
def test_the_finding_says_what_is_missing(dose: dict[str, Any], words: str) -> None:
    (finding,) = visit(dose=dose).found("T-087")
    assert words in finding.message
    assert "A named person decides" in finding.message


@pytest.mark.parametrize("decided", ["bill", "bill-52"])
def test_a_decision_to_bill_holds_only_where_a_hold_was_reached(decided: str) -> None:
    made = visit(dose=SHORT, decided=decided)
    assert severities(made, "T-087") == ["warn"]
    assert f"P. Jones decided: {decided}, because seen" in made.found("T-087")[0].message
    assert severities(visit(dose=UNHELD, decided=decided), "T-087") == ["error"]


def test_a_decision_not_to_bill_keeps_the_claim_back() -> None:
    made = visit(dose=SHORT, decided="no-bill")
    assert severities(made, "T-087") == ["error"]
    assert severities(made, "T-088") == ["error"]
    assert "P. Jones decided that 97012 is not billed: seen" in made.found("T-088")[0].message
    assert severities(visit(decided="no-bill"), "T-088") == ["error"]


def test_a_decided_stop_is_information() -> None:
    made = visit(dose={"stops": (PATIENT_STOP,)}, decided="bill")
    assert severities(made, "N-08") == ["info"]


def accepted(value: str, at: int = 0, reason: str = "short") -> Acceptance:
    return Acceptance(
        session_id="S-1",
        what=BILLING,
        value=value,
        accepted=True,
        evidence=(f"reason: {reason}", "N-08: stopped"),
        by="P. Jones",
        at_utc_ms=at,
    )


def test_52_stands_on_the_line_only_by_a_decision() -> None:
    context = visit().context
    assert with_accepted(context, [accepted("bill")]).lines[0].modifiers == ("GP",)
    assert with_accepted(context, [accepted("bill-52")]).lines[0].modifiers == ("GP", "52")
    assert accepted_modifiers([accepted("bill-52")], "97140") == ()


def test_the_newest_decision_holds() -> None:
    made = decision_of([accepted("bill", 2), accepted("no-bill", 1)])
    assert made is not None
    assert (made.value, made.by, made.reason) == ("bill", "P. Jones", "short")
    assert decision_of([]) is None
    assert accepted_modifiers([accepted("bill-52", 1), accepted("bill", 2)]) == ()

"""Which requests are possible at a moment, and in which words the others are not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.order.force_unit import ForceUnit
from controller.snapshot import Doing, Snapshot
from tests.support.unit_stages import HOLDING
from workstation.console.possible import BETWEEN_INCREASES, WHO, acts_now

SHOWN = Snapshot(number=1, utc_ms=0, **HOLDING)


def why_not(name: str, signed_in: bool = True, **changes: Any) -> str:
    shown = replace(SHOWN, **changes)
    return acts_now(shown, ForceUnit.NEWTON, signed_in=signed_in)[name].why_not


def test_in_a_hold_everything_but_resume_is_possible() -> None:
    refused = {
        name: act.why_not
        for name, act in acts_now(SHOWN, ForceUnit.NEWTON, signed_in=True).items()
        if act.why_not
    }
    assert refused == {"resume": "Resume is not possible: the treatment is not paused."}


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("pause", {"phase": "paused"}, "Pause is not possible: the treatment is paused."),
        ("pause", {"phase": "pretensioning"}, "Pause is not possible while pretensioning."),
        ("less", {"phase": "releasing"}, "Less is not possible while releasing."),
        ("end", {"phase": "releasing"}, "The end is not possible while releasing."),
        ("check_in", {"phase": "stopped"}, "A check-in is not possible: the treatment has ended."),
        ("more", {"phase": "taking_up_slack"}, "More is not possible while taking up slack."),
        ("more", {"increase_n": 0.0}, BETWEEN_INCREASES),
        ("remark", {"doing": Doing.IDLE}, "A remark is not possible: no treatment is open."),
        (
            "more",
            {"increase_n": 0.0, "limit_n": 102.0},
            "More is not possible: the order allows at most 102.0 N. Lower the order's limit only "
            "with a new order.",
        ),
    ],
)
def test_what_is_not_possible_says_why(name: str, changes: dict[str, Any], words: str) -> None:
    assert why_not(name, **changes) == words


def test_what_leads_to_less_force_needs_no_name() -> None:
    for name in ("less", "pause", "check_in", "remark", "end"):
        assert why_not(name, signed_in=False) == ""
    assert why_not("more", signed_in=False) == WHO
    assert why_not("resume", signed_in=False, phase="paused") == WHO


@pytest.mark.parametrize(
    ("forces", "less", "more"),
    [
        (ForceUnit.NEWTON, "Less by 5.0 N", "More by 5.0 N"),
        (ForceUnit.POUND, "Less by 1.0 lbf", "More by 1.0 lbf"),
        (ForceUnit.KILOGRAM, "Less by 0.5 kgf", "More by 0.5 kgf"),
    ],
)
def test_a_step_is_of_the_clinic_s_unit(forces: ForceUnit, less: str, more: str) -> None:
    acts = acts_now(SHOWN, forces, signed_in=True)
    assert (acts["less"].label, acts["more"].label) == (less, more)


def test_more_never_offers_what_would_be_refused() -> None:
    act = acts_now(replace(SHOWN, increase_n=3.04), ForceUnit.NEWTON, signed_in=True)["more"]
    assert (act.label, act.change_n) == ("More by 3.0 N", 3.0)

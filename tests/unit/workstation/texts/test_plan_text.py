"""The total time is computed and shown before the start."""

from __future__ import annotations

from controller.order.force_unit import ForceUnit
from controller.order.planner import plan
from controller.order.prescription import Mode
from tests.unit.controller.builders import prescription
from workstation.texts.plan_text import plan_text


def test_an_intermittent_plan_is_told_with_its_steps() -> None:
    text = plan_text(plan(prescription(progressive_steps=2, regressive_steps=1)))
    assert text.splitlines() == [
        "cervical, intermittent: hold 102.0 N (22.9 lbf) for 60 s, rest 51.0 N (11.5 lbf) for 20 s",
        "  table        friction table (the order does not say which)",
        "  progressive  2 min 40 s, steps at 44.0 N (9.9 lbf), 73.0 N (16.4 lbf)",
        "  treatment    15 min 0 s",
        "  regressive   1 min 20 s, steps at 58.5 N (13.2 lbf)",
        "  total        19 min 11 s: traction 19 min 0 s, pretension 10 s, release 1 s; "
        "before it at most 30 s to take up the slack",
    ]


def test_static_and_cyclic_plans_are_told() -> None:
    static = {"mode": Mode.STATIC, "rest_force_n": 0.0, "hold_s": 0.0, "rest_s": 0.0}
    text = plan_text(plan(prescription(**static, progressive_steps=1, step_s=90.0)))
    assert "static: 102.0 N (22.9 lbf) all the time\n" in text
    assert "progressive  1 min 30 s, steps at 58.5 N (13.2 lbf)" in text
    cyclic = plan_text(plan(prescription(mode=Mode.CYCLIC)))
    assert "up to 102.0 N (22.9 lbf) in 60 s, down to 51.0 N (11.5 lbf) in 20 s" in cyclic


def test_the_clinic_s_unit_leads() -> None:
    text = plan_text(plan(prescription(progressive_steps=2)), ForceUnit.POUND)
    assert "hold 22.9 lbf (102.0 N) for 60 s" in text
    assert "steps at 9.9 lbf (44.0 N), 16.4 lbf (73.0 N)" in text

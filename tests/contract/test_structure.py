"""Imports go down and form no cycle, every package declares its layers, signatures stay narrow."""

from __future__ import annotations

import pytest

from tools.structure import MANY_PARAMETERS, ROOT, Plan, functions_of, parameters_of, project_plans

WIDE_FUNCTIONS = 8
"""Fewer functions than this may have more than six parameters, in all packages together."""


@pytest.fixture(scope="module")
def plans() -> dict[str, Plan]:
    return {plan.package: plan for plan in project_plans()}


def test_no_import_leads_upwards_and_none_in_a_circle(plans: dict[str, Plan]) -> None:
    assert {name: (plan.upwards, plan.circles) for name, plan in plans.items()} == dict.fromkeys(
        plans, ((), ())
    )


def test_every_room_of_every_package_stands_in_a_layer(plans: dict[str, Plan]) -> None:
    assert {name: plan.outside_of_layers for name, plan in plans.items()} == dict.fromkeys(
        plans, ()
    )


def test_few_functions_have_many_parameters(plans: dict[str, Plan]) -> None:
    """What travels together is one value, and a command takes its options in groups."""
    wide = [
        f"{path.relative_to(ROOT)}: {one.name}"
        for package in plans
        for path in sorted((ROOT / package).rglob("*.py"))
        for one in functions_of(path)
        if parameters_of(one) > MANY_PARAMETERS
    ]
    assert len(wide) < WIDE_FUNCTIONS, wide
    assert len(wide) == sum(plan.wide_functions for plan in plans.values())

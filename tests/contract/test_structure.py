"""Imports go down and form no cycle, and every package declares its layers."""

from __future__ import annotations

import pytest

from tools.structure import Plan, project_plans


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

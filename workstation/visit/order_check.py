"""Checks an order against the clinic's standing data, before anything is filed.

``traction order check``, the visit at a terminal and the order page of the console use it.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import date

from records.order.order import Order
from records.order.planned_order import PlannedOrder
from records.standing.fit import check_order_fits_table
from records.standing.for_session import SessionStanding, standing_for
from records.standing.kinds import UnitRecord
from records.standing.versions import StandingData, StandingVersion
from workstation.session.operators import possible_questions


def order_facts(planned: PlannedOrder) -> dict[str, object]:
    """Returns what a session would make of an order, for programs."""
    dose, plan = planned.order.prescription, planned.plan
    return {
        "patient_reference": planned.order.patient_reference,
        "region": dose.region.value,
        "mode": dose.mode.value,
        "table": None if dose.table is None else dose.table.value,
        "hold_force_n": dose.hold_force_n,
        "rest_force_n": dose.rest_force_n,
        "most_force_n": dose.force_limit_n,
        "as_entered": dict(planned.order.as_entered),
        "times": asdict(plan.times),
        "questions": [question.value for question in possible_questions(dose)],
        "order_digest": planned.order.digest,
    }


def check_standing(
    order: Order, held: StandingData, day: date, table: StandingVersion[UnitRecord] | None
) -> SessionStanding:
    """Returns what applies to an order on the clinic's day; ``table`` None: on any table.

    Raises PrescriptionInvalid where it does not fit the table or the patient's cap. A flag that
    forbids the region refuses through ``refuse_arming`` of the result.
    """
    if table is not None:
        check_order_fits_table(order.prescription, table)
    return standing_for(held, order, day)

"""An order with the plan of its treatment; reading an order alone plans nothing."""

from __future__ import annotations

from dataclasses import dataclass

from controller.errors import PrescriptionInvalid
from controller.order.planner import TreatmentPlan, plan
from records.order.mistakes import in_words, refusal
from records.order.order import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedOrder:
    """An order whose treatment was planned, which a session begins with."""

    order: Order
    plan: TreatmentPlan

    @classmethod
    def of(cls, order: Order) -> PlannedOrder:
        """Plan it; raises PrescriptionInvalid when a ramp does not fit into its part."""
        try:
            return cls(order=order, plan=plan(order.prescription))
        except PrescriptionInvalid as error:
            mass_kg = order.prescription.body_mass_kg
            found = [in_words(fault, order.as_entered, mass_kg) for fault in error.faults]
            raise refusal("as written", found) from error

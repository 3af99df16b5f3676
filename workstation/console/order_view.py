"""What is shown beside the fields of an order: readings, limits, mistakes, plan and picture.

The page rendered on the server and the one that a script updates show the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.order.force_unit import ForceUnit
from controller.order.planner import TreatmentPlan
from controller.words import one_line
from workstation.console.order_plot import order_plot
from workstation.console.templating import render
from workstation.console.visit_pages import OpenVisit
from workstation.texts.plan_text import plan_text
from workstation.visit.order_form import (
    FORCES,
    CheckedForm,
    Whose,
    force_readings,
    region_in,
)
from workstation.visit.order_limits import limits_in_words, most_force_n

TITLES: Final[Mapping[str, str]] = {
    "mode": "Mode",
    "hold_force": "Hold force",
    "rest_force": "Rest force",
    "hold_time": "Hold time",
    "rest_time": "Rest time",
    "treatment_time": "Treatment time",
    "maximum_force": "At most in this session",
    "table": "The patient lies on",
    "body_mass": "Body mass",
    "pretension_force": "Pretension force",
    "pretension_time": "Pretension time",
    "ramp_up": "Ramp up",
    "ramp_down": "Ramp down",
    "progressive_steps": "Steps up before",
    "regressive_steps": "Steps down after",
    "step_time": "Time of a step (static)",
}
"""Fields of the dose in the order of the page."""
FIRST: Final = tuple(TITLES)[:8]
"""What nearly every order sets; the other fields are folded away."""
LABELS: Final[Mapping[str, str]] = {
    **TITLES,
    "symptoms": "Symptoms today",
    "rationale": "Why traction rather than another modality",
    "pain_before": "Pain before (0-10)",
    "diagnosis": "Diagnosis",
    "positioning": "Positioning",
    "harness": "Harness",
    "set_up_by": "Set up by",
    "supervised_by": "Supervised by",
    "performed_by": "Performed by",
    "unit": "Table",
    "force_reason": "Why the force is not lower",
}
"""Every field by its name for people."""


SHOWN: Final = 300
"""Longest sentence in characters: some repeat what was typed, however long that is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderView:
    """Texts by field, and texts about the whole."""

    readings: Mapping[str, str]
    limits: Mapping[str, str]
    mistakes: Mapping[str, list[str]]
    second_looks: Mapping[str, tuple[str, str]]
    """By the name of its tick: what a confirmation is kept as, and the sentence for people."""
    plan: str
    plot: str

    def facts(self) -> dict[str, Any]:
        """Returns the view for the page's script."""
        return {
            "readings": dict(self.readings),
            "limits": dict(self.limits),
            "mistakes": dict(self.mistakes),
            "second_looks": dict(self.second_looks),
            "plan": self.plan,
            "plot": self.plot,
        }


def order_view(visit: OpenVisit, checked: CheckedForm, whose: Whose) -> OrderView:
    """Returns the view of a form as it was checked."""
    form, words = visit.kept.form, visit.site.words
    forces = words.settings.unit_of_force
    read = force_readings(form)
    region = region_in(form)
    limits: dict[str, str] = {}
    if region is not None:
        table = whose.table.record if whose.table else None
        most = most_force_n(region, form.get("table", ""), table, visit.patient.record)
        limits = limits_in_words(region, most, read["hold_force"], forces)
    mistakes: dict[str, list[str]] = {}
    for name, text in checked.mistakes:
        mistakes.setdefault(name, []).append(_beside(name, words.sentence(text)))
    planned = checked.planned
    return OrderView(
        readings={key: in_every_unit(read[key], forces) for key in FORCES},
        limits=limits,
        mistakes=mistakes,
        second_looks={
            name: (text, words.sentence(text)) for name, text in checked.second_looks.items()
        },
        plan=plan_text(planned.plan, forces) if planned else "",
        plot=_picture(planned.plan, forces) if planned else "",
    )


def _picture(plan: TreatmentPlan, forces: ForceUnit) -> str:
    return render("visit/plot.html", {"plot": order_plot(plan, forces)})


def _beside(name: str, text: str) -> str:
    """Returns a mistake for display beside its field, without the key."""
    if name in TITLES and text.startswith(f"key {name} is missing"):
        return f"{TITLES[name]} is missing; write it, with its unit where it has one"
    plain = one_line(text)
    return plain if len(plain) <= SHOWN else f"{plain[:SHOWN]}..."


def in_every_unit(force_n: float | None, forces: ForceUnit) -> str:
    """Returns a force in the clinic's unit, then in the others; "" for none."""
    if force_n is None:
        return ""
    units = (forces, *(each for each in ForceUnit if each is not forces))
    return " = ".join(each.in_unit(force_n) for each in units)

"""Identification: the patient says name and birth date, the person compares and ticks."""

from __future__ import annotations

from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import RequestRefused
from controller.words import check_text
from records.clinic.visit_steps import StepKind
from records.visit.mix_ups import look_at_today, mix_ups
from records.visit.prepared import forget_prepared
from workstation.console.acts import Form, to
from workstation.console.visit_pages import OpenVisit, preparing, visit_act, visit_page
from workstation.visit.before import compared, not_compared
from workstation.visit.desk import Said, keep_step_by

STEP = "identify"


def routes() -> list[BaseRoute]:
    """Returns the page and its three ways on."""
    return [
        Route("/visits/{visit}/identify", visit_page(preparing(page)), methods=["GET"]),
        Route("/visits/{visit}/identify", visit_act(preparing(take)), methods=["POST"]),
    ]


def page(request: Request, visit: OpenVisit) -> Response:
    """What is on file, to be compared with what the patient says."""
    return _page(request, visit)


def _page(
    request: Request, visit: OpenVisit, fault: str = "", said: dict[str, str] | None = None
) -> Response:
    return visit.page(
        request,
        "visit/identify.html",
        step=STEP,
        status=422 if fault else 200,
        fault=fault,
        said=said or {},
        mix_ups=_mix_ups(visit),
        identified=visit.kept.identified,
    )


def _mix_ups(visit: OpenVisit) -> list[str]:
    """Returns patients of today who could be confused with this one."""
    settings, folder = visit.site.words.settings, visit.site.folder
    today = look_at_today(folder, settings, settings.day_at, visit.day, visit.kept.reference)
    others = [each for each in today.own if each.visit_id != visit.kept.visit_id]
    today = replace(today, own=others)
    return [*mix_ups(visit.patient.record, visit.held, today)]


def take(request: Request, form: Form, visit: OpenVisit) -> Response:
    """Keep the comparison, or why there was none; another patient ends the visit."""
    way = form.text("way")
    if way == "another":
        if not visit.kept.steps:
            forget_prepared(visit.site.folder, visit.kept.visit_id)
        return to("/visits/ended")
    done = visit.kept.identified
    if way == "compared" and done is not None and done.kind is StepKind.IDENTIFIED:
        return to(visit.path())
    try:
        step = _step(form, visit, way)
    except RequestRefused as refusal:
        return _page(request, visit, refusal.message, form.values())
    keep_step_by(visit.site.folder, visit.author, visit.kept.visit_id, visit.kept.reference, step)
    return to(visit.path())


def _step(form: Form, visit: OpenVisit, way: str) -> tuple[StepKind, Said]:
    if way != "compared":
        reason = check_text("reason", form.text("reason"))
        if not reason:
            raise RequestRefused("reason is empty; say why name and birth date are not compared")
        return not_compared(reason)
    for name, what in (("name", "the name"), ("birth_date", "the date of birth")):
        if not form.is_ticked(name):
            raise RequestRefused(
                f"{what} is not ticked: have the patient say it and compare, or give the reason "
                "why it cannot be compared"
            )
    return compared(visit.patient.record)

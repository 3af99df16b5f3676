"""The contraindication screen: each item asked and ticked on its own, at every visit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import RequestRefused
from controller.words import check_text
from records.clinic.visit_steps import StepKind
from records.visit.screen import NOT_PRESENT, screen_items
from workstation.console.acts import Form, to
from workstation.console.visit_pages import OpenVisit, preparing, visit_act, visit_page
from workstation.visit.desk import keep_step_by
from workstation.visit.order_form import region_in

STEP: Final = "screen"
ANSWER: Final = "answer "
FINDING: Final = "finding "
YES: Final = "yes"
GO_ON: Final = "go_on"


def routes() -> list[BaseRoute]:
    """The page and its answers."""
    return [
        Route("/visits/{visit}/screen", visit_page(preparing(page)), methods=["GET"]),
        Route("/visits/{visit}/screen", visit_act(preparing(take)), methods=["POST"]),
    ]


def page(request: Request, visit: OpenVisit) -> Response:
    """Every item of the region, none of them answered by the program."""
    if region_in(visit.kept.form) is None:
        return to(visit.path())
    return _page(request, visit, visit.kept.form, {})


def _page(
    request: Request,
    visit: OpenVisit,
    said: Mapping[str, str],
    faults: Mapping[str, str],
    found: str = "",
) -> Response:
    region = region_in(visit.kept.form)
    asked = visit.kept.screened
    items = screen_items(region) if region else ()
    return visit.page(
        request,
        "visit/screen.html",
        step=STEP,
        status=422 if faults or found else 200,
        region=region.value if region else "",
        items=[
            {
                "name": item,
                "answer": said.get(ANSWER + item, ""),
                "finding": said.get(FINDING + item, ""),
                "fault": faults.get(item, ""),
            }
            for item in items
            if item not in asked
        ],
        asked=[*asked.items()],
        faults=len(faults),
        found=found,
    )


def take(request: Request, form: Form, visit: OpenVisit) -> Response:
    """Keep the answers together, as one step; a finding needs a yes to the treatment."""
    items = visit.missing_items
    if not items:
        return to(visit.path())
    answers, faults = _answers(form, items)
    if faults:
        return _page(request, visit, form.values(), faults)
    whole = {**visit.kept.screened, **answers}
    found = "; ".join(f"{item}: {said}" for item, said in whole.items() if said != NOT_PRESENT)
    if found and form.text(GO_ON) != found:
        return _page(request, visit, form.values(), {}, found)
    step = (StepKind.SCREENED, tuple(whole.items()))
    keep_step_by(visit.site.folder, visit.author, visit.kept.visit_id, visit.kept.reference, step)
    return to(visit.path())


def _answers(form: Form, items: Iterable[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Returns each item with its answer, and what is wrong with the others."""
    answers: dict[str, str] = {}
    faults: dict[str, str] = {}
    for item in items:
        try:
            answers[item] = _answer(form, item)
        except RequestRefused as refusal:
            faults[item] = refusal.message
    return answers, faults


def _answer(form: Form, item: str) -> str:
    answer, finding = form.text(ANSWER + item), form.text(FINDING + item)
    if answer == NOT_PRESENT and not finding:
        return NOT_PRESENT
    if answer == NOT_PRESENT:
        raise RequestRefused(f"{item} is ticked as not present, and a finding is written; keep one")
    if answer != YES:
        raise RequestRefused(f"{item} is not answered; ask it and tick yes or no")
    if not finding:
        raise RequestRefused(f"{item} is present; say in words what was found and what it means")
    if finding == NOT_PRESENT:
        raise RequestRefused(f"{item} is present; {finding!r} says nothing of it")
    return check_text(item, finding)

"""The order of a visit: dose, findings of the day, texts, the live check, and on to the checks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from controller.errors import RequestRefused
from controller.order.prescription import REGION_LIMITS, Mode
from controller.words import fault_of
from records.standing.for_session import unit_called
from records.visit.screen import screening_text
from workstation.console.acts import Form, to
from workstation.console.order_view import FIRST, LABELS, TITLES, order_view
from workstation.console.pages.unit import unit_path
from workstation.console.units import new_id
from workstation.console.visit_filing import begin_session
from workstation.console.visit_pages import (
    OpenVisit,
    preparing,
    refuse_of_another_day,
    visit_act,
    visit_page,
)
from workstation.visit.next_dose import booked_tables
from workstation.visit.order_form import (
    CONFIRMED,
    FORCE_REASON,
    NOTE_FIELDS,
    ORDER_FIELDS,
    REGION,
    SAME,
    SECOND_LOOK,
    TAKEN_OVER,
    UNIT,
    WHO,
    CheckedForm,
    Whose,
    check_form,
    not_confirmed,
    proposed_in,
    region_in,
    trouble_in,
)

STEP: Final = "order"
JSON: Final = "application/json"
REQUEST: Final = "request"
"""The hidden field that identifies a form; it is not part of what was typed."""
FORM_FIELDS: Final = (
    *ORDER_FIELDS,
    *NOTE_FIELDS,
    UNIT,
    FORCE_REASON,
    *(SAME + name for name in TAKEN_OVER),
    *(CONFIRMED + each.value for each in SECOND_LOOK),
)
NO_PROGRAM: Final = "no program"


def routes() -> list[BaseRoute]:
    """The page, its check, and the way on."""
    return [
        Route("/visits/{visit}/order", visit_page(preparing(page)), methods=["GET"]),
        Route(
            "/visits/{visit}/order/check",
            visit_act(preparing(check), shows=False),
            methods=["POST"],
        ),
        Route("/visits/{visit}/order/start", visit_act(start), methods=["POST"]),
    ]


def page(request: Request, visit: OpenVisit) -> Response:
    """The form as it was left."""
    if visit.next_step != STEP:
        return to(visit.path())
    return _page(request, visit)


def check(request: Request, form: Form, visit: OpenVisit) -> Response:
    """Keep what was typed and report what is wrong with it; for a script as JSON."""
    visit = visit.keep(_typed(form))
    if JSON not in request.headers.get("accept", ""):
        return to(visit.path(STEP))
    whose = whose_order(visit)
    return JSONResponse(order_view(visit, check_form(visit.kept.form, whose), whose).facts())


def start(request: Request, form: Form, visit: OpenVisit) -> Response:
    """File the order and go to the checks; or show beside the fields what prevents that."""
    if not visit.kept.is_preparing:
        return to(visit.path())
    refuse_of_another_day(visit)
    visit = visit.keep(_typed(form))
    if visit.next_step != STEP:
        return to(visit.path())
    whose = whose_order(visit)
    checked = check_form(visit.kept.form, whose)
    checked = replace(checked, mistakes=(*checked.mistakes, *_unsaid(visit, checked)))
    lacking = [*_lacking(visit, checked)]
    planned, table = checked.planned, whose.table
    if lacking or planned is None or table is None:
        return _page(request, visit, checked=checked, lacking=lacking)
    try:
        begin_session(visit, planned, table, form.text(REQUEST))
    except RequestRefused as refusal:
        refused = visit.site.words.sentence(refusal.message)
        return _page(request, visit, checked=checked, refused=refused)
    return to(unit_path(table.name))


def _lacking(visit: OpenVisit, checked: CheckedForm) -> Iterator[str]:
    """Returns what the page says above the form; each mistake is beside its field as well."""
    if count := len(checked.mistakes):
        mistakes = f"{count} mistake{'s' if count > 1 else ''}"
        yield f"{mistakes}, explained beside the field or above the picture"
    if not_confirmed(visit.kept.form, checked):
        yield "a limit is exceeded that needs a second confirmation, below the picture"


def _unsaid(visit: OpenVisit, checked: CheckedForm) -> list[tuple[str, str]]:
    """Asks for the reason for a force that is not lower after trouble, where it is missing."""
    if checked.planned is None:
        return []
    force_n = checked.planned.order.prescription.hold_force_n
    if not trouble_in(visit.kept.form).needs_a_reason(force_n):
        return []
    reason = visit.kept.form.get(FORCE_REASON, "")
    if not reason:
        forces = visit.site.words.settings.unit_of_force
        text = f"{forces.with_other(force_n)} is not lower than last time; say why"
        return [(FORCE_REASON, text)]
    fault = fault_of(reason)
    return [(FORCE_REASON, f"the reason {fault}")] if fault else []


def _typed(form: Form) -> dict[str, str]:
    """Returns the form's value of every field that it has; a tick that was not sent is not set."""
    return {name: form.text(name) for name in FORM_FIELDS}


def whose_order(visit: OpenVisit) -> Whose:
    """Returns whose order it is, by what is on file and what was entered in this visit."""
    form = visit.kept.form
    name = form.get(UNIT, "")
    return Whose(
        held=visit.held,
        day=visit.day,
        reference=visit.kept.reference,
        screening=screening_text([*visit.kept.screened.items()], visit.holder.in_full),
        proposed=proposed_in(form),
        table=unit_called(visit.held, name) if name else None,
    )


def _page(
    request: Request,
    visit: OpenVisit,
    *,
    checked: CheckedForm | None = None,
    refused: str = "",
    lacking: Sequence[str] = (),
) -> Response:
    whose = whose_order(visit)
    found = checked or check_form(visit.kept.form, whose)
    view = order_view(visit, found, whose)
    forces, trouble = visit.site.words.settings.unit_of_force, trouble_in(visit.kept.form)
    open_now = {each.session_id for each in visit.site.units.values()}
    return visit.page(
        request,
        "visit/order.html",
        step=STEP,
        status=422 if lacking else 409 if refused else 200,
        form=visit.kept.form,
        view=view,
        titles=TITLES,
        labels=LABELS,
        people=WHO,
        first=FIRST,
        choices=_choices(visit.kept.form),
        folded_out=any(name in view.mistakes for name in TITLES if name not in FIRST),
        words=_words(whose),
        tables=_tables(visit),
        region=visit.kept.form.get(REGION, ""),
        trouble=trouble,
        trouble_hold=forces.with_other(trouble.hold_n),
        refused=refused,
        unfollowed=[each for each in visit.kept.unfollowed if each not in open_now],
        lacking=lacking,
        request_id=new_id(),
    )


def _choices(form: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Returns the choices of fields that are not typed; any other value stays visible."""
    region = region_in(form)
    tables = REGION_LIMITS[region].tables if region else ()
    choices = {
        "mode": [("", "choose"), *((each.value, each.value) for each in Mode)],
        "table": [
            ("", "not said: as a friction table"),
            *((each.value, each.value.replace("_", "-")) for each in tables),
        ],
    }
    for name, known in choices.items():
        typed = form.get(name, "")
        if typed not in dict(known):
            known.append((typed, typed))
    return choices


def _words(whose: Whose) -> list[dict[str, str]]:
    """Returns the texts that the last visit may propose."""
    return [
        {
            "name": name,
            "proposed": whose.proposed[name].text if name in whose.proposed else "",
            "source": whose.proposed[name].source if name in whose.proposed else "",
        }
        for name in TAKEN_OVER
    ]


def _tables(visit: OpenVisit) -> list[dict[str, Any]]:
    """Returns every table in use: the booked ones first, each with its present state."""
    booked = booked_tables(visit.site.folder, visit.held, visit.kept.reference, visit.day)
    frame = visit.site.frames.present()
    names = [each.name for each in visit.held.units]
    return [
        {
            "name": name,
            "booked": name in booked,
            "now": frame.of(name).headline if name in visit.site.units else NO_PROGRAM,
        }
        for name in sorted(names, key=lambda name: name not in booked)
    ]

"""The dose to begin the order with: last time's, or a preset. A person takes it; none starts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import PrescriptionInvalid, RequestRefused
from controller.order.force_unit import ForceUnit
from controller.words import one_line
from records.order.quantities import force_n
from records.standing.fit import check_preset_fits_patient
from records.standing.kinds import PresetRecord
from records.standing.shipped import shipped_presets
from records.standing.versions import StandingVersion
from records.standing.write import StandingChange, write_standing
from records.visit.next_order import NextOrder, order_like, order_of_preset, visit_before
from workstation.console.acts import Form, to
from workstation.console.visit_pages import OpenVisit, preparing, visit_act, visit_page
from workstation.visit.last_time import (
    LastTime,
    day_of_visit,
    last_time,
    sheet_head,
    sheet_in_words,
    visit_in_words,
)
from workstation.visit.next_dose import preset_called, presets_in_use
from workstation.visit.order_form import (
    DOSE_FIELDS,
    REGION,
    UNIT,
    WHO,
    dose_of,
    kept_trouble,
    proposals_of,
)

STEP: Final = "dose"
LAST: Final = "last"
PRESET: Final = "preset "
SHIPPED: Final = "shipped "
SHOWN: Final = (
    "mode",
    "hold_force",
    "rest_force",
    "hold_time",
    "rest_time",
    "treatment_time",
    "maximum_force",
)


def routes() -> list[BaseRoute]:
    """The page and its choice."""
    return [
        Route("/visits/{visit}/dose", visit_page(preparing(page)), methods=["GET"]),
        Route("/visits/{visit}/dose", visit_act(preparing(take)), methods=["POST"]),
    ]


def page(request: Request, visit: OpenVisit) -> Response:
    """The outcome of last time beside its dose, and every preset with its source."""
    return _page(request, visit, last_of(visit))


def last_of(visit: OpenVisit) -> LastTime:
    """Returns what is on file of the patient's last treatment."""
    settings, folder, reference = visit.site.words.settings, visit.site.folder, visit.kept.reference
    before = visit_before(folder, settings, reference, settings.day_at)
    return last_time(folder, settings, reference, before)


def _page(
    request: Request,
    visit: OpenVisit,
    last: LastTime,
    fault: str = "",
    said: Mapping[str, str] | None = None,
) -> Response:
    forces = visit.site.words.settings.unit_of_force
    return visit.page(
        request,
        "visit/dose.html",
        step=STEP,
        status=422 if fault else 200,
        fault=visit.site.words.sentence(one_line(fault)),
        said=said or {},
        last=last,
        last_hold=forces.with_other(last.trouble.hold_n),
        last_day=day_of_visit(last.visit) if last.visit else "",
        last_words=[*visit_in_words(last.visit, forces)] if last.visit else [],
        last_dose=[*_dose_words(order_like(last.visit).values, forces)] if last.visit else [],
        paper=_paper(visit, last),
        presets=[*_presets(visit)],
    )


def _paper(visit: OpenVisit, last: LastTime) -> dict[str, Any]:
    if last.sheet is None:
        return {}
    settings = visit.site.words.settings
    words = sheet_in_words(last.sheet, settings.unit_of_force)
    return {"head": sheet_head(last.sheet, settings.day_at), "words": [*words]}


def _presets(visit: OpenVisit) -> Iterator[dict[str, Any]]:
    """Returns the clinic's own first, then those of the program that nobody has taken over."""
    for each in presets_in_use(visit.held):
        yield _card(visit, each.record, PRESET, f"{each.words}; {each.record.source}")
    for name, record in shipped_presets().items():
        if visit.held.newest("preset", name) is None:
            text = f"comes with the program, not taken over yet; {record.source}"
            yield _card(visit, record, SHIPPED, text)


def _card(visit: OpenVisit, record: PresetRecord, kind: str, source: str) -> dict[str, Any]:
    try:
        check_preset_fits_patient(record, visit.patient)
        fault = ""
    except PrescriptionInvalid as error:
        fault = visit.site.words.sentence(error.message)
    return {
        "value": kind + record.name,
        "name": record.name,
        "region": record.region,
        "dose": [
            *_dose_words(
                record.dose.model_dump(exclude_none=True), visit.site.words.settings.unit_of_force
            )
        ],
        "source": source,
        "limits": record.limits,
        "fault": fault,
        "shipped": kind == SHIPPED,
    }


def _dose_words(values: Mapping[str, Any], forces: ForceUnit) -> Iterator[tuple[str, str]]:
    """Returns the dose; a force in the clinic's unit, whatever it was written in."""
    for key in SHOWN:
        if key in values:
            text = str(values[key])
            said = _force_words(key, text, forces) if key.endswith("force") else text
            yield key.replace("_", " "), said


def _force_words(key: str, text: str, forces: ForceUnit) -> str:
    try:
        return forces.with_other(force_n(key, text, None))
    except PrescriptionInvalid:
        return text  # a share of a body weight


# --- what is chosen -----------------------------------------------------------------------------


def take(request: Request, form: Form, visit: OpenVisit) -> Response:
    """Put the chosen dose into the order form; after trouble with the force that was entered."""
    last = last_of(visit)
    try:
        order = _with_force(_chosen(form, visit, last), form, last)
    except RequestRefused as refusal:
        return _page(request, visit, last, refusal.message, form.values())
    blank = dict.fromkeys(DOSE_FIELDS, "")
    people = {name: visit.kept.form.get(name) or visit.holder.in_full for name in WHO}
    table = _table(visit, str(order.values.get(REGION, "")))
    beside = {
        UNIT: table,
        **proposals_of(visit.patient.record, last.visit),
        **kept_trouble(last.trouble),
    }
    return to(visit.keep({**blank, **dose_of(order), **beside, **people}).path())


def _table(visit: OpenVisit, region: str) -> str:
    """The table that was chosen, where it treats the region; else the only one that does, or ""."""
    treating = [each.name for each in visit.held.units if each.record.treats(region)]
    chosen = visit.kept.form.get(UNIT, "")
    if chosen in treating:
        return chosen
    return treating[0] if len(treating) == 1 else ""


def _chosen(form: Form, visit: OpenVisit, last: LastTime) -> NextOrder:
    basis = form.text("basis")
    if basis == LAST:
        if last.visit is None:
            raise RequestRefused("there is no last order of this patient; choose a preset")
        return order_like(last.visit)
    if basis.startswith(SHIPPED):
        return order_of_preset(_taken_over(visit, basis.removeprefix(SHIPPED)))
    if basis.startswith(PRESET):
        return order_of_preset(preset_called(visit.held, basis.removeprefix(PRESET)))
    raise RequestRefused("no dose is chosen; take last time's or a preset")


def _taken_over(visit: OpenVisit, name: str) -> StandingVersion[PresetRecord]:
    """Make a preset of the program the clinic's own, by this person."""
    record = shipped_presets().get(name)
    if record is None:
        raise RequestRefused(f"no preset {name!r} comes with the program; choose another one")
    if visit.held.newest("preset", name) is None:
        write_standing(visit.site.folder, visit.author, [StandingChange(record=record)])
    return preset_called(visit.site.standing(), name)


def _with_force(order: NextOrder, form: Form, last: LastTime) -> NextOrder:
    """After trouble the force must be entered; it is never proposed."""
    if not last.trouble:
        return order
    said = form.text("hold_force")
    if not said:
        raise RequestRefused("hold_force is missing; give today's force")
    force_n("hold_force", said, None)
    return order.with_values({"hold_force": said})

"""Entry of patients: a new record, and a change of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import RequestRefused, TractionError
from records.standing.appointments import Appointment, day_list
from records.standing.kinds import PatientRecord
from records.standing.payers import payers_in_use
from records.standing.said import added, changed
from records.standing.write import namesakes, write_standing
from workstation.console.acts import Form, posted_whole, shown_to_person, site_of, to
from workstation.console.patient_form import patient_groups, said_in, values_of
from workstation.console.patient_reading import keep_reading, patient_path
from workstation.console.site import Site
from workstation.visit.before import patient_of

ANOTHER: Final = "another_person"
"""The tick that a namesake is somebody else."""


def routes() -> list[BaseRoute]:
    """Returns the routes of a new patient and of a change."""
    one = "/patients/{reference:path}"
    return [
        Route("/patients/new", shown_to_person(new), methods=["GET"]),
        Route("/patients/new", posted_whole(add), methods=["POST"]),
        Route(f"{one}/change", shown_to_person(edit), methods=["GET"]),
        Route(f"{one}/change", posted_whole(change), methods=["POST"]),
    ]


# --- a new patient --------------------------------------------------------------------------------


def new(request: Request, person: str) -> Response:
    """An empty form; for a patient on the day's list with names and date of birth from there."""
    site = site_of(request)
    reference = request.query_params.get("reference", "").strip()
    listed = _appointment(site, reference)
    typed = {"reference": reference}
    if listed is not None:
        typed |= {
            "last_name": listed.last_name,
            "first_name": listed.first_name,
            "birth_date": listed.birth_date.isoformat(),
        }
    return _new_page(request, typed)


def add(request: Request, form: Form, person: str) -> Response:
    """Keep the record, whole or not at all."""
    site, typed = site_of(request), form.values()
    reference = form.text("reference")
    held = site.standing()
    try:
        made = added("patient", reference, said_in(typed))
        assert isinstance(made.record, PatientRecord), "a patient's record is one"
        alike = [*namesakes(held, made.record)]
        if alike and not form.is_ticked(ANOTHER):
            return _new_page(request, typed, alike=alike, status=422)
        write_standing(site.folder, site.author(person), [made])
    except RequestRefused as refusal:
        return _new_page(request, typed, fault=refusal.message, status=422)
    return to(patient_path(reference))


def _new_page(
    request: Request,
    typed: Mapping[str, str],
    *,
    fault: str = "",
    alike: list[str] | None = None,
    status: int = 200,
) -> Response:
    return _form_page(
        request, "patients/new.html", typed, fault=fault, alike=alike or [], status=status
    )


def _appointment(site: Site, reference: str) -> Appointment | None:
    """Returns the first appointment of a reference today; None where there is none."""
    day = day_list(site.folder, site.words.today()) if reference else None
    made = day.appointments if day else ()
    return next((each for each in made if each.reference == reference), None)


# --- a change -------------------------------------------------------------------------------------


def edit(request: Request, person: str) -> Response:
    """The record as a form, with the version that a change is made from."""
    site = site_of(request)
    patient = patient_of(site.standing(), request.path_params["reference"])
    keep_reading(site, person, "patient shown", [patient])
    typed = {**values_of(patient.record), "version": str(patient.number)}
    return _edit_page(request, patient.name, typed)


def change(request: Request, form: Form, person: str) -> Response:
    """Keep a new version, unless somebody else has changed the record meanwhile."""
    site, typed = site_of(request), form.values()
    reference = request.path_params["reference"]
    try:
        made_from = int(form.text("version"))
    except ValueError:
        return _edit_page(request, reference, typed, fault=NO_VERSION)
    try:
        held = site.standing()
        patient_of(held, reference)
        why = (made_from, form.text("reason"))
        made = changed(held, "patient", reference, said_in(typed), why)
        write_standing(site.folder, site.author(person), [made])
    except RequestRefused as refusal:
        return _edit_page(request, reference, typed, fault=refusal.message)
    return to(patient_path(reference))


NO_VERSION = "version is not a whole number; open the form again"


def _edit_page(
    request: Request, reference: str, typed: Mapping[str, str], *, fault: str = ""
) -> Response:
    return _form_page(
        request,
        "patients/change.html",
        typed,
        reference=reference,
        fault=fault,
        status=422 if fault else 200,
    )


def _form_page(request: Request, template: str, typed: Mapping[str, str], **more: Any) -> Response:
    site = site_of(request)
    return site.page(
        request,
        template,
        groups=patient_groups(),
        typed=typed,
        profiles=_profiles(site),
        **more,
    )


def _profiles(site: Site) -> list[str]:
    """Payer profiles that the clinic has in use; none where the rules cannot be read."""
    try:
        return [*payers_in_use(site.folder, site.standing()).offered]
    except TractionError:
        return []

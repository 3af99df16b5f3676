"""Patients: found by reference or name, each with flags, plan of care and last visits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from records.standing.fit import told_of_patient
from records.standing.kinds import folded
from records.standing.said import remarks
from records.standing.versions import StandingData
from workstation.console.acts import shown_to_person, site_of, to
from workstation.console.patient_reading import Patient, keep_reading, patient_path
from workstation.visit.before import patient_of
from workstation.visit.past_visits import past_visits

MOST_FOUND: Final = 50
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


def routes() -> list[BaseRoute]:
    """Returns the search and a patient's page, which takes every path that no other page has."""
    return [
        Route("/patients", shown_to_person(find), methods=["GET"]),
        Route("/patients/{reference:path}", shown_to_person(page), methods=["GET"]),
    ]


def find(request: Request, person: str) -> Response:
    """The matches; a reference that is typed exactly leads to its page."""
    site = site_of(request)
    typed = request.query_params.get("find", "").strip()
    held = site.standing()
    exact = held.patient_exactly(typed)
    if exact is not None:
        return to(patient_path(exact.name))
    found = [*_fitting(held, typed)] if typed else []
    shown = found[:MOST_FOUND]
    keep_reading(site, person, "patient listed", shown)
    return site.page(
        request, "patients/find.html", typed=typed, found=shown, more=len(found) - len(shown)
    )


def page(request: Request, person: str) -> Response:
    """A patient: alerts, plan of care, last visits, and the link to a new visit."""
    return patient_page(request, person)


def patient_page(
    request: Request, person: str, *, fault: str = "", typed: Mapping[str, str] = NOTHING
) -> Response:
    """Returns the page with what was wrong with an entry on it, shown as it was ``typed``."""
    site = site_of(request)
    held = site.standing()
    patient = patient_of(held, request.path_params["reference"])
    keep_reading(site, person, "patient shown", [patient])
    settings, day = site.words.settings, site.words.today()
    return site.page(
        request,
        "patients/patient.html",
        status=422 if fault else 200,
        patient=patient,
        record=patient.record,
        flags=patient.record.standing_flags(day),
        ended=[each for each in patient.record.flags if not each.stands_on(day)],
        told=dict.fromkeys([*told_of_patient(patient, day), *remarks(patient, held, day)]),
        visits=past_visits(site.folder, settings, patient.name),
        words=site.words,
        table=request.query_params.get("table", ""),
        fault=fault,
        typed=typed,
    )


def _fitting(held: StandingData, typed: str) -> Iterator[Patient]:
    """Returns patients whose reference, names or date of birth contain every typed word."""
    words = folded(typed).split()
    for each in held.patients:
        record = each.record
        text = folded(f"{record.reference} {record.full_name} {record.birth_date}")
        if all(word in text for word in words):
            yield each

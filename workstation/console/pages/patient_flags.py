"""A patient's lasting flags: set and ended by a named person, never dismissed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from controller.errors import RequestRefused
from records.standing.flags import flag_of, with_ended_flag, with_flag
from records.standing.kinds import FlagEnd, PatientRecord
from records.standing.write import StandingChange, write_standing
from workstation.console.acts import Form, posted_whole, site_of, to
from workstation.console.pages.patients import patient_page
from workstation.console.patient_reading import patient_path
from workstation.visit.before import patient_of


def routes() -> list[BaseRoute]:
    """Returns two acts; both lead back to the patient's page."""
    one = "/patients/{reference:path}/flags"
    return [
        Route(one, posted_whole(set_flag), methods=["POST"]),
        Route(f"{one}/{{number:int}}/end", posted_whole(end_flag), methods=["POST"]),
    ]


def set_flag(request: Request, form: Form, person: str) -> Response:
    """Add a flag, shown at every visit from now on."""
    said: dict[str, Any] = {
        "kind": form.text("kind"),
        "text": form.text("text"),
        "region": form.text("region"),
        "until": form.text("until"),
        "do_not_treat": form.is_ticked("do_not_treat"),
        "by": person,
        "on": site_of(request).words.today(),
    }

    def with_it(record: PatientRecord) -> PatientRecord:
        return with_flag(record, flag_of(said, f"flag of patient {record.reference}"))

    return _written(request, form, person, with_it)


def end_flag(request: Request, form: Form, person: str) -> Response:
    """End a flag with a reason; it stays readable."""
    reason, number = form.text("reason"), request.path_params["number"]

    def ended(record: PatientRecord) -> PatientRecord:
        if not reason:
            raise RequestRefused(f"reason is empty; say why flag {number} no longer applies")
        end = FlagEnd(by=person, on=site_of(request).words.today(), reason=reason)
        return with_ended_flag(record, number, end)

    return _written(request, form, person, ended)


def _written(
    request: Request,
    form: Form,
    person: str,
    change: Callable[[PatientRecord], PatientRecord],
) -> Response:
    """Make the change, from the version that the page showed."""
    site, reference = site_of(request), request.path_params["reference"]
    patient = patient_of(site.standing(), reference)
    try:
        made = StandingChange(
            record=change(patient.record),
            made_from=_number(form.text("version")),
            reason=form.text("reason"),
        )
        write_standing(site.folder, site.author(person), [made])
    except RequestRefused as refusal:
        return patient_page(request, person, fault=refusal.message, typed=form.values())
    return to(patient_path(reference))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise RequestRefused("version is not a whole number; open the patient's page again")
    return int(text)

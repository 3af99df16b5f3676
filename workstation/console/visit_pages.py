"""Shared parts of the pages of one visit: whose it is, how far it is, and who sits here.

The address of every page contains the visit, and what a page sends goes to that visit or nowhere:
two tabs with two patients never mix.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from controller.errors import RequestRefused
from records.clinic.audit import record_read, standing_field
from records.standing.fit import told_of_patient
from records.standing.kinds import PatientRecord
from records.standing.versions import StandingData, StandingVersion
from records.store.author import Author
from records.visit.screen import screen_items
from workstation.console.acts import Form, Handler, open_to_all, shown, site_of, to
from workstation.console.site import Site
from workstation.visit.before import patient_of
from workstation.visit.desk import VisitHolder, holder_called
from workstation.visit.kept_visit import KeptVisit, keep_form, kept_visit
from workstation.visit.order_form import region_in

STEPS: Final = (
    ("identify", "Patient"),
    ("dose", "Dose"),
    ("screen", "Screen"),
    ("order", "Order"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenVisit:
    """A visit as one of its pages was asked for, by whom, on the clinic's day."""

    site: Site
    kept: KeptVisit
    held: StandingData
    patient: StandingVersion[PatientRecord]
    day: date
    author: Author

    @property
    def holder(self) -> VisitHolder:
        """Returns the person at the browser, as named in the note."""
        return holder_called(self.held, self.author.by)

    @property
    def missing_items(self) -> list[str]:
        """Returns items of the screen of this region that nobody has asked yet."""
        region = region_in(self.kept.form)
        asked = self.kept.screened
        return [each for each in screen_items(region) if each not in asked] if region else []

    @property
    def next_step(self) -> str:
        """Returns the first step that is not done."""
        if self.kept.identified is None:
            return "identify"
        if region_in(self.kept.form) is None:
            return "dose"
        return "screen" if self.missing_items else "order"

    def path(self, step: str = "") -> str:
        """Returns the address of one of its pages."""
        return visit_path(self.kept.visit_id, step)

    def keep(self, form: dict[str, str]) -> OpenVisit:
        """Keep what was typed beside what was typed before; "" removes an entry."""
        said = {name: text for name, text in {**self.kept.form, **form}.items() if text}
        if said != self.kept.form:
            keep_form(self.site.folder, self.kept, said, self.author)
        return replace(self, kept=replace(self.kept, form=said))

    def page(
        self, request: Request, template: str, *, step: str = "", status: int = 200, **context: Any
    ) -> Response:
        """Returns a page of it, with the patient above everything else."""
        return self.site.page(
            request,
            template,
            status=status,
            visit=self,
            patient=self.patient.record,
            told=[*self._told()],
            steps=self._steps(),
            step=step,
            **context,
        )

    def _told(self) -> Iterator[str]:
        """Returns what everybody must read before a treatment."""
        yield from told_of_patient(self.patient, self.day)
        for number, flag in self.patient.record.standing_flags(self.day):
            yield f"LASTING FLAG {number}: {flag.words}"

    def _steps(self) -> list[dict[str, Any]]:
        reached = [name for name, _ in STEPS].index(self.next_step)
        return [
            {"name": name, "label": label, "path": self.path(name), "open": number <= reached}
            for number, (name, label) in enumerate(STEPS)
        ]


def visit_path(visit_id: str, step: str = "") -> str:
    """Returns the address of a page of a visit."""
    whole = f"/visits/{quote(visit_id, safe='')}"
    return f"{whole}/{step}" if step else whole


def visit_page(handler: Callable[[Request, OpenVisit], Response]) -> Handler:
    """Wraps a page of a visit for a person with a name; the row of the access is kept first."""

    def show(request: Request) -> Response:
        person = site_of(request).people.named(request)
        if not person:
            return to(f"/person?back={quote(request.url.path)}")
        return handler(request, opened(request, person))

    return shown(show)


def visit_act(
    handler: Callable[[Request, Form, OpenVisit], Response], *, shows: bool = True
) -> Handler:
    """Wraps an act in a visit. Without a name it is asked; what was typed is kept meanwhile.

    An act that shows nothing beyond its page leaves no row of an access.
    """

    def act(request: Request, form: Form, person: str) -> Response:
        visit = opened(request, person, shows=shows)
        if not person:
            visit.keep(form.values())
            return to(f"/person?back={quote(visit.path())}")
        return handler(request, form, visit)

    return open_to_all(act)


def preparing(
    handler: Callable[..., Response],
) -> Callable[..., Response]:
    """Wraps what belongs before a session: after it the visit's own page is shown."""

    def prepare(request: Request, *said: Any) -> Response:
        visit: OpenVisit = said[-1]
        if not visit.kept.is_preparing:
            return to(visit.path())
        refuse_of_another_day(visit)
        return handler(request, *said)

    return prepare


def refuse_of_another_day(visit: OpenVisit) -> None:
    """Refuse steps of another day before a session; raises RequestRefused."""
    began_ms = visit.kept.began_utc_ms
    began = None if began_ms is None else visit.site.words.settings.day_at(began_ms)
    if began is not None and began != visit.day:
        raise RequestRefused(
            f"this visit of patient {visit.kept.reference} was begun on {began} and has no "
            "session yet: identity and screening are valid only on that day. Begin a visit "
            "for today from the overview"
        )


def opened(request: Request, person: str, *, shows: bool = True) -> OpenVisit:
    """Returns the visit of a page's address; raises RecordNotFound, or AuditUnavailable."""
    site = site_of(request)
    kept = kept_visit(site.folder, request.path_params["visit"])
    author = site.author(person)
    if shows:
        named = [standing_field("patient", kept.reference)]
        record_read(site.folder, author, "visit", fields=named)
    held = site.standing()
    return OpenVisit(
        site=site,
        kept=kept,
        held=held,
        patient=patient_of(held, kept.reference),
        day=site.words.settings.day_at(site.clock.utc_ms()),
        author=author,
    )

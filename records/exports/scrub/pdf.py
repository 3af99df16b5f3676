"""The scrub report as a PDF of as many pages as it needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from records.exports.paper.page import (
    ALERT,
    BOTTOM,
    CLINICIAN,
    GREY,
    INK,
    LEFT,
    RIGHT,
    TOP,
    Bar,
    Page,
    wrapped,
)
from records.exports.paper.page_pdf import pages_pdf
from records.exports.scrub.json import scrub_values
from records.visit.face import NOT_A_DEVICE
from records.visit.visit import Visit

COLOURS = {"error": ALERT, "warn": CLINICIAN, "info": GREY}
FOOT = 16.0
INDENT = 10.0


def scrub_pdf(visit: Visit) -> bytes:
    """The file's bytes; the same report gives the same bytes."""
    return pages_pdf(scrub_pages(visit), title=f"Scrub report {visit.session_id}")


def scrub_pages(visit: Visit) -> list[Page]:
    """The laid out pages; raises ExportIncomplete when no rule was applied."""
    values, face, session_id = scrub_values(visit), visit.face, visit.session_id
    flow = _Flow()
    flow.write("Scrub report", 15, bold=True)
    flow.write(
        f"Session {session_id}, note {face.status}, date of service {values['date_of_service']}",
        9,
        GREY,
    )
    flow.write(
        f"Payer profile {values['profile_title']} ({values['profile']}, {values['profile_date']}; "
        f"{values['profile_source']}); rules of {values['rule_set']}",
        9,
        GREY,
    )
    verdict = "No rule found an error." if values["ready"] else face.verdict
    flow.gap(4)
    flow.write(verdict, 11, INK if values["ready"] else ALERT, bold=True)
    for finding in values["findings"]:
        _finding(flow, finding)
    for offer in values["offers"]:
        title = f"Offered: {offer['kind']} {offer['value']} of {offer['line']}"
        speaks = [
            *(f"for: {t}" for t in offer["for"]),
            *(f"against: {t}" for t in offer["against"]),
        ]
        _list(flow, title, [offer["why"], *speaks])
    accepted = [f"{each['what']} {each['value']} by {each['by']}" for each in values["accepted"]]
    _list(flow, "Accepted", accepted)
    _list(flow, "What this payer wants and no data can prove", values["conditions"])
    _list(flow, "Not checked", values["not_checked"])
    flow.gap(10)
    flow.write(values["advice"], 9, bold=True)
    return flow.finished(session_id)


def _finding(flow: _Flow, finding: Mapping[str, Any]) -> None:
    colour = COLOURS[finding["severity"]]
    flow.gap(7)
    flow.keep_together(4)
    flow.write(f"{finding['rule']}  {finding['severity'].upper()}", 9, colour, bold=True)
    flow.write(finding["message"], 9, mark=colour)
    for each in finding["evidence"]:
        value = "open" if each["value"] is None else each["value"]
        flow.write(f"{each['label']}: {value}  [{each['from']}]", 8, mark=colour)
    said = f"Field: {finding['field']}. Source: {finding['source']}, {finding['source_date']}, "
    flow.write(f"{said}strength {finding['strength']}.", 7.5, GREY, mark=colour)


def _list(flow: _Flow, title: str, lines: list[str]) -> None:
    if lines:
        flow.gap(10)
        flow.keep_together(2)
        flow.write(title, 10, bold=True)
        for line in lines:
            flow.write(f"- {line}", 9)


class _Flow:
    """Writes downwards and begins a new page where the old one ends."""

    def __init__(self) -> None:
        self.pages = [Page()]
        self.y = TOP

    def gap(self, height: float) -> None:
        self.y -= height

    def keep_together(self, lines: int) -> None:
        """Begin a new page when so many lines do not fit any more."""
        if self.y - lines * 12 < BOTTOM + FOOT:
            self._new_page()

    def write(
        self, text: str, size: float, colour: str = INK, *, bold: bool = False, mark: str = ""
    ) -> None:
        """A text over as many lines as it needs; ``mark`` draws a bar of that colour beside it."""
        left = LEFT + (INDENT if mark else 0)
        leading = size * 1.3
        # Bold letters are about a tenth wider than the ones that are measured.
        for line in wrapped(text, (RIGHT - left) / (1.12 if bold else 1), size):
            if self.y - leading < BOTTOM + FOOT:
                self._new_page()
            if mark:
                bar = Bar(x=LEFT, y=self.y - leading, width=2, height=leading, colour=mark)
                self.pages[-1].bars.append(bar)
            self.pages[-1].write(left, self.y - size, line, size, colour, bold=bold)
            self.y -= leading

    def finished(self, session_id: str) -> list[Page]:
        """The pages with their feet."""
        for number, page in enumerate(self.pages, start=1):
            page.write(LEFT, BOTTOM + 3, f"Session {session_id}   {NOT_A_DEVICE}", 6.5, GREY)
            page.write_right(RIGHT, BOTTOM + 3, f"page {number} of {len(self.pages)}", 6.5, GREY)
        return self.pages

    def _new_page(self) -> None:
        self.pages.append(Page())
        self.y = TOP

"""The scrub report as a PDF of as many pages as it needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from reportlab.platypus import CondPageBreak

from records.exports.paper.blocks import ALERT, CLINICIAN, GREY, INK, Flowable, said
from records.exports.paper.document import SMALL, Document, pdf_of
from records.exports.scrub.json import first_line, outcome_lines, values_as_read
from records.note.treatment_note import sessions_text
from records.visit.face import NOT_A_DEVICE, simulated_text
from records.visit.visit import Visit

COLOURS = {"error": ALERT, "warn": CLINICIAN, "info": GREY}
INDENT = 10.0
ROOM = 48.0
"""A finding begins on the next page when less than this is left."""


def scrub_pdf(visit: Visit) -> bytes:
    """Returns the file's bytes, the same for the same report. ExportIncomplete without a report."""
    values = values_as_read(visit)
    return pdf_of(
        Document(
            body=lambda: list(_body(visit, values)),
            head=partial(_head, visit),
            foot=lambda: [said(NOT_A_DEVICE, SMALL, GREY)],
            title=f"Scrub report {visit.session_id}",
        )
    )


def _head(visit: Visit) -> list[Flowable]:
    simulated = simulated_text(visit.note)
    mark = [said(simulated, 9, ALERT, bold=True)] if simulated else []
    return [
        *mark,
        said(f"{_of(visit)}, note {visit.face.status}", 8.5, INK, bold=True),
    ]


def _of(visit: Visit) -> str:
    of = sessions_text(visit.note)
    return f"{of[0].upper()}{of[1:]}"


def _body(visit: Visit, values: Mapping[str, Any]) -> Iterator[Flowable]:
    yield said("Scrub report", 15, bold=True)
    yield from _about(values)
    verdict = values["verdict"].partition(";")[0]
    colour = INK if values["ready"] else ALERT
    yield said(verdict, 11, colour, bold=True, spaceBefore=4)
    yield said(visit.face.outcomes, 9, GREY)
    for finding in values["findings"]:
        yield from _finding(finding)
    yield from _list("Not judged", outcome_lines(values, "not_judged"))
    for offer in values["offers"]:
        yield from _offer(offer)
    accepted = [f"{each['what']} {each['value']} by {each['by']}" for each in values["accepted"]]
    yield from _list("Accepted", accepted)
    yield from _list("What this payer wants and no data can prove", values["conditions"])
    yield from _list("Not checked", values["not_checked"])
    yield from _list("Not applicable", outcome_lines(values, "not_applicable"))
    yield said(values["advice"], 9, bold=True, spaceBefore=10)


def _about(values: Mapping[str, Any]) -> Iterator[Flowable]:
    yield said(first_line(values), 9, GREY)
    profile = f"{values['profile']}, {values['profile_date']}; {values['profile_source']}"
    text = f"Payer profile {values['profile_title']} ({profile}); rules of {values['rule_set']}"
    yield said(text, 9, GREY)


def _finding(finding: Mapping[str, Any]) -> Iterator[Flowable]:
    colour = COLOURS[finding["severity"]]
    yield CondPageBreak(ROOM)
    title = f"{finding['rule']}  {finding['severity'].upper()}"
    yield said(title, 9, colour, bold=True, spaceBefore=7)
    yield _beside(finding["message"], 9)
    for each in finding["evidence"]:
        value = "open" if each["value"] is None else each["value"]
        yield _beside(f"{each['label']}: {value}  [{each['from']}]", 8)
    source = f"{finding['source']}, {finding['source_date']}, strength {finding['strength']}"
    yield _beside(f"Field: {finding['field']}. Source: {source}.", 7.5, GREY)


def _beside(text: str, size: float, colour: str = INK) -> Flowable:
    return said(text, size, colour, leftIndent=INDENT)


def _offer(offer: Mapping[str, Any]) -> Iterator[Flowable]:
    title = f"Offered: {offer['kind']} {offer['value']} of {offer['line']}"
    speaks = [*(f"for: {t}" for t in offer["for"]), *(f"against: {t}" for t in offer["against"])]
    yield from _list(title, [offer["why"], *speaks])


def _list(title: str, lines: list[str]) -> Iterator[Flowable]:
    if lines:
        yield said(title, 10, bold=True, spaceBefore=10, keepWithNext=1)
    for line in lines:
        yield said(f"- {line}", 9)

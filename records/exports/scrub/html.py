"""The scrub report as one HTML file: its own small style, nothing from elsewhere, no script.

Tags are written here and every value passes ``_value``. A library of templates would take as long
to load and to read its template as the rules take for the claim.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from typing import Any, Final

from controller.words import one_line
from records.exports.scrub.json import first_line, outcome_lines, scrub_values
from records.note.treatment_note import sessions_text
from records.visit.face import NOT_A_DEVICE, simulated_text
from records.visit.visit import Visit

_ESCAPED: Final = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;"}
)


def scrub_html(visit: Visit) -> str:
    """The page; every value is escaped. Raises ExportIncomplete when no rule was applied."""
    values = scrub_values(visit)
    lines = [
        *_head(values),
        *_about(visit, values),
        "<main>",
        *_verdict(visit, values),
        *_findings(values["findings"]),
        *_list("Not judged", outcome_lines(values, "not_judged")),
        *_offers(values["offers"]),
        *_list("Accepted", map(_accepted, values["accepted"])),
        *_list("What this payer wants and no data can prove", values["conditions"]),
        *_list("Not checked", values["not_checked"]),
        *_list("Not applicable", outcome_lines(values, "not_applicable")),
        "</main>",
        "<footer>",
        f"<p><strong>{_value(values['advice'])}</strong></p>",
        f'<p class="about">{_value(NOT_A_DEVICE)}</p>',
        "</footer>",
        "</body>",
        "</html>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _value(value: object) -> str:
    """A value as text of the page, on one line."""
    return one_line(str(value)).translate(_ESCAPED)


def _head(values: Mapping[str, Any]) -> Iterator[str]:
    style = resources.files("records.exports.scrub").joinpath("style.css").read_text("utf-8")
    yield "<!DOCTYPE html>"
    yield '<html lang="en">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>Scrub report {_value(values['session_id'])}</title>"
    yield "<style>"
    yield from (f"  {line}" for line in style.splitlines())
    yield "</style>"
    yield "</head>"
    yield "<body>"


def _about(visit: Visit, values: Mapping[str, Any]) -> Iterator[str]:
    """What the report is of, and by which rules."""
    of = sessions_text(visit.note)
    profile = ("profile_title", "profile", "profile_date", "profile_source", "rule_set")
    title, name, date, source, rules = (_value(values[key]) for key in profile)
    yield "<header>"
    yield "<h1>Scrub report</h1>"
    if simulated := simulated_text(visit.note):
        yield f'<p class="verdict blocked">{_value(simulated)}</p>'
    yield (
        f'<p class="about">{_value(of[0].upper())}{_value(of[1:])}, note '
        f"{_value(visit.face.status)}. {_value(first_line(values))}</p>"
    )
    yield f'<p class="about">Payer profile {title} ({name}, {date};'
    yield f"{source}); rules of {rules}</p>"
    yield "</header>"


def _verdict(visit: Visit, values: Mapping[str, Any]) -> Iterator[str]:
    look = "ready" if values["ready"] else "blocked"
    verdict, _, _ = values["verdict"].partition(";")
    yield f'<p class="verdict {look}">{_value(verdict)}</p>'
    yield f'<p class="about">{_value(visit.face.outcomes)}</p>'


def _findings(findings: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "<h2>Findings</h2>"
    for finding in findings:
        severity = _value(finding["severity"])
        yield f'<article class="{severity}">'
        yield f'<h3>{_value(finding["rule"])} <span class="tag">{severity}</span></h3>'
        yield f"<p>{_value(finding['message'])}</p>"
        yield from _evidence(finding["evidence"])
        source, date, strength = (
            _value(finding[key]) for key in ("source", "source_date", "strength")
        )
        yield (
            f'<p class="source">Field: {_value(finding["field"])}. '
            f"Source: {source}, {date}, strength {strength}.</p>"
        )
        yield "</article>"
    if not findings:
        yield "<p>None.</p>"


def _evidence(evidence: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What a finding rests on, as a table."""
    if not evidence:
        return
    yield "<table>"
    for each in evidence:
        value = "open" if each["value"] is None else each["value"]
        cells = f"<td>{_value(value)}</td><td>{_value(each['from'])}</td>"
        yield f'<tr><th scope="row">{_value(each["label"])}</th>{cells}</tr>'
    yield "</table>"


def _offers(offers: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if offers:
        yield "<h2>Offered, for a named person to accept</h2>"
    for offer in offers:
        kind = f"{_value(offer['kind'])} of {_value(offer['line'])}"
        yield "<article>"
        yield f'<h3>{_value(offer["value"])} <span class="tag">{kind}</span></h3>'
        yield f"<p>{_value(offer['why'])}</p>"
        yield "<ul>"
        yield from (f"<li>For: {_value(each)}</li>" for each in offer["for"])
        yield from (f"<li>Against: {_value(each)}</li>" for each in offer["against"])
        yield "</ul>"
        yield "</article>"


def _accepted(one: Mapping[str, Any]) -> str:
    return f"{one['what']} {one['value']} by {one['by']}"


def _list(title: str, lines: Iterable[str]) -> Iterator[str]:
    """A section of lines; nothing where there are none."""
    listed = [f"<li>{_value(each)}</li>" for each in lines]
    if listed:
        yield from (f"<h2>{title}</h2>", "<ul>", *listed, "</ul>")

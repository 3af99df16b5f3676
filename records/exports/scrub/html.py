"""The scrub report as one HTML file: its own small style, nothing from elsewhere, no script."""

from __future__ import annotations

from functools import cache
from importlib import resources

from jinja2 import Environment, StrictUndefined, Template

from controller.words import one_line
from records.exports.scrub.json import first_line, outcome_lines, values_as_read
from records.note.treatment_note import sessions_text
from records.visit.face import NOT_A_DEVICE, simulated_text
from records.visit.visit import Visit


def scrub_html(visit: Visit) -> str:
    """The page; every value is escaped. Raises ExportIncomplete when no rule was applied."""
    values = values_as_read(visit)
    return _template().render(
        report=values,
        face=visit.face,
        not_a_device=NOT_A_DEVICE,
        simulated=simulated_text(visit.note),
        of=sessions_text(visit.note),
        first_line=first_line(values),
        not_judged=outcome_lines(values, "not_judged"),
        not_applicable=outcome_lines(values, "not_applicable"),
    )


def _shown(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value


@cache
def _template() -> Template:
    text = resources.files("records.exports.scrub").joinpath("report.html.jinja").read_text("utf-8")
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_shown,
    )
    return environment.from_string(text)

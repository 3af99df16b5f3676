"""The templates of the pages: every value is escaped, and a name that is not there fails."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, PackageLoader, StrictUndefined

from workstation.station.stop_page import stop_path


@cache
def environment() -> Environment:
    """One for all pages."""
    made = Environment(
        loader=PackageLoader("workstation.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["stop_path"] = stop_path
    made.filters["segment"] = partial(quote, safe="")
    return made


def render(template: str, context: Mapping[str, Any]) -> str:
    """A page as text."""
    return environment().get_template(template).render(context)

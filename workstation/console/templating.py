"""The templates of the pages: every value is escaped, and an undefined name raises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, partial
from typing import Any
from urllib.parse import quote
from zlib import crc32

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import escape

from controller.snapshot import SettledCheck
from workstation.console.browsers import TOKEN_FIELD
from workstation.console.static_files import static_path
from workstation.station.stop_page import stop_path
from workstation.texts.end_words import end_in_words
from workstation.texts.ways_out import on_a_page

_OWN_FORM = re.compile(r'<form\b[^>]*\bmethod="post"[^>]*\baction="/[^"]*"[^>]*>')
_FORM_ID = re.compile(r'name="id" value="[0-9a-f]*"')
_FIGURE = re.compile(r'(data-is="[a-z_]+"[^>]*>)[^<]*')


@cache
def environment() -> Environment:
    """Returns the environment of all pages."""
    made = Environment(
        loader=PackageLoader("workstation.console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # an update beside a running program changes none of its pages
    )
    made.filters["stop_path"] = stop_path
    made.filters["segment"] = partial(quote, safe="")
    made.filters["words"] = SettledCheck.words
    made.filters["part_version"] = part_version
    made.filters["on_a_page"] = on_a_page
    made.filters["end_in_words"] = end_in_words
    made.globals["static"] = static_path()
    return made


def part_version(part: str) -> str:
    """Returns a value that changes when a part of a page does, except live figures and form ids."""
    lasting = _FIGURE.sub(lambda figure: figure[1], _FORM_ID.sub("", part))
    return f"{crc32(lasting.encode('utf-8', 'replace')):08x}"


def with_token(page: str, token: str) -> str:
    """Returns the page with the browser's token in every form that goes to the console itself."""
    field = f'<input type="hidden" name="{TOKEN_FIELD}" value="{escape(token)}">'
    return _OWN_FORM.sub(lambda form: form[0] + field, page)


def render(template: str, context: Mapping[str, Any]) -> str:
    """Returns a page as text."""
    return environment().get_template(template).render(context)

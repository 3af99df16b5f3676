"""Every route of the console with an address that it answers, for tests that visit them all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from starlette.routing import Route

from workstation.console.application import PAGES

NAMES = {
    "name": "Table 1",
    "reference": "TEST-1",
    "visit": "visit-0",
    "session": "20261130T140000Z-aaaaaa",
    "session_id": "20261130T140000Z-aaaaaa",
    "format": "pdf",
    "number": "1",
    "file": "none.capture",
    "file_id": "0" * 32,
    "replay_id": "0" * 32,
    "stream_id": "0" * 16,
}
"""Values of parameters for which a test has nothing better."""


def every_route() -> list[tuple[str, str]]:
    """Method and path of each route; HEAD is a GET whose body is not sent."""
    made = [route for routes in PAGES for route in routes()]
    assert all(isinstance(each, Route) for each in made)
    return [
        (method, each.path)
        for each in made
        if isinstance(each, Route)
        for method in sorted(each.methods or ())
        if method != "HEAD"
    ]


def asked_path(path: str, names: Mapping[str, str] = NAMES) -> str:
    """The path with every parameter filled in."""
    return re.sub(r"{(\w+)(?::\w+)?}", lambda found: quote(names[found[1]], safe=""), path)

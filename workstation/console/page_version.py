"""The version of the program that made a page, with a digest of what pages are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable

PROGRAM = "traction-session-controller"


@cache
def page_version() -> str:
    """Returns the version, the same for all pages that this program serves."""
    digest = hashlib.sha256()
    console = files("workstation.console")
    for folder in ("static", "templates"):
        for name, content in _contents(console / folder):
            digest.update(name.encode() + b"\0" + content)
    return f"{version(PROGRAM)}-{digest.hexdigest()[:12]}"


def _contents(place: Traversable) -> Iterator[tuple[str, bytes]]:
    for each in sorted(place.iterdir(), key=lambda one: one.name):
        if each.is_dir():
            yield from _contents(each)
        else:
            yield each.name, each.read_bytes()

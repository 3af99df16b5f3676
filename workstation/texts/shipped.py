"""What is shipped, according to the installed packages: versions, licences, limits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Final

PROGRAM: Final = "traction-session-controller"
NOT_TESTED: Final = "## What is not tested"
"""Heading of the README's list of limits, which is part of the package's description."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_OSI = "License :: OSI Approved :: "
UNSAID: Final = "not said by the package"
LICENCE_CHARACTERS: Final = 60
"""A longer text in the field is a whole licence, whose name is in another field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedPart:
    """A package that the program needs and that is installed with it."""

    name: str
    version: str
    licence: str


@cache
def program_version() -> str:
    """Returns the version of the installed program."""
    return distribution(PROGRAM).version


@cache
def program_licence() -> str:
    """Returns the licence of the program itself."""
    return _licence(distribution(PROGRAM))


@cache
def shipped_parts() -> tuple[ShippedPart, ...]:
    """Returns everything that the program needs, directly or not, by name; without extras."""
    found: dict[str, ShippedPart] = {}
    waiting = [*_needs(distribution(PROGRAM))]
    while waiting:
        name = waiting.pop()
        key = re.sub(r"[-_.]+", "-", name).lower()
        if key in found:
            continue
        try:
            part = distribution(name)
        except PackageNotFoundError:
            continue  # needed only on another system or Python
        found[key] = ShippedPart(
            name=part.metadata["Name"], version=part.version, licence=_licence(part)
        )
        waiting += _needs(part)
    return tuple(found[key] for key in sorted(found))


def system_versions() -> dict[str, str]:
    """Returns what the program runs on."""
    import platform
    import sqlite3

    return {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.platform(),
    }


@cache
def not_tested() -> tuple[str, ...]:
    """Returns the README's list of what was not tested; empty where the package lacks it."""
    return not_tested_in(str(distribution(PROGRAM).metadata.json.get("description") or ""))


def not_tested_in(readme: str) -> tuple[str, ...]:
    """Returns the list in the README's text, each item in one line."""
    section = readme.partition(f"{NOT_TESTED}\n")[2].partition("\n## ")[0]
    return tuple(" ".join(item.split()) for item in section.split("\n- ")[1:])


def _needs(part: Distribution) -> Iterator[str]:
    for line in part.requires or ():
        name = _NAME.match(line)
        if name is not None and "extra ==" not in line:
            yield name[0]


def _licence(part: Distribution) -> str:
    """Returns the expression; else the classifiers' names; else a short text of the older field."""
    said = part.metadata.json
    if expression := said.get("license_expression"):
        return str(expression)
    classifiers = [str(each) for each in said.get("classifier") or ()]
    approved = [each.removeprefix(_OSI) for each in classifiers if each.startswith(_OSI)]
    if approved:
        return ", ".join(approved)
    text = str(said.get("license") or "").strip()
    return text if text and len(text) <= LICENCE_CHARACTERS and "\n" not in text else UNSAID

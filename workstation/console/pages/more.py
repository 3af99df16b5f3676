"""Pages that are needed now and then: support, audit, settings, and about this program."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from records.standing.kinds import PresetRecord, UnitRecord
from workstation.console.acts import shown, site_of
from workstation.console.site import Site
from workstation.settings import Settings, setting_sources
from workstation.texts.shipped import (
    not_tested,
    program_licence,
    program_version,
    shipped_parts,
    system_versions,
)

OF_THE_CLINIC: Final = ("clinic", "time_zone", "force_unit")
"""Settings that the clinic's own record may override."""
UNITS: Final = {
    "retention_years": "years",
    "backup_days": "days",
    "paper_days": "days",
    "console_lost": "s",
    "sign_out_minutes": "min",
}
"""The unit of each number that is a duration."""
WITHOUT_END: Final = {
    "retention_years": "nothing is ever removed",
    "backup_days": "no backup is ever too old",
    "paper_days": "a sheet of any age is entered",
}
"""The meaning of 0 where it is not a duration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldSetting:
    """A setting with its value in use and its source."""

    key: str
    value: str
    source: str


def routes() -> list[BaseRoute]:
    """Returns the list of pages, and three of them."""
    return [
        Route("/more", shown(more), methods=["GET"]),
        Route("/settings", shown(settings), methods=["GET"]),
        Route("/about", shown(about), methods=["GET"]),
        Route("/card", shown(card), methods=["GET"]),
    ]


def more(request: Request) -> Response:
    """The list of pages."""
    return site_of(request).page(request, "more/more.html")


def card(request: Request) -> Response:
    """The card that explains the switch to the patient, in English and Spanish."""
    return site_of(request).page(request, "more/card.html")


def settings(request: Request) -> Response:
    """The values in use and their sources; nothing is changed here."""
    site = site_of(request)
    held = site.standing()
    tables = [each for each in held.all_of("unit") if isinstance(each.record, UnitRecord)]
    presets = [each for each in held.all_of("preset") if isinstance(each.record, PresetRecord)]
    return site.page(
        request,
        "more/settings.html",
        held=[*_held(site)],
        people=[*held.all_of("person")],
        tables=tables,
        presets=presets,
    )


def about(request: Request) -> Response:
    """Version, licences, limits."""
    return site_of(request).page(
        request,
        "more/about.html",
        version=program_version(),
        licence=program_licence(),
        parts=shipped_parts(),
        systems=system_versions(),
        untested=not_tested(),
    )


def _held(site: Site) -> Iterator[HeldSetting]:
    """Returns the settings since the console began; the clinic's record overrides them."""
    sources, own, now = setting_sources(), site.settings, site.words.settings
    for key in Settings.model_fields:
        value = getattr(now, key)
        source = sources[key]
        if key in OF_THE_CLINIC and value != getattr(own, key):
            source = "the clinic's record: `traction clinic change`"
        if key == "data":
            value, source = site.folder.path, "the station's --data, else the setting"
        yield HeldSetting(key=key, value=_text(key, value), source=source)


def _text(key: str, value: object) -> str:
    if value is None or value == "":
        return "(empty)"
    if value == 0 and key in WITHOUT_END:
        return f"0: {WITHOUT_END[key]}"
    text = str(getattr(value, "value", value))
    return f"{text} {UNITS[key]}" if key in UNITS else text

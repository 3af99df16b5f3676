"""The file for support: what is listed here and nothing else, so that no patient can be in it.

It contains nothing that a person has typed: no name, no text of an order, a note or a request, no
name of a clinic, a table, a session or a file, and no day of a treatment. Units are numbered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from controller.snapshot import Snapshot
from controller.words import lines_of
from workstation.history.captures import LastBytes
from workstation.history.line_statistics import LineOfSession
from workstation.settings import Settings

NUMBERS: Final = (
    "force_unit",
    "retention_years",
    "console_port",
    "stop_port",
    "backup_days",
    "paper_days",
    "console_lost",
)
"""Settings whose values are numbers or one of a few words."""
WHETHER_SET: Final = (
    "checkpoint_copy",
    "timestamp_url",
    "readers_group",
    "station_certificate",
    "console_addresses",
    "console_acting_addresses",
    "stop_addresses",
    "backup_recipients",
)
"""Settings that are only reported as set or not: their values are typed."""
HELD: Final = (
    "doing",
    "round_trip_s",
    "missed",
    "mismatched",
    "lateness_s",
    "record_age_s",
    "reading_age_s",
    "console_age_s",
    "station_age_s",
    "sounds",
)
"""What is reported of a unit at present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitForSupport:
    """What is known of a unit. ``live`` is None where it sends nothing."""

    live: Snapshot | None
    sessions: Sequence[LineOfSession]
    last_bytes: LastBytes | None


def support_text(
    versions: Mapping[str, str], settings: Settings, units: Sequence[UnitForSupport]
) -> str:
    """Returns the whole file."""
    return lines_of(_lines(versions, settings, units))


def _lines(
    versions: Mapping[str, str], settings: Settings, units: Sequence[UnitForSupport]
) -> Iterator[str]:
    yield "File for support of a traction workstation. It holds no data of a patient."
    yield ""
    yield "[versions]"
    yield from (f"{name} = {text}" for name, text in versions.items())
    yield ""
    yield "[settings]"
    for key in NUMBERS:
        value = getattr(settings, key)
        yield f"{key} = {getattr(value, 'value', value)}"
    for key in WHETHER_SET:
        yield f"{key} = {'set' if getattr(settings, key) else 'not set'}"
    for number, unit in enumerate(units, 1):
        yield ""
        yield f"[unit {number}]"
        yield from _unit(unit)


def _unit(unit: UnitForSupport) -> Iterator[str]:
    if unit.live is None:
        yield "at present = not heard"
    else:
        for name in HELD:
            value = getattr(unit.live, name)
            yield f"{name} = {getattr(value, 'value', value)}"
        yield f"alarms = {', '.join(each.code for each in unit.live.alarms) or 'none'}"
    for each in unit.sessions:
        yield f"session before = {_session(each)}"
    if unit.last_bytes is not None:
        yield f"bytes of the line ({unit.last_bytes.kind}) = {len(unit.last_bytes.lines)} chunks"
        yield from unit.last_bytes.lines


def _session(line: LineOfSession) -> str:
    troubles = ", ".join(f"{name} x {count}" for name, count in sorted(line.troubles.items()))
    alarms = ", ".join(f"{name} x {count}" for name, count in sorted(line.alarms.items()))
    return (
        f"{line.model} {line.firmware}; {line.samples} samples, {line.without_reading} without a "
        f"reading, {line.repeated} repeated, longest step {line.longest_step_ms} ms; troubles: "
        f"{troubles or 'none'}; alarms: {alarms or 'none'}"
    )

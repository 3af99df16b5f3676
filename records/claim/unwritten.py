"""A refused export of a claim."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwrittenExport:
    """The formats, why, and the names of what they lack."""

    formats: tuple[str, ...]
    message: str
    missing: tuple[str, ...] = ()

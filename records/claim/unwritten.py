"""What an export of a claim would not write."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UnwrittenExport:
    """The formats, why, and the names of what they miss."""

    formats: tuple[str, ...]
    message: str
    missing: tuple[str, ...] = ()

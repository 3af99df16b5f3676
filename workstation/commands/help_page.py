"""The help page of the program: commands in groups, in the order in which a clinic meets them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from typer.core import TyperGroup

GROUPS: dict[str, tuple[str, ...]] = {
    "Treat": (
        "visit",
        "order",
        "run",
        "training",
        "station",
        "watch",
        "observe",
        "sound-check",
        "forms",
    ),
    "Notes": ("today", "sessions", "show", "note"),
    "Claims": (
        "claims",
        "claim",
        "scrub",
        "estimate",
        "accept",
        "payers",
        "codes",
        "export",
        "upload",
    ),
    "Records": (
        "verify",
        "checkpoints",
        "audit",
        "backup",
        "restore",
        "archive",
        "retention",
        "hold",
        "key",
        "quarantine",
        "repack",
        "move-years",
    ),
    "Clinic": (
        "clinic",
        "people",
        "units",
        "presets",
        "patients",
        "accounts",
        "appointments",
        "where",
        "doctor",
        "update",
    ),
    "Engineer": (
        "console",
        "control",
        "demo",
        "simulate",
        "ports",
        "profiles",
        "probe",
        "commission",
        "commissionings",
        "stop-test",
        "replay",
    ),
}
"""A test requires every command to be in one of them."""
OTHER = "Other"
WHOLE_SENTENCE = 1000
"""Characters: the first sentence of a command's help is shown complete, over several lines."""


class WholeSentences(TyperGroup):
    """Commands of one subject, each with its complete first sentence."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write them as one section."""
        self.write_section(ctx, formatter, "Commands", self.list_commands(ctx))

    def write_section(self, ctx: Any, formatter: Any, title: str, names: Iterable[str]) -> None:
        """Write the commands of a section; nothing for an empty one."""
        found = ((name, self.get_command(ctx, name)) for name in names)
        lines = [(name, one.get_short_help_str(WHOLE_SENTENCE)) for name, one in found if one]
        if lines:
            with formatter.section(title):
                formatter.write_dl(lines)


class GroupedHelp(WholeSentences):
    """The program with its commands in groups."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each group as a section of its own."""
        grouped = {name for names in GROUPS.values() for name in names}
        others = tuple(name for name in self.list_commands(ctx) if name not in grouped)
        for title, names in (*GROUPS.items(), (OTHER, others)):
            self.write_section(ctx, formatter, title, names)

"""Options and arguments that several commands have, and the place that their records are in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

if TYPE_CHECKING:
    from records.store.record_folder import RecordFolder
    from workstation.settings import Settings

SessionArgument = Annotated[str, typer.Argument(help="Session id or its beginning.")]
DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder where records live.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
ByOption = Annotated[str, typer.Option("--by", help="Name of the person who says it.")]
ContextOption = Annotated[
    Path | None,
    typer.Option("--context", help="Claim context: JSON, CSV or TOML.", show_default=False),
]
PayerOption = Annotated[
    str | None,
    typer.Option(
        "--payer", help="Payer profile; `traction payers` lists them.", show_default=False
    ),
]


class Place(NamedTuple):
    """Where a command's records live, and the settings that it follows."""

    settings: Settings
    folder: RecordFolder


def place_of(data: Path | None) -> Place:
    """The folder that was asked for, else that of the settings; raises RequestRefused."""
    from records.store.record_folder import RecordFolder
    from workstation.settings import load_settings

    settings = load_settings()
    return Place(settings, RecordFolder(data or settings.data))

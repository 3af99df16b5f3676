"""``traction demo``: three simulated patients and all their documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workstation.commands.options import ForceOption, JsonOption
from workstation.output import NOT_A_DEVICE, refuse_existing, say, say_json


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("demo")(demo)


def demo(
    out: Annotated[Path, typer.Option(help="Folder for documents and records.")] = Path(
        "demo-output"
    ),
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Treat two simulated patients, observe a third one, and write all documents."""
    from workstation.demo import DemoConsole, document_files, run_demo
    from workstation.settings import load_settings

    for file in document_files(out):
        refuse_existing(file, force=force)
    files = run_demo(DemoConsole(stderr=as_json), out, load_settings())
    if as_json:
        facts = {"records": str(out / "data"), "files": [str(file) for file in files]}
        say_json("demo", facts)
        return
    say(NOT_A_DEVICE)

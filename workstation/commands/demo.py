"""``traction demo``: three simulated patients and all their documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from controller.errors import AddressInvalid
from workstation.commands.options import ForceOption, JsonOption
from workstation.commands.simulate import WireName
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
    wire: Annotated[
        WireName | None,
        typer.Option(help="How the cervical unit is reached; RTU where the system has it."),
    ] = None,
) -> None:
    """Treat two simulated patients, observe a third one, and write all documents."""
    import os

    from workstation.demo import DemoConsole, document_files, run_demo
    from workstation.settings import load_settings

    if wire in (WireName.RTU, WireName.ASCII) and not hasattr(os, "openpty"):
        raise AddressInvalid(
            f"--wire {wire}: this system has no pseudo-terminals; choose --wire tcp"
        )
    for file in document_files(out):
        refuse_existing(file, force=force)
    console = DemoConsole(stderr=as_json)
    files = run_demo(console, out, load_settings(), cervical_wire=wire or "")
    if as_json:
        facts = {"records": str(out / "data"), "files": [str(file) for file in files]}
        say_json("demo", facts)
        return
    say(NOT_A_DEVICE)

"""``traction key``: the workstation's signing key, shown, rotated and handed to others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workstation.output import say, say_json, say_text

DataOption = Annotated[
    Path | None, typer.Option("--data", help="Folder where records live.", show_default=False)
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]

key_app = typer.Typer(help="The key that signs the records.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(key_app, name="key")


@key_app.command("show")
def show(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Show the key in use (made now if there is none) and every older public key."""
    from records.signing import known_public_keys, load_or_create_key
    from workstation.settings import load_settings

    data_dir = data or load_settings().data
    current = load_or_create_key(data_dir)
    known = known_public_keys(data_dir)
    if as_json:
        public = {key_id: key.hex() for key_id, key in known.items()}
        say_json({"current": current.key_id, "public_keys": public})
        return
    say(f"signing key {current.key_id}")
    for key_id, key in known.items():
        state = "in use" if key_id == current.key_id else "older"
        say(f"{key_id}  {key.hex()}  {state}")


@key_app.command("rotate")
def rotate(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    data: DataOption = None,
) -> None:
    """Make a new key; the old public key stays, so that old records stay verifiable."""
    from records.signing import rotate_key
    from workstation.settings import load_settings

    data_dir = data or load_settings().data
    if not yes:
        typer.confirm("Put a new signing key in the place of the present one?", abort=True)
    key = rotate_key(data_dir)
    say(f"signing key {key.key_id}")
    say("give the new public key to whoever verifies: traction key export")


@key_app.command("export")
def export(
    out: Annotated[
        Path | None, typer.Option(help="File to write; default: print it.", show_default=False)
    ] = None,
    data: DataOption = None,
) -> None:
    """Write the public key in use as PEM; it verifies bundles on another machine."""
    from records.signing import load_or_create_key, public_pem
    from workstation.documents import write_file
    from workstation.settings import load_settings

    pem = public_pem(load_or_create_key(data or load_settings().data).public_key)
    if out is None:
        say_text(pem.decode())
        return
    say(f"written to {write_file(out, pem)}")

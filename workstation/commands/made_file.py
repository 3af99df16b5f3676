"""Puts out a text that a command makes: printed, written to a file, or reported as JSON."""

from __future__ import annotations

from typing import NamedTuple

from workstation.output import Target, refuse_existing, say, say_json, say_text, write_file


class MadeFile(NamedTuple):
    """The name that the file gets in a folder, and its content: UTF-8 text."""

    name: str
    content: bytes


def put_out(
    command: str, made: MadeFile, out: Target | None, *, force: bool, as_json: bool
) -> None:
    """Print it, or write it where a person wants it; raises RequestRefused for an existing file."""
    file = out.file(made.name) if out else None
    if file is not None:
        refuse_existing(file, force=force)
        write_file(file, made.content)
    if as_json:
        say_json(command, {"file": str(file) if file else None, "text": made.content.decode()})
    elif file is None:
        say_text(made.content.decode())
    else:
        say(f"written to {file}")

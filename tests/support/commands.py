"""Calls the command line in this process with a data folder."""

from __future__ import annotations

from functools import cache
from unittest.mock import patch

from typer.main import get_command
from typer.testing import CliRunner, Result

from records.store.record_folder import RecordFolder
from workstation.cli import program

_PROGRAM = program()
_BUILT = "typer.testing._get_command"
_built_once = cache(get_command)
"""Made once: the runner would build all commands anew for each call, half of its time."""


def invoke(*arguments: str, typed: str | None = None) -> Result:
    """Run the program with ``typed`` on its standard input; an error is in the result."""
    with patch(_BUILT, _built_once):
        return CliRunner().invoke(_PROGRAM, arguments, input=typed)


def run(data: RecordFolder, *arguments: str) -> Result:
    """Run a command; an error is in the result."""
    return invoke(*arguments, "--data", str(data))


def said(data: RecordFolder, *arguments: str) -> str:
    """Returns the output of a command; re-raises its exception."""
    result = run(data, *arguments)
    if result.exception:
        raise result.exception
    return result.output

"""The command line, called in this process with a data folder."""

from __future__ import annotations

from typer.testing import CliRunner, Result

from records.store.record_folder import RecordFolder
from workstation.cli import app


def run(data: RecordFolder, *arguments: str) -> Result:
    """What a command did; an error is in the result."""
    return CliRunner().invoke(app, [*arguments, "--data", str(data)])


def said(data: RecordFolder, *arguments: str) -> str:
    """What a command printed; raises what it raised."""
    result = run(data, *arguments)
    if result.exception:
        raise result.exception
    return result.output

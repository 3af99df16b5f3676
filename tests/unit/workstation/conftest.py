"""The command line as a shell calls it."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from workstation import cli

Traction = Callable[..., tuple[int, str]]
"""Takes the words behind `traction`; returns the status and everything that was printed."""


@pytest.fixture
def traction(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Traction:
    """Call the command through its entry point; its status and everything that it printed."""

    def call(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["traction", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return int(ended.value.code or 0), printed.out + printed.err

    return call

"""Runs a module as a process beside a block until its input ends; then it prints its figures."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from typing import Any

from tests.support.real_time import ROOT


@contextmanager
def beside(module: str, *arguments: str) -> Iterator[dict[str, Any]]:
    """Run a module beside the block; afterwards the dictionary has what the module printed.

    It gets nothing if the block raises.
    """
    command = [sys.executable, "-m", module, *arguments]
    figures: dict[str, Any] = {}
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield figures
            said, _ = process.communicate()
            figures.update(json.loads(said))
        finally:
            process.kill()


def end_of_input() -> Event:
    """In that process: set when the block has ended or its parent has gone."""
    ends = Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        ends.set()

    Thread(target=wait_for_the_end, daemon=True).start()
    return ends

"""The command ``traction``.

Exit status: 0 done, 2 wrong order or usage, 3 refused, 4 the record cannot be kept or was altered,
5 the session ended early.

What a command needs is imported inside of it: `--help` and a wrong option answer at once.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from collections.abc import Sequence
from itertools import pairwise

import typer

from controller.errors import RequestRefused, TractionError
from controller.words import fault_of, one_line
from workstation.commands import (
    appointments,
    backup,
    billing,
    codes,
    demo,
    evidence,
    export,
    keys,
    note,
    observe,
    order,
    ports,
    profiles,
    replay,
    retention,
    run,
    sessions,
    simulate,
    standing,
    unit_files,
)
from workstation.exit_status import exit_status
from workstation.output import NOT_A_DEVICE

OBJECTS_PER_COLLECTION = 100_000
"""Python's own 700 looks through the program again and again while it is being loaded, where nearly
everything stays. A session goes back to it (`session/realtime.py`)."""
PLUGINS_OF_PYDANTIC = "PYDANTIC_DISABLE_PLUGINS"
"""Without it the library looks through every installed package for code that changes its checks."""

app = typer.Typer(
    help=f"Drives a traction unit, keeps the evidence, writes note and charge line. {NOT_A_DEVICE}",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for commands in (
    run,
    observe,
    order,
    sessions,
    note,
    billing,
    codes,
    export,
    evidence,
    backup,
    keys,
    retention,
    standing,
    appointments,
    unit_files,
    ports,
    profiles,
    replay,
    simulate,
    demo,
):
    commands.register(app)


def main() -> None:
    """Entry point and catch-all handler of the command line: no traceback reaches a user."""
    _spare_the_processor()
    _open_closed_streams()
    try:
        _check_arguments(sys.argv[1:])
        app()
    except TractionError as error:
        _end_with(one_line(f"traction: {error}"), exit_status(error))
    except Exception as error:
        _end_with(
            one_line(
                f"traction: this should not have happened ({type(error).__name__}: {error}); "
                "please report it with what you did"
            ),
            1,
        )


def _spare_the_processor() -> None:
    """What a short command would do without any use: half of its time is loading the program."""
    gc.set_threshold(OBJECTS_PER_COLLECTION)
    atexit.register(gc.freeze)  # nothing is worth looking for in a program that ends
    os.environ.setdefault(PLUGINS_OF_PYDANTIC, "__all__")


def _end_with(text: str, status: int) -> None:
    """End whether or not the terminal takes the text."""
    from controller.runtime.clock import SystemClock
    from workstation.terminal.screen import last_words

    last_words(text, SystemClock().now_s)
    sys.exit(status)


def _open_closed_streams() -> None:
    """A file or socket that is opened later must not become the standard output of messages."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _check_arguments(arguments: Sequence[str]) -> None:
    """What hides or steers, and bytes that are no text, are refused before anything reads them."""
    for number, (before, argument) in enumerate(pairwise(["", *arguments]), start=1):
        if fault := fault_of(argument, len(argument)):
            name = next((a.partition("=")[0] for a in (argument, before) if a.startswith("--")), "")
            name = name if name.isprintable() and name else f"argument {number}"
            raise RequestRefused(f"{name} {fault}")


if __name__ == "__main__":
    main()

"""The command ``traction``.

Exit status: 0 done, 2 wrong order or usage, 3 refused, 4 the record cannot be kept or was altered,
5 the session ended early.

Only the module of the given command is imported, and it imports what it needs inside functions:
`--help` and a wrong option answer at once.
"""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from typing import Annotated, Final

import typer
from typer.exceptions import TyperException

from controller.errors import PrescriptionInvalid, RequestRefused, TractionError
from controller.words import fault_of, one_line
from workstation.commands.help_page import GroupedHelp
from workstation.exit_status import exit_status
from workstation.output import NOT_A_DEVICE, output_refused, say

OBJECTS_PER_COLLECTION = 250_000
"""Python's default of 700 rescans the program repeatedly while it is being loaded, although nearly
everything stays; a PDF document makes 110 000 objects. A session restores the default
(`session/realtime.py`).
"""
KEPT_BYTES = 16 * 1024 * 1024
"""After a block of this size was freed, the C library of most Linux systems (glibc) keeps up to
twice that much free memory. Otherwise the memory of each session is returned to the system and
requested again, which is a sixteenth of the cost of checking a folder.
"""
PLUGINS_OF_PYDANTIC = "PYDANTIC_DISABLE_PLUGINS"
"""Otherwise pydantic searches every installed package for code that changes its checks."""
THREADS_OF_NUMPY = "OPENBLAS_NUM_THREADS"
"""The matrix library in numpy, which this program does not use, starts a thread for each processor
when it is loaded. Each one spins for some hundredths of a second before it sleeps: a fifth of a
short command on two processors.
"""

COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    "visit": ("visit", "today", "claims"),
    "run": ("run",),
    "station": ("station",),
    "training": ("training",),
    "control": ("control",),
    "console": ("console",),
    "watch": ("watch",),
    "observe": ("observe",),
    "order": ("order",),
    "sessions": ("sessions", "show"),
    "audit": ("audit",),
    "note": ("note",),
    "billing": ("claim", "scrub", "estimate", "accept", "payers"),
    "codes": ("codes",),
    "export": ("export", "upload"),
    "evidence": ("verify", "checkpoints"),
    "backup": ("backup", "restore", "archive"),
    "keys": ("key",),
    "retention": ("retention", "hold"),
    "standing": ("clinic", "people", "units", "presets", "patients", "accounts"),
    "appointments": ("appointments",),
    "forms": ("forms",),
    "unit_files": ("quarantine", "repack", "move-years"),
    "ports": ("ports",),
    "profiles": ("profiles",),
    "probe": ("probe", "commission", "commissionings", "stop-test"),
    "replay": ("replay",),
    "sound": ("sound-check",),
    "simulate": ("simulate",),
    "demo": ("demo",),
    "doctor": ("doctor",),
    "where": ("where",),
    "update": ("update",),
}
"""The files of `workstation/commands` with their commands; the help has groups of its own."""
HELP = f"Drive a traction unit, record the evidence, write note and charge line. {NOT_A_DEVICE}"


def program(files: Iterable[str] = COMMANDS) -> typer.Typer:
    """Returns the command line with the commands of ``files``; default: all commands."""
    app = typer.Typer(
        cls=GroupedHelp,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    app.callback(help=HELP)(_for_every_command)
    for name in files:
        import_module(f"workstation.commands.{name}").register(app)
    return app


def _say_version(is_asked: bool) -> None:
    """Print the version and end before anything else is read."""
    if is_asked:
        from workstation.texts.shipped import program_version

        say(f"traction {program_version()}")
        raise typer.Exit


def _for_every_command(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_say_version, is_eager=True, help="Show the program's version."
        ),
    ] = False,
) -> None:
    """A callback, because Typer calls a single command of a program without its name."""


def _files_for(arguments: Sequence[str]) -> Iterable[str]:
    """Returns the file of the given command; all files where none is given, as for the help."""
    named = [file for file, names in COMMANDS.items() if arguments and arguments[0] in names]
    return named or COMMANDS


def main() -> None:
    """Entry point and catch-all handler of the command line: no traceback reaches a user."""
    _spare_the_processor()
    _open_closed_streams()
    try:
        _check_arguments(sys.argv[1:])
        program(_files_for(sys.argv[1:]))()
    except TractionError as error:
        _end_with(_in_lines(error), exit_status(error))
    except SystemExit as end:
        # So that the library ends when the reader of a help page has closed the pipe.
        sys.exit(0 if isinstance(end.__context__, BrokenPipeError) else end.code)
    except OSError as error:
        _end_with(*_of_library_output(error))
    except Exception as error:
        _end_with(*_of_a_defect(error))


def _of_library_output(error: OSError) -> tuple[str, int]:
    """Returns message and status where a stream does not take what the library itself prints."""
    if isinstance(error.__context__, TyperException):  # the words of a wrong usage
        return "", error.__context__.exit_code
    if error.errno == errno.ENOSPC and error.filename is None:
        refused = output_refused(error)
        return _in_lines(refused), exit_status(refused)
    return _of_a_defect(error)


def _of_a_defect(error: Exception) -> tuple[str, int]:
    text = (
        f"traction: unexpected error ({type(error).__name__}: {error}); please report it "
        "with what you did"
    )
    return one_line(text), 1


def _in_lines(error: TractionError) -> str:
    """Returns one line; several mistakes of an order, or several matches, take a line each."""
    head, listed = error.message, error.listed
    if isinstance(error, PrescriptionInvalid) and len(error.mistakes) > 1:
        head, listed = f"{head.partition(' mistakes: ')[0]} mistakes", error.mistakes
    lines = (f"traction: {head} [{error.code}]", *(f"- {one}" for one in listed))
    return "\n".join(map(one_line, lines))


def _spare_the_processor() -> None:
    """Skip what a short command does not need: half of its time is loading the program."""
    gc.set_threshold(OBJECTS_PER_COLLECTION)
    bytes(KEPT_BYTES)  # never written to, so that it costs nothing
    atexit.register(gc.freeze)  # no object is worth collecting in a program that ends
    os.environ.setdefault(PLUGINS_OF_PYDANTIC, "__all__")
    os.environ.setdefault(THREADS_OF_NUMPY, "1")


def _end_with(text: str, status: int) -> None:
    """End with this status whether or not the terminal takes the text."""
    from workstation.terminal.last_words import last_words

    last_words(text)
    sys.exit(status)


def _open_closed_streams() -> None:
    """Open closed streams: a file opened later must not become the standard output of messages."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _check_arguments(arguments: Sequence[str]) -> None:
    """Refuse hidden and control characters and bytes that are not text, before any use."""
    for number, (before, argument) in enumerate(pairwise(["", *arguments]), start=1):
        if fault := fault_of(argument, len(argument)):
            name = next((a.partition("=")[0] for a in (argument, before) if a.startswith("--")), "")
            name = name if name.isprintable() and name else f"argument {number}"
            raise RequestRefused(f"{name} {fault}")


if __name__ == "__main__":
    main()

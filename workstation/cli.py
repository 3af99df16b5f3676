"""The command ``traction``.

Exit status: 0 done, 2 wrong order or usage, 3 refused, 4 the record cannot be kept or was altered,
5 the session ended early.

A command is imported when it is meant, and what it needs inside of it: `--help` and a wrong option
answer at once.
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
"""Python's own 700 looks through the program again and again while it is being loaded, where nearly
everything stays; a document as PDF makes 110 000. A session goes back to it
(`session/realtime.py`)."""
KEPT_BYTES = 16 * 1024 * 1024
"""Of free memory, twice so much stays with the program once a block of this size was given back: so
the C library of most Linux systems (glibc) has it. Otherwise the memory of each session goes back
to the system and is asked for again, a sixteenth of what a check of a folder costs."""
PLUGINS_OF_PYDANTIC = "PYDANTIC_DISABLE_PLUGINS"
"""Without it the library looks through every installed package for code that changes its checks."""
THREADS_OF_NUMPY = "OPENBLAS_NUM_THREADS"
"""The library of matrices in numpy, of which this program uses none, starts a thread for each
processor as soon as it is loaded, and each one turns over for some hundredths of a second before it
sleeps: a fifth of a short command on two processors."""

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
    """The command line with the commands of ``files``; with all of them unless told otherwise."""
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
    """Print the version and end, before anything else is looked at."""
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
    """Without it Typer takes a program of one command for that command, without its name."""


def _files_for(arguments: Sequence[str]) -> Iterable[str]:
    """The file of the command that is meant; all where none is, as for the help."""
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
        # So the library ends where the reader of a help page has gone, who had what was wanted.
        sys.exit(0 if isinstance(end.__context__, BrokenPipeError) else end.code)
    except OSError as error:
        _end_with(*_of_library_output(error))
    except Exception as error:
        _end_with(*_of_a_defect(error))


def _of_library_output(error: OSError) -> tuple[str, int]:
    """What to say, and the status, where a stream does not take what the library itself prints."""
    if isinstance(error.__context__, TyperException):  # the words of a wrong usage
        return "", error.__context__.exit_code
    if error.errno == errno.ENOSPC and error.filename is None:
        refused = output_refused(error)
        return _in_lines(refused), exit_status(refused)
    return _of_a_defect(error)


def _of_a_defect(error: Exception) -> tuple[str, int]:
    text = (
        f"traction: this should not have happened ({type(error).__name__}: {error}); "
        "please report it with what you did"
    )
    return one_line(text), 1


def _in_lines(error: TractionError) -> str:
    """One line; several mistakes of an order, or what a name fits, stand one below the other."""
    head, listed = error.message, error.listed
    if isinstance(error, PrescriptionInvalid) and len(error.mistakes) > 1:
        head, listed = f"{head.partition(' mistakes: ')[0]} mistakes", error.mistakes
    lines = (f"traction: {head} [{error.code}]", *(f"- {one}" for one in listed))
    return "\n".join(map(one_line, lines))


def _spare_the_processor() -> None:
    """What a short command would do without any use: half of its time is loading the program."""
    gc.set_threshold(OBJECTS_PER_COLLECTION)
    bytes(KEPT_BYTES)  # never written to, so that it costs nothing
    atexit.register(gc.freeze)  # nothing is worth looking for in a program that ends
    os.environ.setdefault(PLUGINS_OF_PYDANTIC, "__all__")
    os.environ.setdefault(THREADS_OF_NUMPY, "1")


def _end_with(text: str, status: int) -> None:
    """End whether or not the terminal takes the text."""
    from workstation.terminal.last_words import last_words

    last_words(text)
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

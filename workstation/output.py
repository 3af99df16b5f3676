"""What the commands print and write: safe to show whatever the text, the encoding or the reader.

``traction run`` prints nothing through this while a session is open: that is the display's work
(``workstation.terminal.display``), which never waits.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from controller.errors import JournalUnavailable, RequestRefused
from controller.words import hides, one_line, visible

JSON_VERSION = 1
"""Grows when a key of any command's JSON is renamed, leaves or means something else."""
NOT_A_DEVICE = "An engineering system, not a cleared medical device."


def say(line: str) -> None:
    """Print one line to standard output; raises RequestRefused when it takes nothing.

    It stays one whatever it holds. A reader that has gone (``| head``) had what it wanted: the rest
    is dropped, and the command ends as it would have ended.
    """
    _print(_shown(sys.stdout, one_line(line)) + "\n")


def say_text(text: str) -> None:
    """Print a document that ends with its newline; whoever made it kept each line to one."""
    _print(_shown(sys.stdout, visible(text)))


def say_json(name: str, facts: Mapping[str, Any]) -> None:
    """Print what a command found as JSON: one object, whose ``format`` names its schema."""
    document = with_format(name, facts)
    say_json_text(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False))


def with_format(name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts with the name and version of their schema (docs/reference/json)."""
    return {**facts, "format": f"traction-{name}/{JSON_VERSION}"}


def say_json_text(text: str) -> None:
    """Print JSON; what hides, steers or cannot be encoded becomes an escape of the same value."""
    _print(json_for(text, _encoding(sys.stdout)) + "\n")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a person wants something written; a path that ends in a slash names a folder."""

    path: Path
    is_folder: bool

    @classmethod
    def of(cls, text: str) -> Target:
        """Read it as it was typed: a path itself forgets its last slash."""
        separators = tuple(filter(None, (os.sep, os.altsep)))
        return cls(Path(text), text.endswith(separators))

    def file(self, default_name: str) -> Path:
        """The file; in a folder, which is made when it is written, it has ``default_name``."""
        in_folder = self.is_folder or self.path.is_dir()
        return self.path / default_name if in_folder else self.path


def refuse_existing(path: Path, *, force: bool) -> None:
    """Nothing that is there is written over unasked; raises RequestRefused with the way out.

    A pipe or a device is no file: what is written to it replaces nothing.
    """
    if path.is_file() and not force:
        raise RequestRefused(
            f"{path} exists already; choose another place with --out, or write over it with --force"
        )


def write_file(path: Path, content: bytes) -> Path:
    """Write an export; raises JournalUnavailable when the place cannot be written."""
    from records.store.private_files import write_private

    try:
        write_private(path, content)
    except OSError as error:
        raise JournalUnavailable(
            f"{path} cannot be written ({error.strerror}); choose another place with --out"
        ) from error
    return path


def warn(text: str) -> None:
    """Print to standard error, past a pipe; where nobody takes it, it is dropped."""
    stream = sys.stderr
    try:
        _write(stream, _shown(stream, one_line(text)) + "\n")
    except OSError:
        _give_up(stream)


def utc_text(utc_ms: int) -> str:
    """A time of a record for people; the number itself where it is no moment that there is."""
    try:
        moment = datetime.fromtimestamp(utc_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{utc_ms} ms"
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def json_for(text: str, encoding: str) -> str:
    """JSON that can be printed in ``encoding`` and says the same."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return json.dumps(json.loads(text), indent=2, sort_keys=True)
    return "".join(_escaped(c) if c != "\n" and hides(c) else c for c in text)


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1]


def _shown(stream: TextIO | None, text: str) -> str:
    """``text`` as the stream's encoding can carry it; what it cannot is written out."""
    encoding = _encoding(stream)
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _encoding(stream: TextIO | None) -> str:
    return getattr(stream, "encoding", None) or "utf-8"


def _print(text: str) -> None:
    stream = sys.stdout
    try:
        _write(stream, text)
    except BrokenPipeError:
        _give_up(stream)
    except OSError as error:
        _give_up(stream)
        raise output_refused(error) from error


def output_refused(error: OSError) -> RequestRefused:
    """The refusal of a standard output that takes nothing."""
    return RequestRefused(f"standard output takes nothing ({error.strerror}); direct it elsewhere")


def _write(stream: TextIO | None, text: str) -> None:
    """A stream that was closed before the program began takes everything."""
    if stream is not None:
        stream.write(text)
        stream.flush()


def drop_output() -> None:
    """Let everything that is still printed on standard output go nowhere."""
    if sys.stdout is not None:
        _give_up(sys.stdout)


def _give_up(stream: TextIO) -> None:
    """Whatever is still in the buffer goes nowhere, so that the end of the program is no error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)

"""Output of the commands: safe to show whatever the text, the encoding or the reader.

``traction run`` prints nothing through this while a session is open: its display
(``workstation.terminal.display``) never waits.
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
"""Increased when a key of any command's JSON is renamed, removed or changes its meaning."""
NOT_A_DEVICE = "An engineering system, not a cleared medical device."


def say(line: str) -> None:
    """Print one line to standard output; raises RequestRefused when it cannot be written.

    It stays one line whatever it contains. A reader that has closed the pipe (``| head``) had what
    it wanted: the rest is dropped, and the command ends as usual.
    """
    _print(_shown(sys.stdout, one_line(line)) + "\n")


def say_text(text: str) -> None:
    """Print a document that ends with its newline; its lines were made safe before."""
    _print(_shown(sys.stdout, visible(text)))


def say_json(name: str, facts: Mapping[str, Any]) -> None:
    """Print what a command found as JSON: one object, whose ``format`` names its schema."""
    document = with_format(name, facts)
    say_json_text(json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False))


def with_format(name: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the facts with the name and version of their schema (docs/reference/json)."""
    return {**facts, "format": f"traction-{name}/{JSON_VERSION}"}


def say_json_text(text: str) -> None:
    """Print JSON; hidden, control and unencodable characters are escaped, with the same value."""
    _print(json_for(text, _encoding(sys.stdout)) + "\n")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a person wants something written; a path that ends in a slash names a folder."""

    path: Path
    is_folder: bool

    @classmethod
    def of(cls, text: str) -> Target:
        """Read it as it was typed: a path itself drops its last slash."""
        separators = tuple(filter(None, (os.sep, os.altsep)))
        return cls(Path(text), text.endswith(separators))

    def file(self, default_name: str) -> Path:
        """Returns the file; in a folder, which is made on writing, it has ``default_name``."""
        in_folder = self.is_folder or self.path.is_dir()
        return self.path / default_name if in_folder else self.path


def refuse_existing(path: Path, *, force: bool) -> None:
    """Refuse to overwrite an existing file; raises RequestRefused with the alternatives.

    A pipe or a device is not a file: what is written to it replaces nothing.
    """
    if path.is_file() and not force:
        raise RequestRefused(
            f"{path} exists already; choose another place with --out, or overwrite it with --force"
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
    """Print to standard error, not into a pipe; dropped where it cannot be written."""
    stream = sys.stderr
    try:
        _write(stream, _shown(stream, one_line(text)) + "\n")
    except OSError:
        _give_up(stream)


def utc_text(utc_ms: int) -> str:
    """Returns a time of a record for people; the number itself where it is not a valid time."""
    try:
        moment = datetime.fromtimestamp(utc_ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{utc_ms} ms"
    return moment.strftime("%Y-%m-%d %H:%M:%S UTC")


def json_for(text: str, encoding: str) -> str:
    """Returns JSON that can be printed in ``encoding`` and has the same value."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return json.dumps(json.loads(text), indent=2, sort_keys=True)
    return "".join(_escaped(c) if c != "\n" and hides(c) else c for c in text)


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1]


def _shown(stream: TextIO | None, text: str) -> str:
    """Returns ``text`` in the stream's encoding; other characters are escaped."""
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
    """Returns the refusal for a standard output that cannot be written."""
    return RequestRefused(f"standard output cannot be written ({error.strerror}); redirect it")


def _write(stream: TextIO | None, text: str) -> None:
    """Write; a stream that was closed before the program began accepts everything."""
    if stream is not None:
        stream.write(text)
        stream.flush()


def drop_output() -> None:
    """Discard everything that is still printed on standard output."""
    if sys.stdout is not None:
        _give_up(sys.stdout)


def _give_up(stream: TextIO) -> None:
    """Discard what is still in the buffer, so that the end of the program is not an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)

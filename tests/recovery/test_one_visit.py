"""The page "one whole visit" is followed exactly: every file, edit, command and promised line.

Only the unit and its session need processes of their own and real time; every other command runs
here, through the program's own entry point.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, nullcontext, redirect_stderr, redirect_stdout, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeGuard

import pytest

from records.evidence.reader import list_sessions
from records.store.record_folder import RecordFolder
from tests.support.page_commands import Command, Promise, Put, Step, Write, promised, put, steps
from tests.support.pages import DOCS
from tests.support.real_time import program
from workstation import cli
from workstation.commands.export import Format

PAGE = (DOCS / "how-to" / "one-visit.md").read_text(encoding="utf-8")
DAY_OF_THE_PAGE = date(2026, 11, 25)
PAGE_ADDRESS = "modbus-tcp://127.0.0.1:5020?unit=1"
ATTEMPTS = 3
STOPPED = "stopped (patient switch pressed)"


class EndedOtherwise(AssertionError):
    """The session ended before the patient pressed: the host was too late for its unit."""


class Reader:
    """Somebody who follows the page, in a folder of their own."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.folder, self.patch = folder, patch
        self.unit = ExitStack()
        self.address = ""
        self.session_id = "SESSION"
        self.day = DAY_OF_THE_PAGE
        self.output = ""
        self.kept_promises = 0

    @property
    def documents(self) -> Path:
        return self.folder / "documents"

    def do(self, step: Step) -> None:
        match step:
            case Write(name=name, content=content):
                (self.folder / name).write_text(content, encoding="utf-8")
            case Put(name=name, content=content):
                put(self.folder / name, self._dates_of_the_visit(content))
            case Promise(lines=lines):
                self._look(lines)
            case Command(words=words, status=status):
                self._run(words, status)

    def _run(self, words: tuple[str, ...], status: int) -> None:
        words = tuple(word.replace("SESSION", self.session_id) for word in words)
        match words:
            case ("export", setting):
                name, _, value = setting.partition("=")
                self.patch.setenv(name, value)
            case ("mkdir", name):
                (self.folder / name).mkdir()
            case ("traction", "simulate", *options):
                self._serve(options)
            case ("traction", "run", address, *options):
                assert address == PAGE_ADDRESS
                self._treat(options, status)
            case ("traction", *arguments):
                self.output += self._said(arguments, status)
            case _:
                raise AssertionError(f"the page has a command that is not ours: {words}")

    def _serve(self, options: list[str]) -> None:
        unit = self.unit.enter_context(program("simulate", "--port", "0", *self._found(options)))
        self.address = unit.wait_for("simulated unit at").split()[-1]

    def _treat(self, options: list[str], status: int) -> None:
        data = self.folder / "records"
        with program("run", self.address, *self._found(options), "--data", str(data)) as running:
            ended = running.end()
        self.output = running.output
        if STOPPED not in running.output:
            raise EndedOtherwise(running.output)
        assert ended == status, running.output
        (record,) = list_sessions(RecordFolder(data))
        self.session_id = record.head.session_id
        self.day = datetime.fromtimestamp(record.head.started_utc_ms / 1000, UTC).date()

    def _said(self, arguments: list[str], status: int) -> str:
        """The output of a command, through the program's entry point."""
        said = io.StringIO()
        self.patch.setattr(sys, "argv", ["traction", *arguments])
        with redirect_stdout(said), redirect_stderr(said), pytest.raises(SystemExit) as ended:
            cli.main()
        assert (ended.value.code or 0) == status, f"{arguments}\n{said.getvalue()}"
        return said.getvalue()

    def _look(self, lines: tuple[str, ...]) -> None:
        for line in lines:
            wanted = line.replace("SESSION", self.session_id)
            assert promised(wanted, self.output), f"not printed: {wanted}\n{self.output}"
            self.kept_promises += 1
        self.output = ""

    def _found(self, options: list[str]) -> list[str]:
        """The programs work in another folder, so files are named in full."""
        return [str(self.folder / o) if (self.folder / o).is_file() else o for o in options]

    def _dates_of_the_visit(self, content: str) -> str:
        """Shift dates near the page's day to the visit's day; a birth date stays."""
        later = self.day - DAY_OF_THE_PAGE

        def moved(found: re.Match[str]) -> str:
            return (date.fromisoformat(found[0]) + later).isoformat()

        return re.sub(r"\b20\d\d-\d\d-\d\d\b", moved, content)


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """The page, followed to the end. A session that ended otherwise is begun again."""
    with pytest.MonkeyPatch.context() as patch:
        for attempt in range(1, ATTEMPTS + 1):
            folder = tmp_path_factory.mktemp("visit")
            patch.chdir(folder)
            reader = Reader(folder, patch)
            with reader.unit, suppress(EndedOtherwise) if attempt < ATTEMPTS else nullcontext():
                for step in steps(PAGE):
                    reader.do(step)
                yield reader
                return


def test_every_promise_of_the_page_is_kept(reader: Reader) -> None:
    assert reader.kept_promises == sum(
        len(step.lines) for step in steps(PAGE) if isinstance(step, Promise)
    )
    assert reader.kept_promises > 20


def test_every_format_was_written(reader: Reader) -> None:
    asked = {step.words[4] for step in steps(PAGE) if is_export(step)}
    assert asked == {each.value for each in Format} - {"cms1500-json"}
    files = {path.name.replace(reader.session_id, "S") for path in reader.documents.iterdir()}
    assert files == {
        "S.pdf",
        "S.txt",
        "S-summary.txt",
        "S.csv",
        "S.json",
        "S-scrub.html",
        "S-scrub.pdf",
        "S-scrub.json",
        "S-cms1500.txt",
        "S-837p.txt",
        "S-fhir.json",
        "S-dft.hl7",
        "S-mdm.hl7",
        "S.zip",
    }


def test_the_documents_tell_the_same_visit(reader: Reader) -> None:
    """The accepted modifier, the stop and the adjustment are where their readers look."""
    session = json.loads((reader.documents / f"{reader.session_id}.json").read_text("utf-8"))
    claim = (reader.documents / f"{reader.session_id}-837p.txt").read_text("ascii")
    report = json.loads((reader.documents / f"{reader.session_id}-scrub.json").read_text("utf-8"))
    note = (reader.documents / f"{reader.session_id}.txt").read_text("utf-8")
    assert "SV1*HC:97012:GP*22" in claim
    assert report["ready"] is True
    assert "97012:GP" in json.dumps(report)
    assert session["outcome"] == "stopped"
    assert "left calf" in note
    assert "hold 102.3 N (23.0 lbf) to 97.3 N (21.9 lbf)" in note


def is_export(step: Step) -> TypeGuard[Command]:
    return isinstance(step, Command) and step.words[:2] == ("traction", "export")

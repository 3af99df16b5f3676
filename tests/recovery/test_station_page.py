"""The page "run a station" is followed exactly, on a simulated unit and with real programs."""

from __future__ import annotations

import os
import signal
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from controller.runtime.clock import SystemClock
from firmware_bridge.connect import connect_unit
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from tests.support.commands import said
from tests.support.page_commands import Command, Promise, Step, promised, steps
from tests.support.pages import read
from tests.support.real_time import Program, program, wait_until
from tests.support.station_console import kill_program
from tests.support.stops import connect_and_say, free_port
from workstation.settings import Settings

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals and sockets with a path")
ADDRESS = "modbus-tcp://127.0.0.1:5020?unit=1"


class Reader:
    """Somebody who follows the page, with ports of their own."""

    def __init__(self, data: Path, running: ExitStack, patch: pytest.MonkeyPatch) -> None:
        self.records = RecordFolder(data)
        self.running = running
        self.door, self.console = free_port(), free_port()
        self.address = self.unit_id = self.output = ""
        self.station: Program | None = None
        self.done: list[str] = []
        patch.setenv("TRACTION_STOP_PORT", str(self.door))
        patch.setenv("TRACTION_CONSOLE_PORT", str(self.console))

    def do(self, step: Step) -> None:
        match step:
            case Command(words=("export", "TRACTION_DATA=records")):
                pass  # the records of this reader are named at each command
            case Command(words=("curl", "-X", method, address)):
                self.done.append(address)
                self.output = self._press(method, address)
            case Command(words=("traction", *words)):
                self.done.append(words[0])
                self._run(words)
            case Promise(lines=lines):
                for line in lines:
                    assert promised(line, self.output), f"not printed: {line}\n{self.output}"
            case _:
                raise AssertionError(f"the page asks for something else: {step}")

    def _run(self, words: list[str]) -> None:
        match words:
            case ["simulate"]:
                unit = self._start("simulate", "--port", "0")
                self.address = unit.wait_for("simulated unit at").split()[-1]
            case ["probe", address]:
                assert address == ADDRESS
                self.unit_id = self._unit_id()
            case ["station"]:
                self.station = self._start("station", "--data", str(self.records.path))
                self.station.wait_for("end with Ctrl-C")
                self.output = self.station.output.replace(self.address, ADDRESS)
                self.output = self.output.replace(f":{self.door}/", f":{Settings().stop_port}/")
                console = Settings().console_port
                self.output = self.output.replace(f":{self.console}/", f":{console}/")
            case ["sound-check", *_]:
                pass  # asks a person
            case ["watch"]:
                watching = self._start("watch", "--data", str(self.records.path))
                watching.wait_for("no treatment is open")
                self.output = watching.output
            case _:
                here = [word.replace(ADDRESS, self.address) for word in words]
                self.output = said(self.records, *here)

    def _start(self, *words: str) -> Program:
        return self.running.enter_context(program(*words))

    def _unit_id(self) -> str:
        """The first line of the probe; it then watches a free cell for a minute."""
        unit = connect_unit(self.address, SystemClock())
        unit.close()
        return unit.identity.unit_id

    def _press(self, method: str, address: str) -> str:
        """Press when the unit is read; no program would be reached before."""
        asked = urlsplit(address)
        assert (asked.hostname, asked.port) == ("127.0.0.1", Settings().stop_port)
        wait_until(self._is_read, "a force at the door")
        pages = [self._ask(f"{method} {asked.path} HTTP/1.1")]

        def answered() -> bool:
            """On a busy machine the answer is on a later page than the press."""
            if "did not reach" in pages[-1]:
                pages.append(self._ask(f"GET {asked.path} HTTP/1.1"))
            return "did not reach" not in pages[-1]

        wait_until(answered, "the answer to the press")
        return pages[-1].replace("</p>", "</p>\n")

    def _is_read(self) -> bool:
        try:
            return "Force not known" not in self._ask("GET / HTTP/1.1")
        except OSError:
            return False

    def _ask(self, first: str) -> str:
        return connect_and_say(self.door, f"{first}\r\n\r\n".encode())


def test_the_page_does_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as running:
        reader = Reader(tmp_path / "data", running, monkeypatch)
        running.callback(kill_program, reader.records)
        for step in steps(read("how-to/run-a-station.md")):
            reader.do(step)
        assert reader.station is not None
        reader.station.send(signal.SIGINT)
        assert reader.station.end() == 0, reader.station.output
    assert len(reader.done) == 8
    (table,) = read_standing(reader.records).units
    assert table.record.unit_id == reader.unit_id
    assert table.record.manual_release == "Turn the red wheel to the left."
    folder = reader.records.path / "station"
    assert "Table 1: STOP from 127.0.0.1" in (folder / "station.log").read_text(encoding="utf-8")
    (log,) = folder.glob("Table-1-*.log")
    assert "keeps Table 1 at" in log.read_text(encoding="utf-8")

"""The bytes of a line are kept for a while, in a file that can be played back."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from controller.errors import RequestRefused
from controller.runtime.clock import SystemClock
from firmware_bridge.line.capture import read_capture
from firmware_bridge.line.line import Direction
from workstation.station.line_trace import MOST_FILES, SUFFIX, LineTrace
from workstation.station.place import ChannelPlace, station_folder

ADDRESS = "modbus-tcp://192.0.2.5:502?unit=1"
CLOCK = SystemClock()


class Bench:
    def __init__(self, folder: Path) -> None:
        self.place = ChannelPlace(folder=station_folder(folder), called="Table 1")
        self.said: list[str] = []
        self.trace = LineTrace(self.place, ADDRESS, "ab" * 32, CLOCK, self.said.append)

    def hear(self, data: bytes) -> None:
        self.trace(CLOCK.now_s(), Direction.SENT, data)


def test_what_goes_over_the_line_from_then_on_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.hear(b"before")
    file = bench.trace.begin("A. Example")
    assert bench.trace.begin("B. Person") == file, "one file, whoever asks"
    bench.hear(b"\x01\x02")
    bench.trace.end()
    bench.hear(b"behind")
    head, lumps = read_capture(file)
    assert head.address == ADDRESS
    assert [lump.data for lump in lumps] == [b"\x01\x02"]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert bench.said == [
        f"bytes of the line are kept in {file} for A. Example",
        f"the capture {file} is whole",
    ]


def test_a_trace_that_is_over_may_be_followed_by_another_one(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.trace.end()
    assert bench.said == []
    for number in range(MOST_FILES + 3):
        older = bench.place.folder / f"{bench.place.stem}-2020010{number:02d}{SUFFIX}"
        older.write_bytes(b"")
    file = bench.trace.begin("A. Example")
    bench.trace.end()
    kept = sorted(bench.place.folder.glob(f"*{SUFFIX}"))
    assert len(kept) == MOST_FILES
    assert file in kept


def test_a_file_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.place.folder.rmdir()
    with pytest.raises(RequestRefused, match="cannot be made"):
        bench.trace.begin("A. Example")
    bench.hear(b"nothing is kept")
    assert bench.said == []

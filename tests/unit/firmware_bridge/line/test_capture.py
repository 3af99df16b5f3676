"""A capture is written beside a session, read with errors that name the line, and played back."""

from __future__ import annotations

import io
import queue
import threading
from pathlib import Path

import pytest

from controller.errors import AddressInvalid, CaptureInvalid, LinkError
from controller.ports import Clock, TractionUnit
from controller.runtime.clock import VirtualClock
from firmware_bridge.connect import connect_unit, unit_profile
from firmware_bridge.line.answers import Guard
from firmware_bridge.line.capture import (
    HAND_OVER_S,
    LINE_LIMIT,
    QUEUE_LIMIT,
    CaptureHead,
    CaptureWriter,
    read_capture,
)
from firmware_bridge.line.line import Direction, Line, Transport
from firmware_bridge.line.timing import serial_times
from firmware_bridge.modbus.link import ModbusLink, RtuFraming
from firmware_bridge.units.reference_unit import identify_unit
from records.evidence.reader import read_session
from records.store.record_folder import RecordFolder
from simulator.line.direct_line import DirectClock, DirectLine
from tests.support.played_captures import PlayedCapture, PlayedClock
from tests.support.sessions import Stage, staged

ADDRESS = "modbus-rtu:///dev/ttyUSB0?baudrate=38400"
DIGEST = "ab" * 32
HEAD = f"traction-capture 1 2026-11-29T16:44:12.123Z {DIGEST} {ADDRESS}\n"
REQUEST, ANSWER = "0103002000016400", "010302000b7840"


def begun(file: io.BufferedIOBase | io.BytesIO, clock: VirtualClock) -> CaptureWriter:
    return CaptureWriter(file, CaptureHead.of(ADDRESS, DIGEST, clock), clock)  # type: ignore[arg-type]


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "line.capture"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def read(path: Path) -> list[tuple[float, Direction, bytes]]:
    return [(lump.at_s, lump.direction, lump.data) for lump in read_capture(path)[1]]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "line.capture"
    clock = VirtualClock()
    writer = begun(path.open("wb"), clock)
    began_s = clock.now_s()
    writer(began_s + 0.0000014, Direction.SENT, b"\x01\x03")
    writer(began_s + 12.5, Direction.RECEIVED, b"\xff")
    assert not writer.close()
    assert path.read_text() == (
        f"traction-capture 1 2026-11-25T00:00:00.000Z {DIGEST} {ADDRESS}\n"
        "0.000001 > 0103\n12.500000 < ff\nend 2\n"
    )
    head, lumps = read_capture(path)
    assert head == CaptureHead.of(ADDRESS, DIGEST, clock)
    assert [(one.at_s, one.direction, one.data, one.line_number) for one in lumps] == [
        (0.000001, Direction.SENT, b"\x01\x03", 2),
        (12.5, Direction.RECEIVED, b"\xff", 3),
    ]


def test_a_reused_buffer_does_not_change_what_was_heard(tmp_path: Path) -> None:
    path = tmp_path / "line.capture"
    writer = begun(path.open("wb"), VirtualClock())
    frame = bytearray(b"\x01")
    writer(1000.0, Direction.SENT, frame)  # type: ignore[arg-type]
    frame[0] = 2
    assert not writer.close()
    assert read(path) == [(0.0, Direction.SENT, b"\x01")]


def test_the_head_keeps_of_an_address_what_leads_to_the_unit() -> None:
    uri = "modbus-tcp://J.Doe:secret@127.0.0.1:5020?unit=1"
    head = CaptureHead.of(uri, DIGEST, VirtualClock())
    assert head.address == "modbus-tcp://127.0.0.1:5020?unit=1"
    with pytest.raises(AddressInvalid):
        CaptureHead.of("table-2", DIGEST, VirtualClock())


# --- trouble stays with the capture ---------------------------------------------------------------


class FullDisk(io.BytesIO):
    """Takes so many writes and no more."""

    def __init__(self, writes: int) -> None:
        super().__init__()
        self.left = writes

    def write(self, data: object) -> int:
        self.left -= 1
        if self.left < 0:
            raise OSError(28, "No space left on device")
        return 0


@pytest.mark.parametrize("writes", [0, 1, 2, 3])
def test_a_full_disk_ends_the_capture_and_raises_nothing(writes: int) -> None:
    writer = begun(FullDisk(writes), VirtualClock())
    for number in range(2):
        writer(1000.0 + number, Direction.SENT, b"\x01")
    assert writer.close() == "No space left on device"


def test_a_thread_that_died_is_no_whole_capture(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.BytesIO):
        def write(self, data: object) -> int:
            raise RuntimeError

    monkeypatch.setattr(threading, "excepthook", lambda _: None)
    assert begun(Broken(), VirtualClock()).close() == "the thread that writes it ended early"


class StuckDisk(io.BytesIO):
    """Takes nothing until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.free, self.ended = (threading.Event() for _ in range(3))

    def write(self, data: object) -> int:
        self.asked.set()
        self.free.wait()
        return 0

    def close(self) -> None:
        super().close()
        self.ended.set()


def test_a_stuck_disk_holds_nobody_and_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    put = queue.Queue.put

    def put_without_waiting(self: queue.Queue[object], item: object, block: bool = True) -> None:
        assert not block, "the loop would wait for the disk"
        put(self, item, block)

    monkeypatch.setattr(queue.Queue, "put", put_without_waiting)
    disk = StuckDisk()
    writer = begun(disk, VirtualClock())
    assert disk.asked.wait(5.0)
    for number in range(2 * QUEUE_LIMIT):
        writer(1000.0 + (number + 1) * HAND_OVER_S, Direction.SENT, b"\x01")
    disk.free.set()
    assert disk.ended.wait(5.0), "the thread waits for more, and the file stays open"
    assert writer.close(0.0) == "the disk is too slow for it"


def test_a_stuck_disk_at_the_end_is_said() -> None:
    disk = StuckDisk()
    writer = begun(disk, VirtualClock())
    assert writer.close(0.0) == "the disk took nothing for 0 s"
    disk.free.set()
    assert disk.ended.wait(5.0)


# --- a file that is no capture --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number", "words"),
    [
        ("", 1, "does not begin as a capture"),
        (HEAD.strip(), 1, "does not begin as a capture"),
        ("{}\n", 1, "does not begin as a capture"),
        (HEAD.replace("capture 1", "capture 2"), 1, "version 2 is not supported, only 1"),
        (HEAD.replace("modbus-rtu", "gopher"), 1, "scheme 'gopher' is not known"),
        (HEAD.replace(DIGEST, DIGEST[1:]), 1, "does not begin as a capture"),
        (HEAD, 1, "cut off after 0 chunks"),
        (HEAD + "0.000000 > 01\n", 2, "cut off after 1 chunks"),
        (HEAD + "0.000000 > 01\n0.1", 2, "cut off after 1 chunks"),
        (HEAD + "0.000000 > 01\nend 1", 2, "cut off after 1 chunks"),
        (HEAD + "0.000000 > 01\nend 2\n", 3, "counts 2 chunks, but 1 are above"),
        (HEAD + "end 0\n\n", 3, "follows the end"),
        (HEAD + "0.000000 > 011\nend 1\n", 2, "'0.000000 > 011' is no chunk"),
        (HEAD + "0.000000 > \nend 1\n", 2, "is no chunk"),
        (HEAD + "0.000000 ! 01\nend 1\n", 2, "is no chunk"),
        (HEAD + "0.00000 > 01\nend 1\n", 2, "is no chunk"),
        (HEAD + "-0.000001 > 01\nend 1\n", 2, "is no chunk"),
        (HEAD + "nan > 01\nend 1\n", 2, "is no chunk"),
        (HEAD + "\u0661.000000 > 01\nend 1\n", 2, "is no chunk"),
        (HEAD + "1.000000 > 01\n0.999999 < 01\nend 2\n", 3, "0.999999 s is before the 1.000000 s"),
        (HEAD + "0.000000 > 01\r\nend 1\r\n", 2, "is no chunk"),
        (HEAD.encode() + b"\xff\n", 2, "not UTF-8"),
        (HEAD + "0.000000 > " + "00" * LINE_LIMIT + "\n", 2, f"longer than {LINE_LIMIT}"),
    ],
)
def test_what_is_wrong_with_a_file_is_named(
    tmp_path: Path, text: str | bytes, number: int, words: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(CaptureInvalid) as refused:
        read(path)
    assert f"{path}, line {number}: " in refused.value.message
    assert words in refused.value.message


def test_a_capture_that_is_not_there_or_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(CaptureInvalid, match="No such file"):
        read(tmp_path / "none")
    with pytest.raises(CaptureInvalid, match="is not a file"):
        read(tmp_path)


# --- played back ----------------------------------------------------------------------------------


def unit_over(
    transport: Transport, clock: Clock, capture: CaptureWriter | None = None
) -> TractionUnit:
    """The unit behind a serial line at 38400 Bd, with or without a capture."""
    profile, digest = unit_profile()
    line = Line(transport, clock, serial_times(38400), capture=capture)
    link = ModbusLink(
        line,
        RtuFraming(),
        unit=1,
        functions=profile.functions,
        timeout_s=0.040,
        guard=Guard.DATED,
    )
    return identify_unit(link, profile, digest, tick_s=0.050, may_arm=True)


@pytest.mark.parametrize("wire", ["tcp", "rtu"])
def test_every_kind_of_unit_s_line_is_captured_from_the_first_request(
    folder: RecordFolder, tmp_path: Path, wire: str
) -> None:
    path = tmp_path / "line.capture"
    with staged(folder, wire=wire) as stage:
        writer = begun(path.open("wb"), stage.clock)
        connect_unit(stage.uri, stage.clock, capture=writer).close()
    assert not writer.close()
    heard = read(path)
    assert heard[0][1] is Direction.SENT
    assert {direction for _, direction, _ in heard} == set(Direction)


def test_a_whole_session_played_back_asks_the_same_and_ends_the_same(
    folder: RecordFolder, tmp_path: Path
) -> None:
    path = tmp_path / "line.capture"
    with staged(folder) as stage:
        assert isinstance(stage.clock, DirectClock)
        line = DirectLine(stage.firmware, stage.clock, baudrate=38400)
        writer = begun(path.open("wb"), stage.clock)
        stage.connect = lambda _uri, clock: unit_over(line, clock, writer)
        first = stage.treat()
        assert not writer.close()
    clock = PlayedClock()
    played = PlayedCapture(read_capture(path)[1], clock)
    again = Stage(stage.firmware, clock, RecordFolder(tmp_path / "again"), stage.identifiers, "-")
    again.connect = lambda _uri, _clock: unit_over(played, clock)
    second = again.treat()
    assert played.left == 0
    assert second.ending == first.ending
    samples = read_session(folder, first.session_id).samples
    assert len(samples) > 100
    assert read_session(again.folder, second.session_id).samples.tolist() == samples.tolist()


def test_an_answer_comes_with_the_delay_that_it_had(tmp_path: Path) -> None:
    clock = PlayedClock()
    text = f"0.100000 < 07\n0.500000 > {REQUEST}\n0.512000 < {ANSWER}\n0.520000 < 08\nend 4\n"
    played = PlayedCapture(read_capture(written(tmp_path, HEAD + text))[1], clock)
    assert clock.wait_readable(played, 1001.0)
    assert clock.now_s() == pytest.approx(1000.1)
    assert played.read_available() == b"\x07"
    played.write(bytes.fromhex(REQUEST))
    assert played.read_available() == b""
    assert clock.wait_readable(played, 1001.0)
    assert clock.now_s() == pytest.approx(1000.112)
    assert played.read_available().hex() == ANSWER
    assert not clock.wait_readable(played, clock.now_s() + 0.007)
    assert clock.wait_readable(played, clock.now_s() + 0.002)


def test_another_request_than_the_captured_one_is_refused(tmp_path: Path) -> None:
    text = f"0.500000 > {REQUEST}\n0.512000 < {ANSWER}\nend 2\n"
    played = PlayedCapture(read_capture(written(tmp_path, HEAD + text))[1], PlayedClock())
    with pytest.raises(LinkError, match=f"line 2 of the capture asks {REQUEST}, and 0104 came"):
        played.write(b"\x01\x04")
    played.write(bytes.fromhex(REQUEST))
    with pytest.raises(LinkError, match="the capture ends here, and 0104 is asked"):
        played.write(b"\x01\x04")

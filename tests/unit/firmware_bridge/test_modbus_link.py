"""Frames byte by byte, and what the link does between exchanges."""

from __future__ import annotations

import pytest
from pymodbus.pdu.register_message import ReadWriteMultipleRegistersRequest

from controller.errors import FrameCorrupt, UnitRejected
from controller.runtime.clock import VirtualClock
from firmware_bridge.modbus_link import ModbusLink, RtuFraming, TcpFraming, build_frame

# Reference map, B.8, 29 bytes.
FC23_REQUEST = "01170100001402000008107F31A2C400A3000203FF006404B0419C6850"
COMMAND = [0x7F31, 0xA2C4, 0x00A3, 0x0002, 0x03FF, 0x0064, 0x04B0, 0x419C]


def command_pdu() -> ReadWriteMultipleRegistersRequest:
    return ReadWriteMultipleRegistersRequest(
        read_address=0x100, read_count=20, write_address=0x200, write_registers=COMMAND, dev_id=1
    )


def test_fc23_request_is_the_worked_example() -> None:
    assert build_frame(RtuFraming(38400), command_pdu()).hex().upper() == FC23_REQUEST


def test_tcp_request_wraps_the_same_pdu() -> None:
    framing = TcpFraming()
    frame = bytearray(build_frame(framing, command_pdu()))
    framing.seal(frame)
    assert frame.hex().upper() == "0001" + "0000" + "001B" + FC23_REQUEST[:-4]


@pytest.mark.parametrize(
    ("baudrate", "silence_ms"), [(9600, 4.01), (19200, 2.005), (38400, 1.75), (115200, 1.75)]
)
def test_silence_between_frames(baudrate: int, silence_ms: float) -> None:
    assert RtuFraming(baudrate).silence_s * 1000 == pytest.approx(silence_ms, abs=0.01)


class ScriptedPort:
    """A port in virtual time: answers lie ready, and what is sent is kept."""

    name = "scripted"

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers
        self.sent: list[bytes] = []
        self.bytes_sent = self.bytes_received = 0
        self.pending = b""

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        self.pending += self.answers.pop(0) if self.answers else b""

    def read_available(self) -> bytes:
        data, self.pending = self.pending, b""
        return data

    def fileno(self) -> int:
        raise AssertionError("the scripted clock never selects")

    def close(self) -> None:
        self.sent.append(b"closed")


class ScriptedClock(VirtualClock):
    """Virtual time whose port answers at once."""

    def wait_readable(self, port: ScriptedPort, deadline_s: float) -> bool:  # type: ignore[override]
        if port.pending:
            return True
        self.sleep_until(deadline_s)
        return False


def link_on(port: ScriptedPort) -> ModbusLink:
    return ModbusLink(
        port, RtuFraming(38400), ScriptedClock(), unit=1, timeout_s=0.04, answer_time_s=0.01
    )


def test_registers_are_read_in_wire_order() -> None:
    port = ScriptedPort([bytes.fromhex("010304CFC7010249E2")])
    with pytest.raises(FrameCorrupt, match="CRC"):
        link_on(port).read_registers(3, 2)
    body = bytes.fromhex("010304CFC70102")
    frame = body + crc(body)
    assert link_on(ScriptedPort([frame])).read_registers(3, 2) == [0xCFC7, 0x0102]


def test_a_write_that_is_echoed_otherwise_is_refused() -> None:
    body = bytes.fromhex("011003000009")
    with pytest.raises(FrameCorrupt, match="echoed as 03000009"):
        link_on(ScriptedPort([body + crc(body)])).write_registers(0x300, [0] * 10)


def test_an_exception_names_function_and_code() -> None:
    body = bytes.fromhex("019703")
    with pytest.raises(UnitRejected, match="function 23 with exception 3") as refused:
        link_on(ScriptedPort([body + crc(body)])).read_write_registers(0x100, 20, 0x200, COMMAND)
    assert refused.value.exception_code == 3


def test_a_broadcast_expects_no_answer() -> None:
    port = ScriptedPort([])
    link_on(port).broadcast(0x200, COMMAND)
    assert port.sent[0][:2] == b"\x00\x10"


def test_after_a_time_out_the_line_is_drained_before_the_next_request() -> None:
    late = bytes.fromhex("010304AAAABBBB")
    good = bytes.fromhex("01030411112222")
    port = ScriptedPort([b"", good + crc(good)])
    link = link_on(port)
    with pytest.raises(Exception, match="no answer"):
        link.read_registers(0x10, 2)
    port.pending = late + crc(late)
    assert link.read_registers(0x20, 2) == [0x1111, 0x2222]


def crc(body: bytes) -> bytes:
    """CRC of a frame in its wire order, low byte first."""
    value = 0xFFFF
    for byte in body:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")

"""Frames byte by byte, and what the link does between exchanges."""

from __future__ import annotations

import pytest
from pymodbus.pdu.register_message import ReadWriteMultipleRegistersRequest

from controller.errors import FrameCorrupt, ReplyTimeout, UnitRejected
from firmware_bridge.modbus.link import Framing, ModbusLink, RtuFraming, TcpFraming, build_frame
from firmware_bridge.modbus.registers import bytes_to_words
from tests.unit.firmware_bridge.scripted import (
    JumpingClock,
    ScriptedPort,
    framed,
    rtu_link,
    tcp_link,
)

# Reference map, B.8, 29 bytes.
FC23_REQUEST = "01170100001402000008107F31A2C400A3000203FF006404B0419C6850"
COMMAND = [0x7F31, 0xA2C4, 0x00A3, 0x0002, 0x03FF, 0x0064, 0x04B0, 0x419C]


def command_pdu() -> ReadWriteMultipleRegistersRequest:
    return ReadWriteMultipleRegistersRequest(
        read_address=0x100, read_count=20, write_address=0x200, write_registers=COMMAND, dev_id=1
    )


def test_fc23_request_is_the_worked_example() -> None:
    assert build_frame(RtuFraming(), command_pdu()).hex().upper() == FC23_REQUEST


def test_tcp_request_wraps_the_same_pdu() -> None:
    framing = TcpFraming()
    frame = bytearray(build_frame(framing, command_pdu()))
    framing.seal(frame)
    assert frame.hex().upper() == "0001" + "0000" + "001B" + FC23_REQUEST[:-4]


TIMEOUT_S = 0.04
CAME_TOO_MUCH = "came within 40 ms instead of unit 1, function 3, 255 bytes"
LATENESS_S = 0.03


def line(*answers: bytes) -> ScriptedPort:
    """A port with one answer for each request, and nothing for those behind."""
    left = list(answers)
    return ScriptedPort(lambda _: left.pop(0) if left else b"", JumpingClock())


def link_on(port: ScriptedPort, framing: type[Framing] = RtuFraming) -> ModbusLink:
    if framing is TcpFraming:
        return tcp_link(port, timeout_s=TIMEOUT_S)
    return rtu_link(port, timeout_s=TIMEOUT_S, lateness_s=LATENESS_S)


def test_registers_are_read_in_wire_order() -> None:
    port = line(bytes.fromhex("010304CFC7010249E2"))
    with pytest.raises(FrameCorrupt, match="CRC"):
        link_on(port).read_registers(3, 3, 2)
    body = bytes.fromhex("010304CFC70102")
    frame = framed(body)
    assert link_on(line(frame)).read_registers(3, 3, 2) == bytes.fromhex("CFC70102")


def test_a_write_that_is_echoed_otherwise_is_refused() -> None:
    body = bytes.fromhex("011003000009")
    with pytest.raises(FrameCorrupt, match="echoed as 03000009"):
        link_on(line(framed(body))).write_registers(16, 0x300, [0] * 10)


def test_an_exception_names_function_and_code() -> None:
    body = bytes.fromhex("019703")
    with pytest.raises(UnitRejected, match="function 23 with exception 3") as refused:
        link_on(line(framed(body))).read_write_registers(0x100, 20, 0x200, COMMAND)
    assert (refused.value.exception_code, refused.value.raw) == (3, b"\x97\x03")


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (1, "function not offered"),
        (2, "address not offered"),
        (3, "value refused"),
        (4, "unit fault"),
        (5, "not specified"),
        (6, "unit busy"),
        (7, "not specified"),
    ],
)
def test_exceptions_have_names(code: int, name: str) -> None:
    with pytest.raises(UnitRejected, match=f"function 3 with exception {code} .{name}.") as refused:
        read(link_on(line(framed(bytes([1, 0x83, code])))))
    assert refused.value.raw == bytes([0x83, code])
    with pytest.raises(UnitRejected) as refused:
        link_on(line(framed(bytes([1, 0x90, code])))).write_registers(16, 0x200, COMMAND)
    assert refused.value.raw == bytes([0x90, code])


def test_a_broadcast_expects_no_answer() -> None:
    port = line()
    link_on(port).broadcast(0x200, COMMAND)
    assert port.sent[0][:2] == b"\x00\x10"


# --- what is left on the line -----------------------------------------------------------------

SILENCE_S = 0.00175
FIRST, SECOND = framed(bytes.fromhex("010304AAAABBBB")), framed(bytes.fromhex("01030411112222"))


def read(link: ModbusLink) -> list[int]:
    """Two registers; every answer of it fits every request of it."""
    return bytes_to_words(link.read_registers(3, 0x10, 2))


def test_an_answer_behind_the_time_out_is_not_taken_for_the_next_one() -> None:
    port = line(FIRST, SECOND)
    port.late_s = [TIMEOUT_S + LATENESS_S - 0.001]
    link = link_on(port)
    with pytest.raises(ReplyTimeout, match="no answer within 40 ms"):
        read(link)
    assert read(link) == [0x1111, 0x2222]
    assert port.sent_at_s[1] - port.sent_at_s[0] == pytest.approx(TIMEOUT_S + LATENESS_S + 0.00075)


def test_after_a_time_out_the_line_is_quiet_for_the_whole_window_also_when_nothing_comes() -> None:
    port = line(b"", SECOND)
    link = link_on(port)
    with pytest.raises(ReplyTimeout):
        read(link)
    read(link)
    assert port.sent_at_s[1] - port.sent_at_s[0] == pytest.approx(TIMEOUT_S + LATENESS_S)
    assert port.clock.time_s - port.sent_at_s[1] == pytest.approx(TIMEOUT_S), "a second answer?"


@pytest.mark.parametrize("function", [16, 23])
def test_a_write_that_is_no_release_waits_for_the_window_too(function: int) -> None:
    echo = "011002000008" if function == 16 else "01170400000000"
    port = line(b"", framed(bytes.fromhex(echo)))
    link = link_on(port)
    with pytest.raises(ReplyTimeout):
        read(link)
    if function == 16:
        link.write_registers(16, 0x200, COMMAND)
    else:
        link.read_write_registers(0x100, 2, 0x200, COMMAND)
    assert port.sent_at_s[1] - port.sent_at_s[0] == pytest.approx(TIMEOUT_S + LATENESS_S)


def test_the_window_is_at_most_one_time_out_long() -> None:
    port = line(b"", SECOND)
    link = rtu_link(port, timeout_s=TIMEOUT_S, lateness_s=0.5)
    with pytest.raises(ReplyTimeout):
        read(link)
    read(link)
    assert port.sent_at_s[1] - port.sent_at_s[0] == pytest.approx(2 * TIMEOUT_S)


def test_after_a_refused_answer_the_right_one_is_waited_for_and_thrown_away() -> None:
    port = line(framed(bytes.fromhex("070304AAAABBBB")), SECOND)
    port.comes(FIRST, 0.06)
    link = link_on(port)
    with pytest.raises(FrameCorrupt, match="unit 7 answered"):
        read(link)
    assert read(link) == [0x1111, 0x2222]
    assert port.sent_at_s[1] - port.sent_at_s[0] >= TIMEOUT_S + LATENESS_S


def test_a_caller_s_doubt_drains_the_line_and_a_second_one_does_not_shorten_it() -> None:
    port = line(FIRST, b"", SECOND)
    port.comes(FIRST, 0.06)
    link = link_on(port)
    read(link)
    link.distrust()
    link.broadcast(0x200, COMMAND)
    assert read(link) == [0x1111, 0x2222]
    assert port.sent_at_s[2] - port.sent_at_s[0] >= TIMEOUT_S + LATENESS_S


def test_a_release_does_not_wait_for_the_doubt_and_leaves_it_to_the_next_request() -> None:
    port = line(b"", framed(bytes.fromhex("011002000008")), SECOND)
    link = link_on(port)
    with pytest.raises(ReplyTimeout):
        read(link)
    timed_out_s = port.clock.time_s
    link.write_registers(16, 0x200, COMMAND, urgent=True)
    assert port.sent_at_s[1] - timed_out_s <= SILENCE_S
    port.comes(FIRST, 0.02)
    assert read(link) == [0x1111, 0x2222]
    assert port.sent_at_s[2] - port.sent_at_s[0] >= TIMEOUT_S + LATENESS_S


@pytest.mark.parametrize("every_s", [0.0, 0.0001])
@pytest.mark.parametrize("urgent", [True, False])
def test_a_babbling_line_is_waited_for_one_silence_by_a_release_and_one_time_out_by_others(
    urgent: bool, every_s: float
) -> None:
    """``every_s`` 0: there is always a byte, and reading it takes 0.1 ms."""
    port = line()
    link = link_on(port)
    port.reading_takes_s = 0.0 if every_s else 0.0001
    port.babble(every_s)
    begun_s = port.clock.time_s
    with pytest.raises(FrameCorrupt, match=r"came within 40 ms|came instead|answered instead"):
        link.write_registers(16, 0x200, COMMAND, urgent=urgent)
    waited_s = port.sent_at_s[0] - begun_s
    assert waited_s == pytest.approx(SILENCE_S if urgent else TIMEOUT_S, abs=0.0002)


def test_a_line_that_never_stops_ends_at_the_deadline() -> None:
    head = bytes.fromhex("0103FA")
    port = line(head)
    link = link_on(port)
    port.babble(every_s=0.0010001)
    with pytest.raises(FrameCorrupt, match=CAME_TOO_MUCH):
        link.read_registers(3, 0x10, 125)
    assert port.clock.time_s - port.sent_at_s[0] == pytest.approx(TIMEOUT_S, abs=0.001)


def test_between_frames_a_silence_and_behind_a_broadcast_its_own_length() -> None:
    port = line(FIRST, b"", SECOND)
    link = link_on(port)
    read(link)
    answered_s = port.clock.time_s
    link.broadcast(0x200, COMMAND)
    read(link)
    assert port.sent_at_s[1] - answered_s == pytest.approx(SILENCE_S)
    broadcast_s = 25 * 11 / 38400
    assert port.sent_at_s[2] - port.sent_at_s[1] == pytest.approx(broadcast_s + SILENCE_S)


def tcp_answer(transaction: int, words: str) -> bytes:
    body = bytes.fromhex("010304" + words)
    return transaction.to_bytes(2, "big") + b"\0\0" + len(body).to_bytes(2, "big") + body


def test_on_tcp_the_next_request_waits_for_nothing_and_passes_over_what_is_late() -> None:
    port = line(tcp_answer(1, "AAAABBBB"), tcp_answer(2, "11112222"))
    port.late_s = [TIMEOUT_S + 0.01, 0.02]
    link = link_on(port, TcpFraming)
    with pytest.raises(ReplyTimeout):
        read(link)
    assert read(link) == [0x1111, 0x2222]
    assert port.sent_at_s[1] - port.sent_at_s[0] == pytest.approx(TIMEOUT_S)


def test_on_tcp_the_rest_of_a_broken_answer_is_read_away_before_the_next_request() -> None:
    broken = tcp_answer(1, "AAAABBBB")
    port = line(broken[:-2], tcp_answer(2, "11112222"))
    link = link_on(port, TcpFraming)
    with pytest.raises(FrameCorrupt, match="unit 1, function 3, 11 bytes came within 40 ms"):
        read(link)
    port.comes(broken[-2:])
    assert read(link) == [0x1111, 0x2222]


@pytest.mark.parametrize(("count", "ends_at_once"), [(2048, False), (2049, True)])
def test_on_tcp_who_sends_more_than_2048_bytes_is_not_answering(
    count: int, ends_at_once: bool
) -> None:
    frames = tcp_answer(9, "00" * 7) * 127 + tcp_answer(9, "00" * (count - 2032 - 9))
    port = line(frames)
    with pytest.raises(FrameCorrupt, match=f"{count} bytes came"):
        read(link_on(port, TcpFraming))
    assert (port.clock.time_s == port.sent_at_s[0]) is ends_at_once


def test_on_tcp_an_undoubted_line_is_not_looked_at_before_a_request() -> None:
    good = [tcp_answer(number, "11112222") for number in (1, 2, 5, 6)]
    port = line(*good[:2], b"", b"", *good[2:])
    link = link_on(port, TcpFraming)
    read(link)
    read(link)
    assert port.clock.looks == 2
    for _ in range(2):
        with pytest.raises(ReplyTimeout):
            read(link)
    # Once for each answer, and once before the request behind a lost one.
    assert port.clock.looks == 5
    read(link)
    read(link)
    assert port.clock.looks == 8


def test_a_line_on_which_there_is_always_a_byte_ends_at_the_deadline_too() -> None:
    """The answer of 255 bytes would be whole after a quarter of a second only."""
    port = line(bytes.fromhex("0103FA"))
    link = link_on(port)
    port.reading_takes_s, port.babbles_every_s = 0.001, 0.0
    with pytest.raises(FrameCorrupt, match=CAME_TOO_MUCH):
        link.read_registers(3, 0x10, 125)
    assert port.clock.time_s - port.sent_at_s[0] == pytest.approx(TIMEOUT_S, abs=0.002)

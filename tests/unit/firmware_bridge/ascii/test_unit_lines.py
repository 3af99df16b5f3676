"""Lines of a traction unit: the map's own examples, and everything that is not exactly one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.errors import FrameCorrupt, ReplyTimeout, RequestRefused, UnitRejected
from firmware_bridge.ascii.unit_lines import (
    ORDER_ANSWER,
    line,
    measured,
    read_line,
    write_line,
)
from firmware_bridge.ascii.unit_link import UnitTextLink
from firmware_bridge.line.line import Line
from firmware_bridge.line.timing import serial_times
from tests.unit.firmware_bridge.line.bus import text_line
from tests.unit.firmware_bridge.scripted import JumpingClock, ScriptedPort

ORDER = ">00A3,7F31A2C4,F,+1023,0100,1200*8F1B"
ANSWER = b"<00A3,1,3,004C,0003,0000,+1019,+1021,+1023,+0365,5F21,0004,0488*79CF\r\n"
"""Both stand in the map (B.9)."""
PRINTABLE = bytes(range(0x20, 0x7F))


def scripted(answer: bytes) -> tuple[ScriptedPort, UnitTextLink]:
    """A link to a unit that always answers the same."""
    clock = JumpingClock()
    port = ScriptedPort(lambda data: answer, clock)
    return port, UnitTextLink(Line(port, clock, serial_times(115200)), timeout_s=0.04)


def test_the_map_s_examples() -> None:
    assert line(">", ORDER[1:-5]) == ORDER.encode() + b"\r\n"
    reply = ORDER_ANSWER.find(ANSWER)
    assert reply is not None
    assert measured(reply.content) == {
        "sequence": 0xA3,
        "result": 1,
        "state": 3,
        "status": 0x4C,
        "faults": 3,
        "first_fault": 0,
        "force_1": 1019,
        "force_2": 1021,
        "set_point": 1023,
        "position": 365,
        "sample_number": 0x5F21,
        "sample_age": 4,
        "watchdog_left": 488,
    }


def test_reads_and_writes_as_the_map_says() -> None:
    assert read_line(0x0100, 20) == text_line(b"?", b"0100,20")
    assert read_line(0xFFFF, 1) == text_line(b"?", b"FFFF,01")
    assert write_line(0x0600, [4, 0, 1, 0xABCD]) == text_line(b"!", b"0600,000400000001ABCD")


def test_no_line_is_longer_than_96_characters() -> None:
    longest = text_line(b"=", b"0100," + b"0" * 80)
    assert len(longest) <= 96
    assert len(ANSWER) <= 96
    assert len(write_line(0x0300, [0] * 10)) <= 96


def test_an_answer_is_waited_for_to_its_last_byte() -> None:
    for size in range(len(ANSWER)):
        assert ORDER_ANSWER.find(ANSWER[:size]) is None
    reply = ORDER_ANSWER.find(ANSWER + b"<00A4")
    assert reply is not None
    assert not reply.refusal


def test_every_changed_character_is_refused() -> None:
    """Any single character, at every place, by every other printable one."""
    for at in range(len(ANSWER) - 2):
        for byte in PRINTABLE:
            if byte == ANSWER[at]:
                continue
            reply = ORDER_ANSWER.find(ANSWER[:at] + bytes([byte]) + ANSWER[at + 1 :])
            assert reply is not None
            assert reply.refusal, f"{chr(byte)} at {at}"


def test_every_lost_and_every_doubled_character_is_refused_or_waited_for() -> None:
    for at in range(len(ANSWER)):
        for spoilt in (ANSWER[:at] + ANSWER[at + 1 :], ANSWER[: at + 1] + ANSWER[at:]):
            reply = ORDER_ANSWER.find(spoilt)
            unharmed = spoilt == ANSWER or spoilt.startswith(ANSWER)
            assert reply is None or reply.refusal or unharmed


@pytest.mark.parametrize(
    "fields",
    [
        "00A3,1,3,004C,0003,0000,+1019,+1021,+1023,+0365,5F21,0004",
        "00A3,1,3,004C,0003,0000,+1019,+1021,+1023,+0365,5F21,0004,0488,1",
        "00a3,1,3,004C,0003,0000,+1019,+1021,+1023,+0365,5F21,0004,0488",
        "00A3,9,3,004C,0003,0000,+1019,+1021,+1023,+0365,5F21,0004,0488",
        "00A3,1,A,004C,0003,0000,+1019,+1021,+1023,+0365,5F21,0004,0488",
        "00A3,1,3,004C,0003,0000,1019,+1021,+1023,+0365,5F21,0004,0488",
        "00A3,1,3,004C,0003,0000,+ 101,+1021,+1023,+0365,5F21,0004,0488",
        "00A3,1,3,004C,0003,0000,+10190,+1021,+1023,+0365,5F21,0004,0488",
        "00A3,1,3,004C,0003,0000,+1019,+1021,+1023,+0365,5F21,000F,0488",
    ],
)
def test_a_good_check_sum_makes_no_other_fields_right(fields: str) -> None:
    reply = ORDER_ANSWER.find(text_line(b"<", fields.encode()))
    assert reply is not None
    assert "the fields are not those of" in reply.refusal


def test_digits_of_other_scripts_are_no_digits() -> None:
    reply = ORDER_ANSWER.find("<００A3".encode())
    assert reply is not None
    assert "is not ASCII" in reply.refusal


def test_registers_come_with_their_address_and_in_their_number() -> None:
    right = text_line(b"=", b"030A,7F31A2C4")
    assert scripted(right)[1].read_registers(3, 0x30A, 2) == bytes.fromhex("7F31A2C4")
    for came in (b"030B,7F31A2C4", b"030A,7F31", b"030A,7F31A2C40000", b"030A,7F31A2c4"):
        with pytest.raises(FrameCorrupt, match="came instead of =030A, 2 registers and checksum"):
            scripted(text_line(b"=", came))[1].read_registers(3, 0x30A, 2)


def test_registers_that_a_unit_does_not_offer_are_a_refusal() -> None:
    with pytest.raises(UnitRejected, match="does not offer 2 registers from 0x0700"):
        scripted(text_line(b"=", b"0700,"))[1].read_registers(3, 0x700, 2)


def test_a_write_is_answered_by_its_result() -> None:
    port, link = scripted(text_line(b"!", b"0600,1"))
    link.write_registers(16, 0x600, [6, 0, 1, 0xABCD])
    assert port.sent == [b"?\r" + text_line(b"!", b"0600,000600000001ABCD")]
    with pytest.raises(UnitRejected, match=r"write to 0x0600 with result 4 \(wrong state\)"):
        scripted(text_line(b"!", b"0600,4"))[1].write_registers(16, 0x600, [6, 0, 1, 0])
    with pytest.raises(FrameCorrupt, match="does not begin with !0600,"):
        scripted(text_line(b"!", b"0300,1"))[1].write_registers(16, 0x600, [6, 0, 1, 0])


@pytest.mark.parametrize("result", [0, 3, 4, 5, 6, 7, 8])
def test_a_refused_order_is_a_refusal_and_never_a_reading(result: int) -> None:
    refused = ANSWER[1:-7].replace(b"00A3,1", b"00A2,%d" % result)
    with pytest.raises(UnitRejected, match=f"refused the order with result {result} ") as caught:
        scripted(text_line(b"<", refused))[1].order("Q")
    assert caught.value.exception_code == result


def test_what_does_not_fit_a_line_is_never_sent() -> None:
    port, link = scripted(b"")
    asked: list[Callable[[], object]] = [
        lambda: link.read_registers(3, 0x100, 21),
        lambda: link.read_registers(3, 0x100, 0),
        lambda: link.read_registers(3, 0xFFFF, 2),
        lambda: link.read_registers(23, 0x100, 2),
        lambda: link.write_registers(6, 0x600, [1]),
        lambda: link.write_registers(16, 0x600, []),
        lambda: link.write_registers(16, 0x600, [0] * 21),
    ]
    for ask in asked:
        with pytest.raises(RequestRefused):
            ask()
    assert port.sent == []


def test_an_end_of_a_line_goes_before_what_could_be_swallowed_and_before_nothing_else() -> None:
    port, link = scripted(ANSWER)
    link.order(ORDER[1:-5])
    link.order(ORDER[1:-5])
    link.order("Q", urgent=True)
    port.answer = lambda data: b""
    with pytest.raises(ReplyTimeout):
        link.order(ORDER[1:-5])
    port.answer = lambda data: ANSWER
    link.order(ORDER[1:-5])
    link.order(ORDER[1:-5])
    link.tell("Q")
    order, release = ORDER.encode() + b"\r\n", text_line(b">", b"Q")
    assert port.sent == [
        b"?\r" + order,
        order,
        b"?\r" + release,
        order,
        b"?\r" + order,
        order,
        b"?\r" + release,
    ]

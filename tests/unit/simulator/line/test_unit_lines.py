"""The simulated unit's side of the line protocol: what it answers, and what it never does."""

from __future__ import annotations

import random

import pytest

from simulator.device.firmware import ReferenceFirmware
from simulator.device.register_image import UnitDescription
from simulator.line.unit_lines import UnitLines
from simulator.map_v1 import State, crc16_of_registers
from simulator.table.bodies import CERVICAL_SLIDING
from simulator.table.plant import TractionPlant
from tests.unit.firmware_bridge.line.bus import text_line

SESSION_WORDS = [0xA5A5, 0, 1000, 100, 200, 500, 1, 0, 0]


class Unit:
    """A unit on lines; ``ask`` returns the fields of its only answer, empty for none."""

    def __init__(self, description: UnitDescription | None = None) -> None:
        source = random.Random(1)
        self.firmware = ReferenceFirmware(
            TractionPlant(CERVICAL_SLIDING, source), random=source, unit=description
        )
        self.lines = UnitLines(self.firmware)
        self.now_s = 0.5

    def ask(self, first: bytes, fields: bytes) -> bytes:
        return self.hear(text_line(first, fields))

    def hear(self, data: bytes) -> bytes:
        self.now_s += 0.05
        answers = self.lines.hear(data, self.now_s)
        assert len(answers) <= 1
        if not answers:
            return b""
        (answer,) = answers
        body = answer[1:-7]
        assert answer == text_line(answer[:1], body), "check sum and CR LF"
        assert len(answer) <= 96
        return answer[:1] + body

    def armed(self) -> bytes:
        """Armed; the token as it stands in orders."""
        words = [*SESSION_WORDS, crc16_of_registers(SESSION_WORDS)]
        block = b"".join(b"%04X" % word for word in words)
        assert self.ask(b"!", b"0300," + block) == b"!0300,1"
        return self.ask(b"?", b"030A,02")[6:]

    def pulling(self) -> int:
        """Armed, and with more than 20 N on the cord; the newest sequence."""
        token, sequence = self.armed(), 0
        while self.firmware.plant.cord_force_n <= 20.0:
            sequence += 1
            assert sequence < 1000
            self.ask(b">", b"%04X," % sequence + token + b",F,+0500,0000,0000")
        return sequence


def test_the_map_s_first_registers() -> None:
    unit = Unit()
    assert unit.ask(b"?", b"0000,04") == b"=0000,5452433101" + b"00CFC7"
    assert len(unit.ask(b"?", b"0100,20")) == len(b"=0100,") + 80


def test_an_order_is_obeyed_and_answered_with_what_the_block_says() -> None:
    unit = Unit()
    token = unit.armed()
    answer = unit.ask(b">", b"0001," + token + b",F,+0500,0100,0800")
    block = unit.firmware.read_registers(0x100, 20)
    fields = answer[1:].split(b",")
    assert len(fields) == 13
    assert fields[:3] == [b"0001", b"1", b"3"]
    assert [int(field, 16) for field in fields[3:6]] == block[3:6]
    assert fields[8] == b"%+05d" % block[8]
    assert unit.firmware.state is State.TRACKING


@pytest.mark.parametrize(
    ("fields", "result"),
    [
        (b"0001,DEADBEEF,F,+0500,0100,0800", b"5"),
        (b"0001,TTTTTTTT,F,+9999,0100,0800", b"3"),
        (b"0001,TTTTTTTT,F,-0001,0100,0800", b"3"),
        (b"0001,TTTTTTTT,V,+0100,0000,0000", b"3"),
        (b"0000,TTTTTTTT,K,+0000,0000,0000", b"7"),
    ],
)
def test_a_refused_order_is_answered_with_the_old_sequence_and_its_result(
    fields: bytes, result: bytes
) -> None:
    unit = Unit()
    token = unit.armed()
    left_s = unit.firmware.machine.watchdog_left_s(unit.now_s)
    answer = unit.ask(b">", fields.replace(b"TTTTTTTT", token))
    assert answer[1:7] == b"0000," + result
    assert unit.firmware.machine.watchdog_left_s(unit.now_s) < left_s, "it feeds nothing"


def test_the_release_of_whoever_comes_needs_no_token() -> None:
    unit = Unit()
    sequence = unit.pulling()
    answer = unit.ask(b">", b"Q")
    assert answer[:8] == b"<%04X,1," % sequence
    assert unit.firmware.state is State.RELEASING


SOUND = b"0001,TTTTTTTT,F,+0500,0100,0800"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: line.replace(b"*", b"*0"),
        lambda line: line.lower(),
        lambda line: line[1:],
        lambda line: b"\x00" + line,
        lambda line: line[:9] + line[10:],
        lambda line: line.replace(b"+05", b"+ 5"),
        lambda line: b" " * 97 + line,
        lambda line: text_line(b">", line[1:-7] + b","),
        lambda line: text_line(b">", line[1:-7].replace(b",F,", b",X,")),
        lambda line: text_line(b"#", line[1:-7]),
        lambda line: text_line(b">", b"\xd9\xa0\xd9\xa0" + line[5:-7]),
        lambda line: b"\r\n",
        lambda line: b"?\r",
    ],
)
def test_a_line_that_is_not_sound_is_not_answered_and_obeyed(spoil: object) -> None:
    unit = Unit()
    line = text_line(b">", SOUND.replace(b"TTTTTTTT", unit.armed()))
    assert callable(spoil)
    assert unit.hear(spoil(line)) == b""
    assert unit.firmware.machine.sequence == 0
    assert unit.hear(b"?\r" + line)[:8] == b"<0001,1,"


@pytest.mark.parametrize(
    "fields", [b"0100,00", b"0100,21", b"0100,5", b"0100,0x", b"100,05", b"0100,05,1"]
)
def test_a_read_that_is_none_is_not_answered(fields: bytes) -> None:
    assert Unit().ask(b"?", fields) == b""


def test_a_read_that_is_not_offered_is_answered_without_registers() -> None:
    unit = Unit()
    assert unit.ask(b"?", b"0700,02") == b"=0700,"
    assert unit.ask(b"?", b"0200,08") == b"=0200,"


@pytest.mark.parametrize("fields", [b"0200," + b"0000" * 8, b"0300," + b"0000" * 9, b"0700,0000"])
def test_only_the_session_block_and_the_services_are_written_and_whole(fields: bytes) -> None:
    assert Unit().ask(b"!", fields) == b""


def test_a_refused_write_is_answered_with_its_result() -> None:
    unit = Unit()
    block = b"".join(b"%04X" % word for word in [*SESSION_WORDS, 0])
    assert unit.ask(b"!", b"0300," + block) == b"!0300,8"


def test_lines_may_come_in_any_pieces_and_several_at_once() -> None:
    unit = Unit()
    line = text_line(b"?", b"0000,02")
    for at in range(len(line) - 2):
        assert unit.hear(line[at : at + 1]) == b""
    assert unit.hear(b"\r\n") == b"=0000,54524331"
    assert len(unit.lines.hear(line * 3, unit.now_s)) == 3


def test_without_power_nothing_is_answered_and_what_came_is_forgotten() -> None:
    unit = Unit()
    line = text_line(b"?", b"0000,02")
    unit.hear(line[:5])
    unit.firmware.cut_power()
    assert unit.hear(line[5:]) == b""
    unit.firmware.restore_power(unit.now_s)
    assert unit.hear(line) == b"=0000,54524331"


def test_a_force_beyond_its_digits_stays_at_their_end() -> None:
    """A unit with one channel: the other one is at the lower end and not valid."""
    unit = Unit(UnitDescription().without(2))
    unit.pulling()
    unit.firmware.cell.gain(1000.0)
    fields = unit.ask(b">", b"Q")[1:].split(b",")
    assert fields[6] == b"+9999"
    assert fields[7] == b"-9999"
    assert not int(fields[4], 16) & 0b10

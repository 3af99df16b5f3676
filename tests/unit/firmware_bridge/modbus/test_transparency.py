"""A gateway that does not pass every byte is told by what it loses, each in its own sentence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.errors import LinkError, LinkLost
from firmware_bridge.line.line import Line
from firmware_bridge.line.timing import serial_times
from firmware_bridge.modbus.frames import FUNCTIONS
from firmware_bridge.modbus.link import ModbusLink, RtuFraming
from firmware_bridge.modbus.transparency import Known, check_transparency, fault_in_answer
from tests.unit.firmware_bridge.line.bus import Bus, BusClock, RtuSlave, Way, registers
from tests.unit.firmware_bridge.scripted import framed


class Gateway:
    """A serial server between host and unit."""

    def __init__(self, passes: Callable[[bytes], bytes] | None = None, *, unit: int = 1) -> None:
        self.clock = BusClock()
        self.slave = RtuSlave(unit)
        self.bus = Bus([self.slave], self.clock, Way(jitter_s=0.004))
        self.bus.gateway = passes
        line = Line(self.bus, self.clock, serial_times(38400))
        self.link = ModbusLink(line, RtuFraming(), unit=unit, functions=FUNCTIONS, timeout_s=0.040)

    def asked(self) -> list[int]:
        return [int.from_bytes(frame[2:4], "big") for _, frame in self.bus.sent]

    def asked_of_one_register(self) -> bool:
        return {frame[4:6] for _, frame in self.bus.sent} == {b"\0\1"}


def telnet(data: bytes) -> bytes:
    """FF is a command there, and takes the byte behind it along."""
    head, found, rest = data.partition(b"\xff")
    return head + telnet(rest[1:]) if found else head


def text(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


class FlowControl:
    """Software flow control: 11 and 13 never arrive, and behind 13 nothing does."""

    def __init__(self) -> None:
        self.stopped = False

    def __call__(self, data: bytes) -> bytes:
        passed = b""
        for byte in data:
            if byte in (0x11, 0x13):
                self.stopped = byte == 0x13
            elif not self.stopped:
                passed += bytes([byte])
        return passed


class StopsOnly(FlowControl):
    """Takes only 13 for itself, and goes on with anything that has an 11."""

    def __call__(self, data: bytes) -> bytes:
        self.stopped = (self.stopped or 0x13 in data) and 0x11 not in data
        return b"" if self.stopped else data


@pytest.mark.parametrize("unit", [1, 2, 7, 42, 200, 247])
@pytest.mark.parametrize(
    ("passes", "words"),
    [
        (telnet, "loses the byte FF: its port is set to telnet or RFC 2217"),
        (text, "changes the bytes 0D 0A"),
        (FlowControl, "loses the byte 11: software flow control"),
        (StopsOnly, "stops at the byte 13: software flow control"),
    ],
)
def test_each_fault_of_a_gateway_has_its_sentence(
    passes: Callable[[bytes], bytes], words: str, unit: int
) -> None:
    gate = passes() if isinstance(passes, type) else passes
    with pytest.raises(LinkError, match=words) as refused:
        check_transparency(Gateway(gate, unit=unit).link)
    assert refused.value.message.endswith(("raw TCP", "switch it off at the gateway's port"))


def test_a_gateway_that_passes_every_byte_is_asked_five_reads() -> None:
    gateway = Gateway()
    assert check_transparency(gateway.link) == ""
    assert gateway.asked() == [0x00FF, 0x0D0A, 0x0011, 0x0013, 0x0011]
    assert gateway.asked_of_one_register()


def test_an_exception_is_an_answer_too() -> None:
    gateway = Gateway()
    hear = gateway.slave.hear

    def refusing(data: bytes, at_s: float) -> bytes:
        return framed(b"\x01\x83\x02") if hear(data, at_s) else b""

    gateway.slave.hear = refusing  # type: ignore[method-assign]
    assert check_transparency(gateway.link) == ""


def test_a_unit_that_answers_at_neither_address_leaves_the_check_undone_and_it_is_said() -> None:
    gateway = Gateway()
    hear = gateway.slave.hear

    def known(data: bytes, at_s: float) -> bytes:
        return hear(data, at_s) if data[2:4] == b"\x01\x00" else b""

    gateway.slave.hear = known  # type: ignore[method-assign]
    said = check_transparency(gateway.link)
    assert "not done" in said
    assert "neither at 0x00FF nor at 0x00FE" in said
    gateway.link.line.settle()
    assert gateway.link.read_registers(3, 0x0100, 20) == registers(0x0100, 20, gateway.slave.heard)


def test_a_unit_that_is_silent_where_it_has_no_registers_is_not_the_gateway_s_fault() -> None:
    gateway = Gateway()
    hear = gateway.slave.hear
    gateway.slave.hear = lambda data, at_s: (  # type: ignore[method-assign]
        hear(data, at_s) if data[2] == 0 else b""
    )
    said = check_transparency(gateway.link)
    assert "neither at 0x0D0A nor at 0x0C0B" in said
    assert "0x00FF" not in said


def test_a_gateway_that_stops_for_good_is_named() -> None:
    stopped: list[bool] = []

    def stops(data: bytes) -> bytes:
        stopped.extend([True] * (0x13 in data))
        return b"" if stopped else data

    with pytest.raises(LinkError, match=r"stops at the byte 13.*since then nothing is answered"):
        check_transparency(Gateway(stops).link)


@pytest.mark.parametrize("lost", range(1, 6))
def test_one_lost_answer_is_nobody_s_fault(lost: int) -> None:
    gateway = Gateway()
    gateway.bus.damage[lost] = lambda whole: whole[1:]
    assert check_transparency(gateway.link) == ""


def test_two_answers_that_a_busy_computer_missed_are_nobody_s_fault() -> None:
    gateway = Gateway()
    gateway.bus.damage.update({1: lambda whole: b"", 2: lambda whole: b""})
    assert check_transparency(gateway.link) == ""
    assert gateway.asked().count(0x00FF) == 3


def test_the_control_is_an_address_whose_whole_request_is_plain() -> None:
    """The check sum of a request may have the very byte that a gateway loses."""
    for unit in range(1, 248):
        gateway = Gateway(telnet, unit=unit)
        with pytest.raises(LinkError, match="loses the byte FF"):
            check_transparency(gateway.link)
        control = gateway.bus.sent[-3][1]
        assert not set(control[1:]) & set(b"\xff\r\n\x11\x13"), unit


def test_a_connection_that_is_gone_meanwhile_is_told_as_that() -> None:
    gateway = Gateway()
    gateway.bus.closed = True
    with pytest.raises(LinkLost):
        check_transparency(gateway.link)


def test_what_was_lost_is_asked_for_again_behind_its_neighbour() -> None:
    gateway = Gateway(telnet)
    with pytest.raises(LinkError, match="FF"):
        check_transparency(gateway.link)
    assert gateway.asked() == [0x00FF, 0x00FF, 0x0011, 0x00FE, 0x00FF, 0x00FF]
    assert gateway.asked_of_one_register()


def test_a_unit_that_lost_its_place_at_a_probe_is_not_the_gateway_s_fault() -> None:
    """One lost byte costs a slave without a timer every request until the pause."""
    gateway = Gateway()
    gateway.slave.timer = False
    gateway.bus.damage[1] = lambda whole: whole[:-1]
    assert check_transparency(gateway.link) == ""
    assert gateway.asked()[:7] == [0x00FF, 0x00FF, 0x0011, 0x0011, 0x00FE, 0x00FF, 0x0D0A]


# --- on the way back ----------------------------------------------------------------------------

VALUES = bytes.fromhex("1113 5452 4331 0100 1234 0a0b 1377 00ff 1181 fff6")
KNOWN = {0: VALUES}
"""What the check sums of its answers are is of no account."""
PLAIN = {0: bytes(range(0x20, 0x60)), 0x20: bytes(range(0x60, 0x90))}
"""Two blocks, no value of which has one of the bytes."""


class KnownUnit(Gateway):
    """Has the registers that are ``known`` and refuses every other."""

    def __init__(
        self, back: Callable[[bytes], bytes] | None = None, *, unit: int = 1, known: Known = KNOWN
    ) -> None:
        super().__init__(unit=unit)
        self.known = known
        self.answers: list[bytes] = []
        self.bus.way_back = lambda answer: self._sent(answer, back)
        self.slave.answered = self._answered  # type: ignore[method-assign]

    def _sent(self, answer: bytes, back: Callable[[bytes], bytes] | None) -> bytes:
        self.answers.append(answer)
        return back(answer) if back else answer

    def _answered(self, pdu: bytes) -> bytes:
        address, count = int.from_bytes(pdu[1:3], "big"), int.from_bytes(pdu[3:5], "big")
        for first, block in self.known.items():
            values = block[2 * (address - first) :][: 2 * count] if address >= first else b""
            if len(values) == 2 * count:
                return bytes([3, 2 * count]) + values
        return b"\x83\x02"


def without(*lost: int) -> Callable[[bytes], bytes]:
    return lambda data: bytes(byte for byte in data if byte not in lost)


class StoppedByTheUnit(FlowControl):
    """Flow control that hears the unit: what it sends is taken out, and stops the way there."""

    def there(self, data: bytes) -> bytes:
        return b"" if self.stopped else data

    def __call__(self, data: bytes) -> bytes:
        self.stopped = self.stopped or 0x13 in data
        return without(0x13)(data)


@pytest.mark.parametrize("known", [KNOWN, PLAIN], ids=["values", "check sums"])
@pytest.mark.parametrize("unit", [1, 2, 42, 200, 247])
def test_a_gateway_that_passes_every_byte_back_is_asked_two_reads_more(
    unit: int, known: Known
) -> None:
    """Where no value has the byte, the check sum of an answer has it."""
    gateway = KnownUnit(unit=unit, known=known)
    assert check_transparency(gateway.link, known) == ""
    assert len(gateway.asked()) == 7
    with_11, with_13 = gateway.answers[-2:]
    assert (0x11 in with_11, 0x13 in with_11) == (True, False)
    assert (0x11 in with_13, 0x13 in with_13) == (False, True)


def test_a_byte_that_is_lost_on_the_way_back_only_is_found() -> None:
    with pytest.raises(LinkError, match="loses the byte 11: software flow control"):
        check_transparency(KnownUnit(without(0x11)).link, KNOWN)


def test_a_gateway_that_the_unit_can_stop_is_found() -> None:
    flow = StoppedByTheUnit()
    gateway = KnownUnit(flow)
    gateway.bus.gateway = flow.there
    with pytest.raises(LinkError, match=r"stops at the byte 13: .*since then nothing is answered"):
        check_transparency(gateway.link, KNOWN)


def test_a_unit_that_is_silent_to_a_piece_of_its_registers_is_not_the_gateway_s_fault() -> None:
    gateway = KnownUnit()
    hear = gateway.slave.hear

    def not_in_pieces(data: bytes, at_s: float) -> bytes:
        return hear(data, at_s) if int.from_bytes(data[2:4], "big") >= len(VALUES) // 2 else b""

    gateway.slave.hear = not_in_pieces  # type: ignore[method-assign]
    assert "not done" in check_transparency(gateway.link, KNOWN)


def test_bytes_that_no_known_register_has_cannot_be_asked_back() -> None:
    gateway = KnownUnit(without(0x11, 0x13))
    assert check_transparency(gateway.link, {1: VALUES[2:4]}) == ""
    assert len(gateway.asked()) == 5


# --- an answer that was refused -----------------------------------------------------------------

ANSWER = framed(bytes([1, 3, len(VALUES) - 2]) + VALUES[2:])


@pytest.mark.parametrize(
    ("came", "words"),
    [
        (ANSWER.replace(b"\xff", b"\xff\xff"), "doubles the byte FF"),
        (ANSWER.replace(b"\xff\xf6", b"\xf6"), "loses the byte FF"),
        (ANSWER.replace(b"\x11", b""), "loses the byte 11"),
        (ANSWER.replace(b"\x13", b""), "stops at the byte 13"),
    ],
)
def test_a_refused_answer_says_what_the_gateway_did_to_it(came: bytes, words: str) -> None:
    assert words in fault_in_answer(came)


def test_an_answer_that_lost_anything_else_says_nothing() -> None:
    special = {at for at, byte in enumerate(ANSWER) if byte in (0xFF, 0x11, 0x13)}
    said = {at: fault_in_answer(ANSWER[:at] + ANSWER[at + 1 :]) for at in range(len(ANSWER))}
    assert {at for at, words in said.items() if words} == special
    for came in (b"", b"\x01\x03", ANSWER[:-2], ANSWER[2:], ANSWER[:-1] + b"\0"):
        assert fault_in_answer(came) == "", came


@pytest.mark.parametrize(
    ("byte", "words"), [(0xFF, "loses the byte FF"), (0x11, "byte 11"), (0x13, "byte 13")]
)
def test_a_byte_that_was_lost_with_the_gross_and_the_net_force_is_found(
    byte: int, words: str
) -> None:
    """Without a tare a transmitter tells the same number twice."""
    for function in (3, 4):
        frame = framed(bytes([1, function, 8, *[0, 0, 0, byte] * 2]))
        assert frame.count(byte) == 2
        assert words in fault_in_answer(frame.replace(bytes([byte]), b""))
        thrice = framed(bytes([1, function, 12, *[0, 0, 0, byte] * 3]))
        assert fault_in_answer(thrice.replace(bytes([byte]), b"")) == ""


def test_a_transmitter_s_gateway_is_said_to_lose_what_matters_there() -> None:
    said = fault_in_answer(ANSWER.replace(b"\xff\xf6", b"\xf6"), first_lost="every small push")
    assert "first of all every small push" in said


def test_the_last_byte_may_be_the_one_that_was_lost() -> None:
    answers = (framed(bytes([1, 3, 2, 0, value])) for value in range(256))
    ends_with_13 = next(answer for answer in answers if answer[-1] == 0x13 not in answer[:-1])
    assert "stops at the byte 13" in fault_in_answer(ends_with_13[:-1])


def test_what_is_no_answer_to_a_read_says_nothing() -> None:
    echo_of_a_write = framed(bytes([1, 16, 0, 0x11, 0, 2]))
    assert fault_in_answer(echo_of_a_write[:3] + echo_of_a_write[4:]) == ""

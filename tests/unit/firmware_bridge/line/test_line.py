"""What a line keeps for all of its talkers: doubt, what is owed, counters, capture; no release."""

from __future__ import annotations

import pytest

from controller.errors import FrameCorrupt, ReplyTimeout, RequestRefused, UnitRejected
from firmware_bridge.line.line import Direction, Line, LineCounters
from firmware_bridge.line.talkers import RegisterReader
from firmware_bridge.line.timing import NO_WIRE, serial_times
from firmware_bridge.modbus.frames import FUNCTIONS, Framing
from firmware_bridge.modbus.link import ModbusLink, RtuFraming, TcpFraming
from tests.unit.firmware_bridge.line.bus import Bus, BusClock, RtuSlave, TcpSlave, Way, registers
from tests.unit.firmware_bridge.line.wires import TIMEOUT_S, Wire
from tests.unit.firmware_bridge.scripted import JumpingClock, ScriptedPort, framed, rtu_link

SILENCE_S = 0.00175
LATE_BYTES = framed(bytes.fromhex("010304AAAABBBB"))


class Pair:
    """Two units on one pair of wires, one talker each."""

    def __init__(self, *, tcp: bool = False) -> None:
        self.clock = BusClock()
        kind = TcpSlave if tcp else RtuSlave
        self.slaves = [kind(1), kind(2)]
        self.bus = Bus([*self.slaves], self.clock, Way())
        framing: Framing = TcpFraming() if tcp else RtuFraming()
        times = NO_WIRE if tcp else serial_times(38400)
        self.line = Line(self.bus, self.clock, times, numbered=tcp)
        self.first, self.second = (
            ModbusLink(self.line, framing, unit=unit, functions=FUNCTIONS, timeout_s=TIMEOUT_S)
            for unit in (1, 2)
        )


def test_a_link_is_what_instruments_ask_for() -> None:
    wire = Wire("rtu")
    reader: RegisterReader = wire.link
    assert reader.read_registers(3, 0x10, 3) == registers(0x10, 3, 1)
    assert reader.read_registers(4, 0x10, 3) == registers(0x10, 3, 2)
    reader.write_registers(6, 0x20, [7])
    reader.write_registers(16, 0x20, [7, 8])
    assert isinstance(wire.slave, RtuSlave)
    assert [pdu.hex() for pdu in wire.slave.written] == ["0600200007", "10002000020400070008"]


def test_two_units_on_one_pair_are_asked_in_turn() -> None:
    pair = Pair()
    for turn in range(1, 20):
        assert pair.first.read_registers(3, 0x10, 3) == registers(0x10, 3, turn)
        assert pair.second.read_registers(4, 0x20, 3) == registers(0x20, 3, turn)
    assert pair.line.counters.answers == 38


def test_what_one_unit_owes_the_other_talker_waits_for() -> None:
    pair = Pair()
    pair.bus.late[1] = 0.060
    with pytest.raises(ReplyTimeout):
        pair.first.read_registers(3, 0x10, 3)
    assert pair.second.read_registers(3, 0x20, 3) == registers(0x20, 3, 1)
    sent_at_s = [at_s for at_s, _ in pair.bus.sent]
    assert sent_at_s[1] - sent_at_s[0] >= 2 * TIMEOUT_S
    assert pair.line.counters.drained_bytes == 11


def test_two_talkers_on_one_connection_never_share_a_transaction() -> None:
    pair = Pair(tcp=True)
    pair.slaves[1].deaf = True
    with pytest.raises(ReplyTimeout, match="transaction 1, unit 2"):
        pair.second.read_registers(3, 0x20, 3)
    pair.slaves[1].deaf = False
    pair.bus.slaves = [pair.slaves[0]]
    assert pair.first.read_registers(3, 0x10, 3) == registers(0x10, 3, 1)
    assert [frame[:2] for _, frame in pair.bus.sent] == [b"\0\x01", b"\0\x02"]


def test_counters_tell_what_happened() -> None:
    wire = Wire("rtu")
    wire.link.read_registers(3, 0x10, 3)
    wire.bus.damage[2] = lambda _: b""
    with pytest.raises(ReplyTimeout):
        wire.link.read_registers(3, 0x10, 3)
    answer = wire.slave.hear
    wire.slave.hear = lambda data, at_s: framed(b"\x01\x83\x02")  # type: ignore[method-assign]
    with pytest.raises(UnitRejected, match="unit 1 refused function 3 with exception 2"):
        wire.link.read_registers(3, 0x10, 3)
    wire.slave.hear = lambda data, at_s: b"\x07" + answer(data, at_s)  # type: ignore[method-assign]
    with pytest.raises(FrameCorrupt, match="unit 7 answered instead of unit 1"):
        wire.link.read_registers(3, 0x10, 3)
    assert wire.line.counters == LineCounters(
        requests=4, answers=1, exceptions=1, timeouts=1, refused=1
    )


def test_every_lump_is_heard_with_its_time_also_when_it_is_drained() -> None:
    heard: list[tuple[float, Direction, bytes]] = []
    port = ScriptedPort(lambda _: b"", JumpingClock())
    line = Line(
        port,
        port.clock,
        serial_times(38400),
        capture=lambda at_s, way, data: heard.append((at_s, way, data)),
    )
    link = ModbusLink(line, RtuFraming(), unit=1, functions=FUNCTIONS, timeout_s=TIMEOUT_S)
    port.comes(b"\x55")
    port.clock.time_s += 0.01
    port.answer = lambda _: LATE_BYTES
    begun_s = port.clock.time_s
    link.read_registers(3, 0x10, 2)
    assert [(way, data) for _, way, data in heard] == [
        (Direction.RECEIVED, b"\x55"),
        (Direction.SENT, port.sent[0]),
        (Direction.RECEIVED, LATE_BYTES),
    ]
    assert [round(at_s - begun_s, 5) for at_s, _, _ in heard] == [0.0, SILENCE_S, SILENCE_S]


# --- what is still owed -----------------------------------------------------------------------


def reading_after_a_loss(late_s: float) -> tuple[ScriptedPort, ModbusLink]:
    """The first answer comes ``late_s`` behind its request, behind the window."""
    port = ScriptedPort(lambda _: b"", JumpingClock())
    link = rtu_link(port, timeout_s=TIMEOUT_S)
    with pytest.raises(ReplyTimeout):
        link.read_registers(3, 0x10, 2)
    port.coming.append((port.sent_at_s[0] + late_s, LATE_BYTES))
    port.answer = lambda _: framed(bytes.fromhex("01030411112222"))
    port.late_s = [0.025]
    return port, link


def test_two_answers_are_none_and_behind_them_the_line_is_sound_at_once() -> None:
    port, link = reading_after_a_loss(0.095)
    with pytest.raises(FrameCorrupt, match="one of them belongs to an earlier request") as refused:
        link.read_registers(3, 0x10, 2)
    assert refused.value.raw[:9] == LATE_BYTES
    assert len(refused.value.raw) == 18
    ended_s = port.clock.time_s
    assert link.read_registers(3, 0x10, 2) == bytes.fromhex("11112222")
    assert port.sent_at_s[2] - ended_s <= SILENCE_S


def test_an_answer_of_another_length_is_taken_at_once() -> None:
    port, link = reading_after_a_loss(0.5)
    port.answer = lambda _: framed(bytes.fromhex("010306111122223333"))
    link.read_registers(3, 0x10, 3)
    assert port.clock.time_s - port.sent_at_s[1] == pytest.approx(0.025)


def test_what_was_drained_is_owed_no_more() -> None:
    port, link = reading_after_a_loss(0.070)
    assert link.read_registers(3, 0x10, 2) == bytes.fromhex("11112222")
    assert port.clock.time_s - port.sent_at_s[1] == pytest.approx(0.025)


def test_half_an_answer_and_the_rest_of_it_behind_the_time_out_are_one() -> None:
    port = ScriptedPort(lambda _: LATE_BYTES[:5], JumpingClock())
    link = rtu_link(port, timeout_s=TIMEOUT_S)
    port.comes(LATE_BYTES[5:], 0.070)
    with pytest.raises(FrameCorrupt, match="5 bytes came within 40 ms"):
        link.read_registers(3, 0x10, 2)
    port.answer = lambda _: framed(bytes.fromhex("01030411112222"))
    link.read_registers(3, 0x10, 2)
    assert port.clock.time_s == port.sent_at_s[1]


@pytest.mark.parametrize(("later_s", "listens"), [(0.99, True), (1.01, False)])
def test_an_answer_is_owed_for_one_second(later_s: float, listens: bool) -> None:
    port, link = reading_after_a_loss(60.0)
    port.late_s = []
    port.clock.time_s = port.sent_at_s[0] + TIMEOUT_S + later_s
    link.read_registers(3, 0x10, 2)
    assert (port.clock.time_s - port.sent_at_s[1] == pytest.approx(TIMEOUT_S)) is listens


def test_a_dead_line_and_a_babbling_one_fill_no_memory() -> None:
    wire = Wire("rtu")
    wire.line.armed = True
    wire.bus.way.eaten = bytes(range(256))
    for _ in range(400):
        wire.tick()
        wire.bus.coming.append((wire.clock.time_s + 0.045, b"\x55" * 100))
    owed = wire.line._owed  # noqa: SLF001
    assert 0 < len(owed._owed) < 30  # noqa: SLF001
    assert len(owed._begun) <= 512  # noqa: SLF001


def test_three_answers_that_were_held_back_are_each_owed() -> None:
    """At 0, 80 and 160 ms asked in vain; two come during the fourth, one and its own behind it."""
    port = ScriptedPort(lambda _: b"", JumpingClock())
    link = rtu_link(port, timeout_s=TIMEOUT_S)
    link.line.armed = True
    for _ in range(3):
        with pytest.raises(ReplyTimeout):
            link.read_registers(3, 0x10, 2)
    begun_s = port.sent_at_s[0]
    port.coming += [(begun_s + 0.250 + 0.012 * n, LATE_BYTES) for n in range(4)]
    with pytest.raises(FrameCorrupt, match="two answers to one request"):
        link.read_registers(3, 0x10, 2)
    port.answer = lambda _: framed(bytes.fromhex("01030411112222"))
    assert link.read_registers(3, 0x10, 2) == bytes.fromhex("11112222")
    assert link.line.counters.drained_bytes == 18


def test_noise_behind_an_answer_that_may_be_an_old_one_refuses_it_too() -> None:
    port, link = reading_after_a_loss(60.0)
    port.comes(b"\x55", 0.075)
    with pytest.raises(FrameCorrupt, match="two answers to one request"):
        link.read_registers(3, 0x10, 2)
    ended_s = port.clock.time_s
    port.late_s = []
    link.read_registers(3, 0x10, 2)
    assert port.sent_at_s[2] - ended_s > 0.01, "nobody knows what still comes: the line is in doubt"


# --- a release waits for none of it -----------------------------------------------------------


def test_a_release_waits_neither_for_doubt_nor_for_an_answer_that_is_owed_nor_in_a_pause() -> None:
    port = ScriptedPort(lambda _: b"", JumpingClock())
    link = rtu_link(port, timeout_s=TIMEOUT_S)
    for _ in range(3):
        with pytest.raises(ReplyTimeout):
            link.read_registers(3, 0x10, 2)
    with pytest.raises(ReplyTimeout, match="kept silent for 600 ms more"):
        link.read_registers(3, 0x10, 2)
    assert len(port.sent) == 3
    port.answer = lambda frame: framed(frame[:6])
    asked_s = port.clock.time_s
    link.write_registers(16, 0x200, [0] * 8, urgent=True)
    assert port.sent_at_s[3] - asked_s <= SILENCE_S + 1e-9
    assert port.clock.time_s - port.sent_at_s[3] == pytest.approx(0.0)
    asked_s = port.clock.time_s
    link.broadcast(0x200, [0] * 8)
    assert port.sent_at_s[4] - asked_s == pytest.approx(SILENCE_S)


def test_a_pause_that_has_begun_ends_with_the_arming() -> None:
    port = ScriptedPort(lambda _: b"", JumpingClock())
    link = rtu_link(port, timeout_s=TIMEOUT_S)
    for _ in range(3):
        with pytest.raises(ReplyTimeout):
            link.read_registers(3, 0x10, 2)
    link.line.armed = True
    link.line.settle()
    with pytest.raises(ReplyTimeout, match="no answer"):
        link.read_registers(3, 0x10, 2)
    assert port.sent_at_s[3] - port.sent_at_s[2] == pytest.approx(2 * TIMEOUT_S)


def test_a_refused_answer_to_a_release_is_told_at_once_also_while_more_comes() -> None:
    port = ScriptedPort(lambda _: b"\x07", JumpingClock())
    link = rtu_link(port, timeout_s=TIMEOUT_S)
    port.babble()
    with pytest.raises(FrameCorrupt):
        link.write_registers(16, 0x200, [0] * 8, urgent=True)
    assert port.clock.time_s - port.sent_at_s[0] < 0.001


def test_a_line_is_settled_when_the_pause_is_over() -> None:
    port = ScriptedPort(lambda _: b"", JumpingClock())
    link = rtu_link(port, timeout_s=TIMEOUT_S)
    pauses_s = []
    for _ in range(3):
        for _ in range(3):
            with pytest.raises(ReplyTimeout, match="no answer"):
                link.read_registers(3, 0x10, 2)
        failed_s = port.clock.time_s
        link.line.settle()
        pauses_s.append(round(port.clock.time_s - failed_s, 3))
    assert pauses_s == [0.6, 1.2, 0.6]
    assert link.line.counters.pauses == 3


def test_a_good_answer_between_failures_begins_the_count_anew() -> None:
    port = ScriptedPort(lambda _: b"", JumpingClock())
    link = rtu_link(port, timeout_s=TIMEOUT_S)
    for _ in range(3):
        port.answer = lambda _: b""
        for _ in range(2):
            with pytest.raises(ReplyTimeout):
                link.read_registers(3, 0x10, 2)
        port.answer = lambda _: LATE_BYTES
        link.read_registers(3, 0x10, 2)
    assert link.line.counters.pauses == 0


# --- echo -------------------------------------------------------------------------------------


def test_function_6_waits_for_a_first_answer_because_its_own_looks_like_an_echo() -> None:
    wire = Wire("rtu", Way(echo=True))
    with pytest.raises(RequestRefused, match="not written by function 6 before anything was read"):
        wire.link.write_registers(6, 0x20, [7])
    assert wire.bus.sent == []
    wire.line.echo = True
    wire.link.read_registers(3, 0x10, 3)
    wire.link.write_registers(6, 0x20, [7])
    assert isinstance(wire.slave, RtuSlave)
    assert len(wire.slave.written) == 1


def test_the_echo_of_a_broadcast_is_drained_before_the_next_request() -> None:
    wire = Wire("rtu", Way(echo=True, lump_s=0.016))
    wire.line.echo = True
    wire.link.read_registers(3, 0x10, 3)
    wire.link.broadcast(0x200, [0] * 8)
    assert wire.link.read_registers(3, 0x10, 3) == registers(0x10, 3, 2)


def test_with_echo_the_own_request_is_no_answer_to_function_6() -> None:
    wire = Wire("rtu", Way(echo=True))
    wire.line.echo = True
    wire.link.read_registers(3, 0x10, 3)
    assert isinstance(wire.slave, RtuSlave)
    wire.slave.deaf = True
    with pytest.raises(ReplyTimeout, match="unit 1, function 6, 8 bytes was expected"):
        wire.link.write_registers(6, 0x20, [7])


@pytest.mark.parametrize("count", [1, 2, 3, 4, 125])
@pytest.mark.parametrize("address", [0, 0x0200, 0x0400, 0x0600, 0xFA00])
def test_an_echo_is_told_apart_whatever_is_asked_for(address: int, count: int) -> None:
    """The third byte of a request may be the byte count of the right answer."""
    wire = Wire("rtu", Way(echo=True))
    with pytest.raises(FrameCorrupt, match="returns what we send; add echo=1"):
        wire.link.read_registers(3, address, count)
    with pytest.raises(FrameCorrupt, match="returns what we send; add echo=1"):
        wire.link.write_registers(16, address, [count])


def test_an_echo_is_refused_at_the_silence_behind_it_and_not_at_the_time_out() -> None:
    wire = Wire("rtu", Way(echo=True))
    assert isinstance(wire.slave, RtuSlave)
    wire.slave.deaf = True
    sent_at_s = wire.clock.time_s
    with pytest.raises(FrameCorrupt, match="returns what we send; add echo=1"):
        wire.link.read_registers(3, 0x10, 3)
    assert wire.clock.time_s < sent_at_s + TIMEOUT_S / 2


# --- what is never sent -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "address", "values"),
    [
        (16, 0, []),
        (16, 0, [0] * 124),
        (16, 0xFFFF, [0, 0]),
        (16, -1, [0]),
        (16, 0, [0x10000]),
        (16, 0, [-1]),
        (6, 0, [1, 2]),
        (6, 0, [0x10000]),
        (6, 0, [-1]),
        (6, 0x10000, [1]),
        (5, 0, [1]),
    ],
)
def test_a_write_that_no_frame_can_carry_is_refused(
    function: int, address: int, values: list[int]
) -> None:
    wire = Wire("rtu")
    wire.link.read_registers(3, 0x10, 3)
    with pytest.raises(RequestRefused):
        wire.link.write_registers(function, address, values)
    assert len(wire.bus.sent) == 1


@pytest.mark.parametrize(
    ("function", "address", "count"), [(3, 0, 0), (3, 0, 126), (4, 0xFFFF, 2), (16, 0, 1)]
)
def test_a_read_that_no_frame_can_carry_is_refused(function: int, address: int, count: int) -> None:
    wire = Wire("rtu")
    with pytest.raises(RequestRefused):
        wire.link.read_registers(function, address, count)
    with pytest.raises(RequestRefused):
        wire.link.read_write_registers(address, count if function != 16 else 200, 0, [1])
    with pytest.raises(RequestRefused, match="121 registers"):
        wire.link.read_write_registers(0, 1, 0, [1] * 122)
    assert wire.bus.sent == []


@pytest.mark.parametrize(("framing", "units"), [(RtuFraming, (0, 248)), (TcpFraming, (-1, 256))])
def test_a_unit_that_no_frame_can_name_is_refused(
    framing: type[Framing], units: tuple[int, ...]
) -> None:
    line = Wire("rtu").line
    for unit in units:
        with pytest.raises(RequestRefused, match=f"unit={unit} is not from"):
            ModbusLink(line, framing(), unit=unit, functions=FUNCTIONS, timeout_s=0.04)
    for unit in framing.units:
        ModbusLink(line, framing(), unit=unit, functions=FUNCTIONS, timeout_s=0.04)

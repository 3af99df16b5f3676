"""A unit on lines of text over a real pseudo-terminal: every fault of an answer, armed and not.

The simulated unit serves real bytes in virtual time. For each fault: no value that is not the
unit's own, the error says what came, and the exchange after it is good within two ticks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from controller.errors import FrameCorrupt, LinkError, ReplyTimeout, StaleAnswer
from controller.order.prescription import Region
from controller.ports import ArmingRequest
from controller.runtime.clock import VirtualClock
from controller.telemetry import CommandKind, ForceCommand, Telemetry
from firmware_bridge.connect import connect_unit
from firmware_bridge.line.line import Direction
from firmware_bridge.units.ascii_unit import AsciiUnit
from simulator.device.firmware import ReferenceFirmware
from simulator.line.device_time import VirtualDeviceTime
from simulator.line.servers import SimulatedUnit
from simulator.line.text_server import TextServer
from simulator.line.unit_lines import UnitLines
from simulator.map_v1 import State
from simulator.table.patient import PassivePatient
from simulator.units import virtual_unit
from tests.unit.firmware_bridge.line.bus import text_line

OBSERVE = ForceCommand(kind=CommandKind.OBSERVE)
FOLLOW = ForceCommand(kind=CommandKind.FOLLOW, force_n=10.0, ceiling_n=50.0)
REQUEST = ArmingRequest(
    region=Region.CERVICAL, force_limit_n=50.0, rate_up_n_per_s=10.0, rate_down_n_per_s=20.0
)
SENT = re.compile(
    rb"(?:\?\r)?(?:>(?:Q|[0-9A-F]{4},[0-9A-F]{8},[KRFHQO],\+\d{4},\d{4},\d{4})"
    rb"|\?[0-9A-F]{4},\d\d|!0[36]00,(?:[0-9A-F]{4})+)\*[0-9A-F]{4}\r\n"
)
"""Everything that may ever leave: a unit may answer nothing for ever behind anything else."""

Spoil = Callable[[bytes], tuple[float, bytes]]


class Driven:
    """The driver on the served unit; each tick's reading is compared with the unit itself."""

    def __init__(self, clock: VirtualClock, served: SimulatedUnit) -> None:
        assert isinstance(served.firmware, ReferenceFirmware)
        assert served.text is not None
        self.clock, self.firmware, self.server = clock, served.firmware, served.text
        self.sent: list[bytes] = []
        self.uri = served.uri
        unit = connect_unit(served.uri, clock, capture=self._captured)
        assert isinstance(unit, AsciiUnit)
        self.unit = unit
        self.due_s = clock.now_s()
        self.errors: list[LinkError] = []

    def _captured(self, at_s: float, direction: Direction, data: bytes) -> None:
        if direction is Direction.SENT:
            self.sent.append(data)

    def arm(self) -> None:
        self.unit.arm(REQUEST)
        self.unit.find_order(50.0)

    def tick(self, command: ForceCommand) -> bool:
        """One tick on the grid; True if a reading came, which is then the unit's newest."""
        self.due_s = max(self.due_s + 0.05, self.clock.now_s())
        self.clock.sleep_until(self.due_s)
        try:
            reading = self.unit.exchange(command)
        except LinkError as error:
            self.errors.append(error)
            return False
        self._is_the_truth(reading, command)
        return True

    def _is_the_truth(self, reading: Telemetry, command: ForceCommand) -> None:
        machine = self.firmware.machine
        assert reading.sequence_accepted == machine.sequence
        assert reading.sample_number is not None
        assert (machine.channels.sample_counter - reading.sample_number) & 0xFFFF <= 3
        assert self.clock.now_s() - reading.taken_at_s < 0.05
        assert int(reading.unit_state) == int(machine.state)

    def keep(self) -> list[bytes]:
        """Record the unit's answers from now on, uncorrupted."""
        kept: list[bytes] = []

        def note(answer: bytes) -> tuple[float, bytes]:
            kept.append(answer)
            return 0.0, answer

        self.server.spoil = note
        return kept

    def spoil_once(self, spoil: Spoil) -> None:
        def once(answer: bytes) -> tuple[float, bytes]:
            self.server.spoil = lambda whole: (0.0, whole)
            return spoil(answer)

        self.server.spoil = once


@contextmanager
def driven() -> Iterator[Driven]:
    clock = VirtualClock()
    with virtual_unit(clock, "cervical_sliding", PassivePatient(), seed=1) as served:
        served.serve_ascii()
        host = Driven(clock, served)
        yield host
        host.unit.close()


def with_check_sum(answer: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Other fields with a valid check sum."""
    return text_line(answer[:1], change(answer[1:-7]))


FAULTS: dict[str, tuple[Spoil, type[LinkError], str]] = {
    "silence": (lambda a: (0.0, b""), ReplyTimeout, "no answer within 40 ms: .* was expected"),
    "bad check sum": (
        lambda a: (0.0, a[:-3] + bytes([a[-3] ^ 1]) + a[-2:]),
        FrameCorrupt,
        "the checksum is wrong: .* came instead of",
    ),
    "truncated": (
        lambda a: (0.0, a[:-9]),
        FrameCorrupt,
        "bytes b'.*' came within 40 ms instead of",
    ),
    "without LF": (lambda a: (0.0, a[:-1]), FrameCorrupt, "came within 40 ms instead of"),
    "too short": (
        lambda a: (0.0, with_check_sum(a, lambda f: f[:-5])),
        FrameCorrupt,
        "the fields are not those of",
    ),
    "another kind of line": (
        lambda a: (0.0, text_line(b"!", b"0600,1")),
        FrameCorrupt,
        "does not begin with",
    ),
    "garbage first": (
        lambda a: (0.0, b"\xff\x00U" + a),
        FrameCorrupt,
        "byte FF is not ASCII; data bits, parity or baud rate",
    ),
    "a stray byte first": (lambda a: (0.0, b"\x00" + a), FrameCorrupt, "byte 00 is not text"),
    "late by 60 ms": (lambda a: (0.060, a), ReplyTimeout, "no answer within 40 ms"),
    "late by 120 ms": (lambda a: (0.120, a), ReplyTimeout, "no answer within 40 ms"),
}


@pytest.mark.parametrize("command", [OBSERVE, FOLLOW], ids=["look", "order"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_and_the_next_exchange_is_good(
    command: ForceCommand, fault: str
) -> None:
    spoil, error, words = FAULTS[fault]
    with driven() as host:
        if command is FOLLOW:
            host.arm()
        assert [host.tick(command) for _ in range(5)] == [True] * 5
        host.spoil_once(spoil)
        assert not host.tick(command)
        assert isinstance(host.errors[0], error)
        assert re.search(words, host.errors[0].message)
        behind = [host.tick(command) for _ in range(6)]
    assert behind[2:] == [True] * 4, "a good exchange within two ticks"
    if "late" not in fault:
        assert behind == [True] * 6


@pytest.mark.parametrize("command", [OBSERVE, FOLLOW], ids=["look", "order"])
def test_an_answer_that_comes_twice_counts_once(command: ForceCommand) -> None:
    with driven() as host:
        if command is FOLLOW:
            host.arm()
        host.spoil_once(lambda answer: (0.0, answer + answer))
        assert [host.tick(command) for _ in range(3)] == [True] * 3


def test_the_answer_of_an_earlier_order_is_never_a_reading() -> None:
    with driven() as host:
        host.arm()
        kept = host.keep()
        assert host.tick(FOLLOW)
        host.spoil_once(lambda answer: (0.0, kept[0]))
        assert not host.tick(FOLLOW)
        assert isinstance(host.errors[0], StaleAnswer)
        assert host.tick(FOLLOW)


def test_an_old_look_is_refused_by_its_uptime() -> None:
    with driven() as host:
        kept = host.keep()
        assert host.tick(OBSERVE)
        for _ in range(6):
            host.tick(OBSERVE)
        host.spoil_once(lambda answer: (0.0, kept[0]))
        assert not host.tick(OBSERVE)
        assert isinstance(host.errors[0], StaleAnswer)
        assert host.tick(OBSERVE)


def test_a_unit_that_is_no_longer_heard_lets_go_and_so_does_one_that_hears_a_release() -> None:
    """Every answer is lost: orders and releases still arrive."""
    with driven() as host:
        host.arm()
        host.tick(FOLLOW)
        host.server.spoil = lambda answer: (0.0, b"")
        assert not host.tick(FOLLOW)
        assert not host.tick(ForceCommand(kind=CommandKind.RELEASE_FAST))
        host.unit.release_without_token()
        host.clock.sleep_until(host.clock.now_s() + 1.0)
        host.firmware.advance_to(host.clock.now_s())
        assert host.firmware.state in (State.ARMED, State.RELEASING, State.SAFE_LATCHED)
        assert host.firmware.plant.cord_force_n <= 15.0


def test_a_host_that_starts_again_releases_what_the_one_before_it_left() -> None:
    """It has no token; a status read finds the unit driven, and ``>Q`` releases it."""
    with driven() as host:
        host.arm()
        while host.firmware.plant.cord_force_n < 8.0:
            assert host.tick(FOLLOW)
        host.unit.close()
        second = connect_unit(host.uri, host.clock)
        assert second.seconds_since_arming() >= 1
        assert second.exchange(OBSERVE).unit_state == int(State.TRACKING)
        second.exchange(ForceCommand(kind=CommandKind.RELEASE))
        assert host.firmware.state in (State.RELEASING, State.ARMED)
        second.close()


def test_nothing_but_the_lines_of_the_map_ever_leaves() -> None:
    """Identification, arming, orders, faults, releases, services, events."""
    with driven() as host:
        host.arm()
        for spoil, _, _ in FAULTS.values():
            host.tick(FOLLOW)
            host.spoil_once(spoil)
            host.tick(FOLLOW)
        for kind in CommandKind:
            host.tick(ForceCommand(kind=kind))
        host.unit.release_without_token()
        host.clock.sleep_until(host.clock.now_s() + 3.0)
        host.tick(OBSERVE)
        host.unit.read_events(1, 2)
        host.unit.seconds_since_arming()
        assert len(host.sent) > 30
    assert [data for data in host.sent if not SENT.fullmatch(data)] == []


def test_behind_a_serial_server_a_silent_port_is_named() -> None:
    """The server accepts the connection; the unit behind it is switched off, then on."""
    clock = VirtualClock()
    with virtual_unit(clock, "cervical_sliding", PassivePatient(), seed=1) as unit:
        firmware = unit.firmware
    assert isinstance(firmware, ReferenceFirmware)
    with TextServer(UnitLines(firmware), VirtualDeviceTime(clock)).serve_tcp() as server:
        assert server.uri.startswith("ascii+socket://")
        firmware.cut_power()
        with pytest.raises(ReplyTimeout, match=r"the gateway at .* took the connection: check"):
            connect_unit(server.uri, clock)
        firmware.restore_power(clock.now_s())
        connected = connect_unit(server.uri, clock)
        assert connected.exchange(OBSERVE).unit_state == int(State.IDLE)
        connected.close()

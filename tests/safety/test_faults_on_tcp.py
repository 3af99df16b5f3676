"""A unit over Modbus TCP whose other end accepts the connection and then fails.

Rows 1, 4, 12 and 31 of docs/hazards.md on the other wire: the serial ones are in the matrix. An
order still reaches the unit unless the connection is gone, so that it releases by the host's order.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.errors import LinkLost
from controller.events import EventKind, Outcome
from controller.ports import Clock, TractionUnit
from firmware_bridge import connect
from firmware_bridge.line.uri import TcpAddress
from records.store.record_folder import RecordFolder
from simulator.line.direct_line import DirectClock, DirectLine
from tests.safety.hazard_stage import BAUDRATE, HazardStage, hazard_stage
from tests.safety.test_hazards import assert_nothing_wound_in
from tests.safety.test_rows_of_the_link import FREE_N, TICK_S, WATCHDOG_S, at_s, framed_in_crc

RELEASED_S = 0.4 + TICK_S
"""The host's order is on the wire at the tick behind the 400 ms of row 1."""
HEAD_BYTES = 6
"""Transaction, protocol and length; unit and function follow."""


class DirectTcpLine(DirectLine):
    """The same unit with a header in place of the CRC."""

    name = "direct connection"

    def _served(self, frame: bytes, arrived_s: float) -> bytes:
        answer = super()._served(framed_in_crc(frame[HEAD_BYTES:]), arrived_s)[:-2]
        return frame[:4] + len(answer).to_bytes(2, "big") + answer if answer else b""


Change = Callable[[bytes, float], bytes]
CHANGES: dict[str, Change] = {
    "never answers": lambda answer, now_s: b"",
    "another transaction": lambda answer, now_s: bytes([answer[0] ^ 1]) + answer[1:],
    "half a frame": lambda answer, now_s: answer[: len(answer) // 2],
    "a length without an end": lambda answer, now_s: answer[:4] + b"\xff\xff" + answer[6:],
    "garbage without an end": lambda answer, now_s: b"\xa5" * 4096,
    "the request as an echo": lambda answer, now_s: answer[:4] + b"\0\x02" + answer[6:8],
}


@pytest.fixture
def over_tcp(folder: RecordFolder, monkeypatch: pytest.MonkeyPatch) -> HazardStage:
    """A treatment over a connection of the program's own class."""
    with hazard_stage(folder) as h:

        def connected(_uri: str, given: Clock) -> TractionUnit:
            assert isinstance(given, DirectClock)
            h.lines.append(DirectTcpLine(h.firmware, given, baudrate=BAUDRATE))
            return connect.connect_unit("modbus-tcp://192.0.2.1:502", given)

        def socket_of(_address: TcpAddress) -> DirectLine:
            return h.line

        monkeypatch.setattr(connect, "TcpSocket", socket_of)
        h.monkeypatch = monkeypatch
        h.stage.connect = connected
        return h


@pytest.mark.parametrize("fault", CHANGES)
def test_answers_that_are_none_release_as_silence_does(over_tcp: HazardStage, fault: str) -> None:
    h = over_tcp
    h.run(lambda h: h.line.faults.by(CHANGES[fault]), phase="holding", after_s=0.5)
    assert h.line.faults.done
    assert at_s(h, EventKind.RELEASE_ORDERED, kind="release_fast") <= RELEASED_S
    assert h.let_go_at_s - h.injected_at_s <= RELEASED_S + TICK_S
    assert h.ending is not None
    assert h.ending.outcome == Outcome.LINK_LOST
    assert_nothing_wound_in(h)


@pytest.mark.parametrize("phase", ["ramping_up", "holding"])
def test_a_connection_that_is_reset_leaves_the_release_to_the_unit(
    over_tcp: HazardStage, phase: str
) -> None:
    h = over_tcp

    def reset(*_: bytes) -> bytes:
        raise LinkLost("the connection is gone (Connection reset by peer)")

    def inject(h: HazardStage) -> None:
        h.monkeypatch.setattr(h.line, "write", reset)
        h.monkeypatch.setattr(h.line, "read_available", reset)

    h.run(inject, phase=phase, after_s=0.5)
    assert at_s(h, EventKind.ALARM_RAISED) <= RELEASED_S
    assert h.let_go_at_s - h.injected_at_s <= WATCHDOG_S + TICK_S
    assert h.ending is not None
    assert h.ending.outcome == Outcome.LINK_LOST
    assert all(m.force_n <= FREE_N for m in h.after(h.injected_at_s + WATCHDOG_S + 6.0))

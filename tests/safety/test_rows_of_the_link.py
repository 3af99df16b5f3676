"""Rows 1, 12, 25, 27 and 30 to 32 of docs/hazards.md: failures of line, unit or host.

``test_hazards.py`` has one fault for each row; here are the others of the row, each on the whole
program, and what the unit does by itself while the host is blind, blocked or asleep.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from controller.events import EventKind, Outcome
from controller.ports import Clock, TractionUnit
from controller.session.machine import SessionMachine
from controller.snapshot import Snapshot
from firmware_bridge.connect import connect_unit
from records.evidence.integrity import verify
from records.store.record_folder import RecordFolder
from simulator.line.device_time import VirtualDeviceTime
from simulator.line.servers import SimulatedUnit
from simulator.map_v1 import EventCode, State, crc16_of_registers
from tests.safety.hazard_stage import HazardStage, hazard_stage
from tests.safety.test_hazards import assert_nothing_wound_in
from tests.support.sessions import ENDED_EARLY, FACTORY_BAUDRATE, staged

FREE_N = 15.0
ALARM_S = 0.400
WATCHDOG_S = 0.500
CYCLE_S = 0.010
TICK_S = 0.050
ABSENT_DN = -0x8000
FRAME_BYTES = 45
"""Unit, function, byte count, 20 registers, CRC: the answer of a tick."""


def at_s(h: HazardStage, wanted: EventKind, **detail: object) -> float:
    """Seconds from the injection to the first event of a kind with these details."""
    assert h.record is not None
    offset_s = h.clock.now_s() - h.clock.utc_ms() / 1000
    events = [e for e in h.record.of_kind(wanted) if detail.items() <= dict(e.detail).items()]
    assert events, f"no {wanted.name} {detail} is on record"
    return events[0].utc_ms / 1000 + offset_s - h.injected_at_s


def forces_read_after(h: HazardStage) -> np.ndarray:
    """Forces of the samples taken after the injection, 0.1 N."""
    assert h.record is not None
    head_s = h.record.head.started_utc_ms / 1000 + h.clock.now_s() - h.clock.utc_ms() / 1000
    samples = h.record.samples
    later = samples["taken_at_ms"] > (h.injected_at_s - head_s) * 1000 + 1
    return np.asarray(samples["force_1_dn"][later])


# --- row 1: the device stops answering --------------------------------------------------------


def cable_out(h: HazardStage) -> None:
    """No byte arrives in either direction: the unit receives nothing any more."""
    h.monkeypatch.setattr(h.line, "write", lambda data: None)


def no_power(h: HazardStage) -> None:
    """The unit's supply fails; its clutch opens by its spring."""
    h.firmware.cut_power()


@dataclass(frozen=True)
class Silence:
    """A cause of silence, and how long after it the unit has released by itself."""

    cause: Callable[[HazardStage], None]
    lets_go_s: float
    free_s: float


SILENCES = [Silence(cable_out, WATCHDOG_S + CYCLE_S, 6.0), Silence(no_power, CYCLE_S, 3.0)]


@pytest.mark.parametrize("silence", SILENCES, ids=lambda silence: silence.cause.__name__)
def test_row_1_a_silent_unit_is_told_in_400_ms_and_lets_go_by_itself(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch, silence: Silence
) -> None:
    with hazard_stage(folder) as h:
        h.monkeypatch = monkeypatch
        h.run(silence.cause, phase="holding", after_s=1.0)
    assert "link_silent" in h.codes
    assert at_s(h, EventKind.ALARM_RAISED, code="link_silent") <= ALARM_S
    assert at_s(h, EventKind.RELEASE_ORDERED, kind="release_fast") <= ALARM_S
    assert h.ending is not None
    assert (h.ending.outcome, h.ending.release_seen) == (Outcome.LINK_LOST, False)
    assert (forces_read_after(h) == ABSENT_DN).all()
    if h.firmware.powered:
        assert h.let_go_at_s - h.injected_at_s <= silence.lets_go_s
        assert h.firmware.machine.watchdog_expired
    later = h.after(h.injected_at_s + silence.lets_go_s + silence.free_s)
    assert all(moment.force_n <= FREE_N for moment in later)
    assert h.firmware.plant.cord_force_n <= FREE_N


# --- row 12: a reading that would be parsed as 0 ----------------------------------------------


def framed(words: list[int], head: bytes) -> bytes:
    """An answer with a valid frame around these registers."""
    return framed_in_crc(head + b"".join(word.to_bytes(2, "big") for word in words))


def framed_in_crc(body: bytes) -> bytes:
    """A frame of a serial line."""
    return body + _modbus_crc(body)


def _modbus_crc(body: bytes) -> bytes:
    """CRC-16/MODBUS by its definition, low byte first."""
    crc = 0xFFFF
    for byte in body:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


def registers(answer: bytes) -> list[int]:
    return [int.from_bytes(answer[i : i + 2], "big") for i in range(3, FRAME_BYTES - 2, 2)]


def all_zeros(answer: bytes) -> bytes:
    """A gateway that answers for a dead unit: the frame is valid, the block is zeros."""
    return framed([0] * 20, answer[:3])


def unknown_state(answer: bytes) -> bytes:
    """Every CRC is valid, and the unit is in a state that the map does not have."""
    words = registers(answer)
    words[2] = 77
    return framed([*words[:-1], crc16_of_registers(words[:-1])], answer[:3])


def zero_force_and_wrong_block(answer: bytes) -> bytes:
    """The forces read 0, and the block's CRC shows that it is torn."""
    words = registers(answer)
    words[6] = words[7] = words[9] = 0
    return framed([*words[:-1], crc16_of_registers(words[:-1]) ^ 1], answer[:3])


def refused(answer: bytes) -> bytes:
    """Exception 4: no measurement at all."""
    body = bytes([answer[0], answer[1] | 0x80, 4])
    return body + _modbus_crc(body)


def truncated(answer: bytes) -> bytes:
    """The end is missing."""
    return answer[:-5]


PARSE_FAILURES = [all_zeros, unknown_state, zero_force_and_wrong_block, refused, truncated]


@pytest.mark.parametrize("spoilt", PARSE_FAILURES, ids=lambda spoilt: spoilt.__name__)
def test_row_12_what_cannot_be_parsed_is_no_reading_and_never_0(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch, spoilt: Callable[[bytes], bytes]
) -> None:
    def spoil(answer: bytes, now_s: float) -> tuple[float, bytes]:
        h.line.faults.done += len(answer) == FRAME_BYTES
        return 0.0, spoilt(answer) if len(answer) == FRAME_BYTES else answer

    with hazard_stage(folder) as h:
        h.run(
            lambda h: monkeypatch.setattr(h.line.faults, "spoil", spoil),
            phase="holding",
            after_s=1.0,
        )
    assert h.line.faults.done > 0
    assert "link_silent" in h.codes
    assert not {"tension_lost", "cord_slack", "force_below_order"} & set(h.codes)
    assert at_s(h, EventKind.ALARM_RAISED, code="link_silent") <= ALARM_S
    assert (forces_read_after(h) == ABSENT_DN).all()
    assert h.let_go_at_s - h.injected_at_s <= ALARM_S
    assert_nothing_wound_in(h)


# --- row 25: power returns --------------------------------------------------------------------


@pytest.mark.parametrize(("off_s", "code"), [(0.2, "unit_restarted"), (2.0, "link_silent")])
def test_row_25_a_unit_that_starts_anew_stays_idle_and_is_not_armed_again(
    folder: RecordFolder, off_s: float, code: str
) -> None:
    with hazard_stage(folder) as h:
        h.run(lambda h: h.firmware.power_cycle(off_s), phase="holding", after_s=1.0)
    assert h.firmware.unit.boot_count == 2
    assert next(c for c in h.codes if c in ("unit_restarted", "link_silent")) == code
    assert h.ending is not None
    assert h.ending.outcome != Outcome.COMPLETED
    assert h.record is not None
    assert len(h.record.of_kind(EventKind.UNIT_ARMED)) == 1
    assert h.firmware.token == 0
    assert {moment.state for moment in h.after(h.injected_at_s + off_s + 1.0)} == {State.IDLE}
    assert all(moment.force_n <= FREE_N for moment in h.after(h.injected_at_s + 1.0))
    assert_nothing_wound_in(h)


# --- row 27: the host hangs -------------------------------------------------------------------


def test_row_27_a_core_that_blocks_for_2_s_feeds_no_watchdog(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``control.block(2 s)``: the session logic does not return, so nothing is sent."""
    handle = SessionMachine.handle
    left_s = [2.0]

    def block(h: HazardStage) -> None:
        def blocked(self: SessionMachine, happened: object, now_s: float) -> object:
            h.clock.sleep_until(h.clock.now_s() + left_s.pop() if left_s else now_s)
            return handle(self, happened, now_s)  # type: ignore[arg-type]

        monkeypatch.setattr(SessionMachine, "handle", blocked)

    with hazard_stage(folder) as h:
        h.run(block, phase="holding", after_s=1.0)
    assert left_s == []
    assert h.let_go_at_s - h.injected_at_s <= 0.7
    assert h.firmware.machine.watchdog_expired
    assert {"unit_stopped", "loop_late"} <= set(h.codes)
    assert h.ending is not None
    assert (h.ending.outcome, h.ending.release_seen) == (Outcome.STOPPED, True)
    assert_nothing_wound_in(h)


# --- row 30: the host sleeps ------------------------------------------------------------------


def test_row_30_a_host_that_slept_for_10_s_finds_its_unit_released(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Monotonic time stands still while the boot clock and the unit continue for 10 s."""
    expired_after_s: list[float] = []

    def sleep(h: HazardStage) -> None:
        boot_s, before_s = h.clock.boot_s, h.firmware.uptime_s
        monkeypatch.setattr(h.clock, "boot_s", lambda: boot_s() + 10.0)
        monkeypatch.setattr(h.firmware, "powered_on_at_s", h.firmware.powered_on_at_s - 10.0)
        h.firmware.advance_to(h.clock.now_s())
        expired = [
            e for e in h.firmware.machine.ring.entries if e.code == EventCode.WATCHDOG_EXPIRED
        ]
        expired_after_s.extend(entry.uptime_ms / 1000 - before_s for entry in expired)

    with hazard_stage(folder) as h:
        h.run(sleep, phase="holding", after_s=1.0)
    assert len(expired_after_s) == 1
    assert expired_after_s[0] <= WATCHDOG_S + CYCLE_S
    assert {"host_suspended", "unit_stopped"} <= set(h.codes)
    assert h.finding("host_suspended")["measured"] == pytest.approx(10_000, abs=10)
    assert h.ending is not None
    assert (h.ending.outcome, h.ending.release_seen) == (Outcome.STOPPED, True)
    assert h.firmware.state is State.SAFE_LATCHED
    assert h.firmware.plant.cord_force_n <= FREE_N


# --- row 31: the adapter is unplugged ---------------------------------------------------------


def test_row_31_a_closed_pty_ends_the_session_and_is_not_opened_again(folder: RecordFolder) -> None:
    opened: list[str] = []

    def connect(uri: str, clock: Clock) -> TractionUnit:
        opened.append(uri)
        return connect_unit(uri, clock)

    def close(snapshot: Snapshot) -> None:
        if snapshot.phase == "holding" and snapshot.elapsed_s > 9.0 and not closed_at_s:
            closed_at_s.append(stage.clock.now_s())
            stage.unit.stop()

    closed_at_s: list[float] = []
    with staged(folder, wire="rtu", baudrate=FACTORY_BAUDRATE) as stage:
        stage.connect = connect
        result = stage.treat(watch=close)
        record = stage.visit(result.session_id).record
        stage.firmware.advance_to(closed_at_s[0] + WATCHDOG_S + 6.0)
        expired, left_n = stage.firmware.machine.watchdog_expired, stage.firmware.plant.cord_force_n
    assert opened == [stage.uri]
    assert (result.ending.outcome, result.ending.release_seen) == (Outcome.LINK_LOST, False)
    assert "is gone" in result.ending.reason
    assert record.of_kind(EventKind.RELEASE_NOT_OBSERVED)
    assert {e.detail["code"] for e in record.of_kind(EventKind.ALARM_RAISED)} >= {"link_lost"}
    assert expired
    assert left_n <= FREE_N


# --- row 32: the adapter comes back under another name ----------------------------------------


def test_row_32_a_unit_under_another_port_name_is_known_by_its_unit_id(
    folder: RecordFolder,
) -> None:
    with staged(folder, wire="rtu", baudrate=FACTORY_BAUDRATE) as stage:
        first = stage.treat(script=ENDED_EARLY)
        other = SimulatedUnit(stage.firmware, VirtualDeviceTime(stage.clock)).serve_rtu(38400)
        with other:
            before, stage.uri = stage.uri, other.uri
            second = stage.treat(script=ENDED_EARLY)
        records = [stage.visit(result.session_id).record for result in (first, second)]
    uris = [record.of_kind(EventKind.SESSION_STARTED)[0].detail["uri"] for record in records]
    assert uris == [before, other.uri]
    assert before != other.uri
    assert len(folder.unit_databases()) == 1
    assert [record.head.number for record in records] == [1, 2]
    assert not verify(folder).alterations

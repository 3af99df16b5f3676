"""Virtual time: it jumps only when everybody waits, and says so when somebody never does."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterator

import pytest

from controller.errors import SimulationStalled
from controller.runtime import clock as clock_module
from controller.runtime.clock import SystemClock, VirtualClock
from controller.runtime.ticker import Ticker


class Pipe:
    """A port whose other end is in the test's hand."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe()
        self.bytes_sent = self.bytes_received = 0

    def fileno(self) -> int:
        return self._read

    def arrive(self, data: bytes) -> None:
        os.write(self._write, data)

    def take(self) -> bytes:
        data = os.read(self._read, 100)
        self.bytes_received += len(data)
        return data

    def close(self) -> None:
        os.close(self._read)
        os.close(self._write)


class Device:
    """Answers one byte per request, ``delay_s`` after it was consumed."""

    def __init__(self, clock: VirtualClock, pipe: Pipe, delay_s: float = 0.2) -> None:
        self._clock, self._pipe, self._delay_s = clock, pipe, delay_s
        self.bytes_consumed = self.bytes_produced = 0
        self._due_s = math.inf
        self.hangs = self.loses = False

    def busy(self) -> bool:
        return self.hangs

    def next_action_s(self) -> float:
        return self._due_s

    def reach(self, now_s: float) -> None:
        if now_s >= self._due_s:
            self._due_s = math.inf
            self.bytes_produced += 1
            if not self.loses:
                self._pipe.arrive(b"!")

    def work(self, real_s: float) -> None:
        if self.bytes_consumed < self._pipe.bytes_sent and not self.hangs:
            self.bytes_consumed = self._pipe.bytes_sent
            self._due_s = self._clock.now_s() + self._delay_s


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    made = Pipe()
    yield made
    made.close()


def test_sleeping_costs_nothing_and_utc_follows() -> None:
    clock = VirtualClock(start_s=10.0, utc_origin_ms=5_000)
    clock.sleep_until(3610.0)
    assert (clock.now_s(), clock.boot_s(), clock.utc_ms()) == (3610.0, 3610.0, 3_605_000)
    clock.sleep_until(20.0)
    assert clock.now_s() == 3610.0


def test_an_answer_comes_at_its_time_and_not_at_the_deadline(pipe: Pipe) -> None:
    clock = VirtualClock(start_s=0.0)
    clock.add(Device(clock, pipe))
    pipe.bytes_sent += 8
    assert clock.wait_readable(pipe, 1.0)
    assert (clock.now_s(), pipe.take()) == (0.2, b"!")


def test_a_silence_is_a_fact_that_ends_at_the_deadline(pipe: Pipe) -> None:
    clock = VirtualClock(start_s=0.0)
    clock.add(Device(clock, pipe, delay_s=5.0))
    pipe.bytes_sent += 8
    assert not clock.wait_readable(pipe, 0.04)
    assert clock.now_s() == 0.04
    assert clock.wait_readable(pipe, 6.0)
    assert clock.now_s() == 5.0


def test_a_device_that_never_takes_its_bytes_stalls(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_module, "STALL_GUARD_S", 0.02)
    clock = VirtualClock()
    device = Device(clock, pipe)
    device.hangs = True
    clock.add(device)
    with pytest.raises(SimulationStalled, match="did not finish"):
        clock.wait_readable(pipe, clock.now_s() + 1.0)


def test_bytes_that_never_arrive_stall(pipe: Pipe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_module, "STALL_GUARD_S", 0.02)
    clock = VirtualClock()
    device = Device(clock, pipe)
    device.loses = True
    clock.add(device)
    assert not clock.wait_readable(pipe, clock.now_s())
    pipe.bytes_sent += 1
    with pytest.raises(SimulationStalled, match="did not arrive"):
        clock.wait_readable(pipe, clock.now_s() + 1.0)


def test_another_thread_s_work_costs_no_virtual_time(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = VirtualClock(start_s=0.0)
    done = threading.Event()
    done.set()
    assert clock.wait_event(done, 0.001)
    assert clock.now_s() == 0.0
    monkeypatch.setattr(clock_module, "STALL_GUARD_S", 0.02)
    with pytest.raises(SimulationStalled, match="another thread"):
        clock.wait_event(threading.Event(), 100.0)


def test_a_participant_that_is_gone_is_not_waited_for(pipe: Pipe) -> None:
    clock = VirtualClock(start_s=0.0)
    device = Device(clock, pipe)
    clock.add(device)
    assert not clock.wait_readable(pipe, 0.1)
    device.hangs = True
    clock.remove(device)
    clock.sleep_until(1.0)
    assert clock.now_s() == 1.0


def test_the_machine_s_clock_sees_bytes_and_silence(pipe: Pipe) -> None:
    clock = SystemClock()
    before_s = clock.now_s()
    assert not clock.wait_readable(pipe, before_s - 1.0)
    pipe.arrive(b"x")
    assert clock.wait_readable(pipe, before_s + 5.0)
    clock.sleep_until(before_s)
    assert clock.now_s() >= before_s
    assert clock.boot_s() >= before_s
    assert not clock.wait_event(threading.Event(), 0.0)


# --- the ticker -------------------------------------------------------------------------------


def test_ticks_stand_on_a_fixed_grid_and_lateness_is_measured() -> None:
    clock = VirtualClock(start_s=0.0)
    ticker = Ticker(clock, 0.05)
    assert ticker.wait() == 0.0
    clock.sleep_until(0.07)
    assert ticker.wait() == pytest.approx(0.02)
    assert ticker.due_s == pytest.approx(0.1)
    assert ticker.wait() == 0.0
    assert clock.now_s() == pytest.approx(0.1)


def test_missed_ticks_are_skipped_never_caught_up() -> None:
    clock = VirtualClock(start_s=0.0)
    ticker = Ticker(clock, 0.05)
    ticker.wait()
    clock.sleep_until(0.33)
    assert ticker.wait() == pytest.approx(0.28)
    assert ticker.due_s == pytest.approx(0.35)


def test_the_overrun_of_a_release_is_not_lateness() -> None:
    clock = VirtualClock(start_s=0.0)
    ticker = Ticker(clock, 0.05)
    ticker.wait()
    ticker.excuse()
    clock.sleep_until(0.09)
    assert ticker.wait() == 0.0
    clock.sleep_until(0.14)
    assert ticker.wait() == pytest.approx(0.04)

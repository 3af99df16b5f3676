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
    assert clock.wait_readable(pipe, 0.04) is False
    assert clock.now_s() == 0.04
    assert clock.wait_readable(pipe, 6.0)
    assert clock.now_s() == 5.0


def test_an_answer_that_is_due_at_the_deadline_is_still_read(pipe: Pipe) -> None:
    clock = VirtualClock(start_s=0.0)
    clock.add(Device(clock, pipe, delay_s=0.2))
    pipe.bytes_sent += 8
    assert clock.wait_readable(pipe, 0.2) is True
    assert clock.now_s() == 0.2


def test_without_participants_nobody_takes_bytes_and_nobody_is_waited_for(pipe: Pipe) -> None:
    clock = VirtualClock(start_s=0.0)
    pipe.bytes_sent += 8
    assert clock.wait_readable(pipe, 1.0) is False
    assert clock.now_s() == 1.0


class SlowWire(Device):
    """Says that it has answered, and hands the byte over when it is its turn to work."""

    turns_s: list[float]

    def reach(self, now_s: float) -> None:
        self.loses = True
        super().reach(now_s)
        self.turns_s = []

    def work(self, real_s: float) -> None:
        if self.bytes_produced and not self._pipe.bytes_received:
            self.turns_s.append(real_s)
            if len(self.turns_s) == 3:
                self._pipe.arrive(b"!")
        else:
            super().work(real_s)


def test_bytes_that_are_under_way_are_waited_for_without_time_going_on(pipe: Pipe) -> None:
    clock = VirtualClock(start_s=0.0)
    device = SlowWire(clock, pipe)
    clock.add(device)
    pipe.bytes_sent += 8
    assert clock.wait_readable(pipe, 1.0) is True
    assert (clock.now_s(), device.turns_s) == (0.2, [0.0, 0.0, 0.0])


def test_what_was_under_way_to_a_port_is_lost_when_another_one_is_opened(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = VirtualClock(start_s=0.0)
    device = Device(clock, pipe)
    device.loses = True
    clock.add(device)
    pipe.bytes_sent += 8
    monkeypatch.setattr(clock_module, "STALL_GUARD_S", 0.02)
    with pytest.raises(SimulationStalled):
        clock.wait_readable(pipe, 1.0)
    monkeypatch.undo()
    other = Pipe()
    assert clock.wait_readable(other, 2.0) is False
    assert clock.now_s() == 2.0
    other.close()


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


class MachineTime:
    """Stands for the machine's clocks: known numbers, and sleeps that are only written down."""

    CLOCK_BOOTTIME = 7

    def __init__(self) -> None:
        self.slept_s: list[float] = []

    def monotonic(self) -> float:
        return 50.0

    def clock_gettime(self, clock: int) -> float:
        return {self.CLOCK_BOOTTIME: 80.0}[clock]

    def time_ns(self) -> int:
        return 1_767_225_600_123_999_999

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept_s.append(seconds)


@pytest.fixture
def machine_time(monkeypatch: pytest.MonkeyPatch) -> MachineTime:
    made = MachineTime()
    monkeypatch.setattr(clock_module, "time", made)
    return made


def test_the_machine_s_clocks_are_told_apart(
    machine_time: MachineTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = SystemClock()
    monkeypatch.setattr(clock_module, "_HAS_BOOT_CLOCK", True)
    assert (clock.now_s(), clock.boot_s(), clock.utc_ms()) == (50.0, 80.0, 1_767_225_600_123)
    monkeypatch.setattr(clock_module, "_HAS_BOOT_CLOCK", False)
    assert clock.boot_s() == 50.0


def test_the_machine_sleeps_what_is_left_and_never_for_a_time_that_is_over(
    machine_time: MachineTime,
) -> None:
    clock = SystemClock()
    for at_s in (50.25, 50.0, 49.0, 51.5):
        clock.sleep_until(at_s)
    assert machine_time.slept_s == [0.25, 1.5]


def test_the_machine_waits_for_bytes_as_long_as_is_left(
    pipe: Pipe, machine_time: MachineTime, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    class Selecting:
        @staticmethod
        def select(
            reading: list[int], writing: list[int], failing: list[int], timeout_s: float
        ) -> tuple[list[int], list[int], list[int]]:
            assert (reading, writing, failing) == ([pipe.fileno()], [], [])
            waited.append(timeout_s)
            return [], [], []

    monkeypatch.setattr(clock_module, "select", Selecting)
    for deadline_s in (50.5, 50.0, 12.0):
        assert not SystemClock().wait_readable(pipe, deadline_s)
    assert waited == [0.5, 0.0, 0.0]


def test_the_machine_says_whether_another_thread_was_ready() -> None:
    ready = threading.Event()
    ready.set()
    assert SystemClock().wait_event(ready, 0.0) is True
    assert SystemClock().wait_event(threading.Event(), 0.0) is False


# --- several participants ---------------------------------------------------------------------


class Worker:
    """Has one piece of work once it was ``told``; its answer is due 0.1 s after it was begun."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self.bytes_consumed = self.bytes_produced = 0
        self.told = False
        self.due_s = math.inf
        self.reached_s: list[float] = []
        self.shares_s: list[float] = []

    def busy(self) -> bool:
        return self.told

    def next_action_s(self) -> float:
        return self.due_s

    def reach(self, now_s: float) -> None:
        self.reached_s.append(now_s)
        if now_s >= self.due_s:
            self.due_s = math.inf

    def work(self, real_s: float) -> None:
        self.shares_s.append(real_s)
        if self.told:
            self.told, self.due_s = False, self._clock.now_s() + 0.1


def test_a_new_clock_shows_the_day_on_which_the_simulated_units_are_set_up() -> None:
    clock = VirtualClock()
    assert (clock.now_s(), clock.utc_ms()) == (1000.0, 1_795_564_800_000)


def test_work_that_is_there_before_a_sleep_is_begun_before_time_goes_on() -> None:
    clock = VirtualClock(start_s=0.0)
    worker = Worker(clock)
    clock.add(worker)
    worker.told = True
    clock.sleep_until(0.05)
    assert worker.due_s == 0.1
    clock.sleep_until(1.0)
    assert worker.reached_s == [0.1]


def test_work_that_comes_up_during_a_sleep_is_begun_at_its_time() -> None:
    clock = VirtualClock(start_s=0.0)
    first, second = Worker(clock), Worker(clock)
    clock.add(first)
    clock.add(second)
    first.told = True

    def tell_the_second(now_s: float) -> None:
        first.due_s, second.told = math.inf, not second.reached_s
        first.reached_s.append(now_s)

    first.reach = tell_the_second  # type: ignore[method-assign]
    clock.sleep_until(1.0)
    assert first.reached_s[0] == 0.1
    assert second.reached_s == [0.1, 0.2]
    assert clock.now_s() == 1.0


def test_one_participant_may_use_all_the_real_time_and_several_take_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number, share_s in ((1, clock_module.STALL_GUARD_S), (2, clock_module.WORK_SHARE_S)):
        clock = VirtualClock()
        workers = [Worker(clock) for _ in range(number)]
        for worker in workers:
            clock.add(worker)
            worker.told = True
        clock.sleep_until(1000.01)
        assert [worker.shares_s for worker in workers] == [[share_s]] * number
    assert 0.0 < clock_module.WORK_SHARE_S < 0.01
    assert clock_module.STALL_GUARD_S == 5.0, "the messages say so"


def test_a_port_that_led_to_a_participant_that_is_gone_is_forgotten(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_module, "STALL_GUARD_S", 0.2)
    clock = VirtualClock(start_s=0.0)
    device = Device(clock, pipe)
    clock.add(device)
    pipe.bytes_sent += 8
    assert clock.wait_readable(pipe, 1.0)
    clock.remove(device)
    other = Pipe()
    clock.add(Device(clock, other))
    other.bytes_sent += 8
    assert clock.wait_readable(other, 2.0)
    other.close()


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


def test_a_tick_that_comes_exactly_one_tick_late_skips_one() -> None:
    clock = VirtualClock(start_s=0.0)
    ticker = Ticker(clock, 0.25)
    ticker.wait()
    clock.sleep_until(0.5)
    assert ticker.wait() == 0.25
    assert ticker.due_s == 0.75


def test_the_first_tick_is_due_at_once_and_never_late() -> None:
    clock = VirtualClock(start_s=7.0)
    ticker = Ticker(clock, 0.05)
    assert ticker.due_s == 7.0
    clock.sleep_until(7.02)
    assert ticker.wait() == 0.0
    assert ticker.due_s == pytest.approx(7.05)


def test_bytes_that_nobody_in_virtual_time_has_sent_are_there_at_once(pipe: Pipe) -> None:
    clock = VirtualClock(start_s=0.0)
    pipe.arrive(b"?")
    assert clock.wait_readable(pipe, 1.0) is True
    assert clock.now_s() == 0.0


class Late(Device):
    """Is busy with what it has taken, and answers when it is its turn to work."""

    begun = False

    def busy(self) -> bool:
        return self.begun

    def work(self, real_s: float) -> None:
        if self.begun:
            self.begun = False
            self.bytes_produced += 1
            self._pipe.arrive(b"!")
        super().work(real_s)


def test_an_answer_that_is_only_made_when_another_port_is_opened_is_lost_with_the_first_one(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_module, "STALL_GUARD_S", 0.5)
    clock = VirtualClock(start_s=0.0)
    device = Late(clock, pipe)
    clock.add(device)
    assert clock.wait_readable(pipe, 0.5) is False
    device.begun = True
    other = Pipe()
    assert clock.wait_readable(other, 2.0) is False
    assert clock.now_s() == 2.0
    other.close()

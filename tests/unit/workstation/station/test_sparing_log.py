"""What a caller can repeat at will does not fill a log."""

from __future__ import annotations

from controller.runtime.clock import VirtualClock
from workstation.station.sparing_log import MOST_KINDS, SparingLog


def test_each_kind_is_said_once_a_minute_with_the_number_left_out() -> None:
    clock, said = VirtualClock(), list[str]()
    log = SparingLog(clock, said.append)
    for second in range(61):
        log.say("full", f"full at {second}")
        if second == 5:
            log.say("proof", "no proof")
        clock.sleep_until(clock.now_s() + 1)
    assert said == ["full at 0", "no proof", "full at 60 (59 more like it in between)"]


def test_kinds_that_a_caller_makes_up_are_forgotten() -> None:
    said = list[str]()
    log = SparingLog(VirtualClock(), said.append)
    for number in range(10 * MOST_KINDS):
        log.say(f"kind {number}", "text")
    assert len(said) == 10 * MOST_KINDS

"""Values that look like none: a token of 1, a probe of 0, an uptime that stands still."""

from __future__ import annotations

import pytest

from controller.errors import StaleAnswer, UnitNotVerified
from firmware_bridge.units.freshness import UptimeGuard
from tests.unit.firmware_bridge.driving import RELEASE, REQUEST
from tests.unit.firmware_bridge.scripted import IDENTITY_HEX, DeskUnit, with_crc


def test_a_token_of_1_is_a_token_and_the_release_carries_it() -> None:
    desk = DeskUnit()
    desk.session_answer[:2] = [0, 1]
    unit = desk.connected()
    unit.arm(REQUEST)
    unit.exchange(RELEASE)
    assert desk.commands[-1][:4] == [0, 1, 1, 1], "token 1, the first sequence, mode 1"


@pytest.mark.parametrize(
    ("word", "zeros", "message"),
    [
        (4, 2, "order probe 0x00000000 received"),
        (3, 1, "sign probe 0 received"),
        (2, 1, "the unit has map version 0.0"),
    ],
)
def test_a_probe_of_0_is_told_as_0(word: int, zeros: int, message: str) -> None:
    words = with_crc(IDENTITY_HEX)[:-1]
    words[word : word + zeros] = [0] * zeros
    desk = DeskUnit()
    desk.identity = with_crc("".join(f"{one:04X}" for one in words))
    with pytest.raises(UnitNotVerified, match=message):
        desk.connected()


def test_a_young_uptime_that_stands_still_is_no_restart() -> None:
    guard = UptimeGuard()
    guard.check(100.0, 50.0)
    for sent_at_s in (100.3, 100.35, 100.4):
        with pytest.raises(StaleAnswer):
            guard.check(sent_at_s, 0.1)
        assert not guard.suspects_restart
    with pytest.raises(StaleAnswer):
        guard.check(100.45, 0.101)
    assert guard.suspects_restart, "any advance in step with the clock is one"

"""The fault script: every call takes effect, at its time, and wrong scripts are named."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from simulator.faults import CALLS, FaultScript, read_script
from simulator.map_v1 import EventCode, State
from simulator.table.patient import PassivePatient
from tests.unit.simulator.host import Desk

AT_S = 14.0
Proof = Callable[[Desk], bool]


def line(call: str, *numbers: float, at_s: float = AT_S) -> str:
    return json.dumps({"at_s": at_s, "call": call, "with": list(numbers)})


def told(code: EventCode) -> Proof:
    return lambda desk: code in desk.codes()


def second_stands_still(desk: Desk) -> bool:
    """Ten readings in a row without the noise of a living channel."""
    seen = set()
    for _ in range(10):
        desk.run(0.01)
        seen.add(desk.measured()["force_2"])
    return len(seen) == 1


PROOFS: dict[str, tuple[tuple[float, ...], Proof]] = {
    "cell.freeze_counter": ((), lambda desk: desk.measured()["age_ms"] > 3000),
    "cell.stick": ((), told(EventCode.CELL_STUCK)),
    "cell.gain": ((2.0,), told(EventCode.OVER_RATE)),
    "cell.drift": ((600.0,), told(EventCode.CHANNELS_DISAGREE)),
    "cell.open": ((), told(EventCode.CELL_OPEN)),
    "second_cell.stick": ((), second_stands_still),
    "second_cell.gain": ((0.7,), told(EventCode.CHANNELS_DISAGREE)),
    "second_cell.drift": ((600.0,), told(EventCode.CHANNELS_DISAGREE)),
    "second_cell.open": ((), told(EventCode.CELL_OPEN)),
    "cord.snap": ((), told(EventCode.CORD_BREAK)),
    "body.slip": ((20.0,), told(EventCode.CORD_BREAK)),
    "body.jump": ((8.0,), told(EventCode.OVER_RATE)),
    "body.spasm": ((80.0,), told(EventCode.OVER_RATE)),
    "second_cell.vanish": ((), lambda desk: desk.measured()["force_2"] == 0x8000),
    "winch.jam": ((), told(EventCode.FORCE_STILL_ON)),
    "winch.jam_with_clutch": ((), lambda desk: desk.true_force_n > 30.0),
    "winch.run_in": ((30.0,), told(EventCode.OVER_RATE)),
    "winch.run_in_releasing": ((5.0,), told(EventCode.OVER_FORCE)),
    "winch.free": ((), lambda desk: desk.true_force_n < 15.0),
    "watchdog.stop": ((), lambda desk: desk.state is State.TRACKING),
    "power.cut": ((), lambda desk: not desk.firmware.powered),
    "power.cycle": ((200.0,), lambda desk: desk.firmware.unit.boot_count == 2),
    "switch.press": ((), told(EventCode.SWITCH_PRESSED)),
    "switch.release": ((), lambda desk: not desk.firmware.switch.closed),
    "switch.unplug": ((), told(EventCode.SWITCH_UNPLUGGED)),
    "switch.plug": ((), lambda desk: desk.firmware.switch.present),
    "switch.tap": ((50.0,), lambda desk: desk.codes().count(EventCode.SWITCH_RELEASED) == 1),
    "estop.press": ((), told(EventCode.EMERGENCY_STOP_OPEN)),
    "estop.release": ((), lambda desk: not desk.firmware.estop.open),
    "id.other": ((), lambda desk: desk.read(0x1D, 1) == [0x263B]),
    "id.crc": ((), lambda desk: desk.read(0x0C, 1) == [0x9D3A ^ 0xFFFF]),
    "map.swap_words": ((), lambda desk: desk.read(4, 2) == [0x0304, 0x0102]),
    "map.shift": ((1.0,), lambda desk: desk.read(1, 1) == [0x5452]),
    "map.version": ((2.0,), lambda desk: desk.read(2, 1) == [0x0200]),
}
ONLY_AFTER = {
    "switch.release": "switch.press",
    "switch.plug": "switch.unplug",
    "estop.release": "estop.press",
    "winch.free": "winch.jam_with_clutch",
}
AFTER_SILENCE = (
    "winch.jam",
    "winch.jam_with_clutch",
    "winch.run_in_releasing",
    "winch.free",
    "watchdog.stop",
)
"""Seen once the unit lets go by its watchdog, and would have had its force off by now."""


def test_every_call_has_a_proof() -> None:
    calls = {f"{group}.{name}" for group, names in CALLS.items() for name in names}
    assert calls == PROOFS.keys()


@pytest.mark.parametrize("call", PROOFS)
def test_each_fault_takes_effect_after_its_time_and_not_before(call: str) -> None:
    arguments, proof = PROOFS[call]
    lines = [line(call, *arguments)]
    if call in ONLY_AFTER:
        lines.append(line(ONLY_AFTER[call], at_s=AT_S - 1.0))
    script = FaultScript(PassivePatient(), read_script("\n".join(lines)))
    desk = Desk(patient=script)
    desk.run(5.0)
    desk.arm()
    _drive_until(desk, AT_S - 0.3)
    if call == "map.shift":
        assert not desk.firmware.disguise.shifted_by
    elif call not in ("winch.jam_with_clutch", "watchdog.stop"):
        assert not proof(desk)
    assert len(script.done) == (1 if call in ONLY_AFTER else 0)
    _drive_until(desk, 4.0)
    if call in AFTER_SILENCE:
        # The unit lets go by its watchdog; a jammed motor cannot follow, for 7 s.
        desk.run(9.0)
    assert script.done
    assert proof(desk)


def _drive_until(desk: Desk, seconds: float) -> None:
    """Pull 40 N as long as the unit follows; let time pass when it has stopped."""
    for _ in range(round(seconds / 0.05)):
        if desk.state in (State.ARMED, State.TRACKING):
            desk.order(2, 400)
        desk.run(0.05)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1: "),
        ("[]", "expected"),
        ('{"at_s": 1, "call": "cord.snap", "colour": 1}', "expected"),
        ('{"at_s": -1, "call": "cord.snap"}', "at_s=-1"),
        ('{"at_s": true, "call": "cord.snap"}', "at_s=True"),
        ('{"at_s": 1, "call": "cord.cut"}', "'cord.cut' is not one of cell.freeze_counter"),
        ('{"at_s": 1}', "call None is not one of"),
        ('{"at_s": 1, "call": "body.slip"}', "body.slip takes 1 numbers, not 0"),
        ('{"at_s": 1, "call": "body.slip", "with": ["5"]}', "is not a list of numbers"),
        ('{"at_s": 1, "call": "cord.snap"}\n\n{"at_s": "x"}', "line 3: at_s='x'"),
    ],
)
def test_a_wrong_script_is_named_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"^line \d") as refused:
        read_script(text)
    assert words in str(refused.value)


def test_lines_may_stand_in_any_order() -> None:
    faults = read_script(line("cord.snap", at_s=9.0) + "\n" + line("switch.tap", 50, at_s=3.0))
    assert [(fault.at_s, fault.call) for fault in faults] == [
        (3.0, "switch.press"),
        (3.05, "switch.release"),
        (9.0, "cord.snap"),
    ]

"""Rows 39 to 41 of docs/hazards.md: 2000 N on every way in, a flipped byte, a held ``+`` key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib import resources
from itertools import pairwise
from pathlib import Path

import pytest

from controller.errors import (
    PrescriptionInvalid,
    ProfileInvalid,
    SelfCheckFailed,
    TractionError,
    UnitFaulted,
)
from controller.events import EventKind, Outcome
from controller.order.prescription import Prescription
from controller.ports import ArmingRequest
from controller.safety.supervisor import Supervisor
from controller.session.adjustments import INCREASE_EVERY_S
from controller.session.machine import SessionMachine
from controller.telemetry import CommandKind, ForceCommand
from firmware_bridge.profile_kinds.traction_unit import TractionUnitProfile
from firmware_bridge.profiles import load_profile, shipped_profile
from firmware_bridge.units.reference_unit import ReferenceUnit
from records.order.order_file import parse_order
from records.store.record_folder import RecordFolder
from simulator.map_v1 import COMMAND, EventCode, RegisterRefused, Result, State
from tests.safety.hazard_stage import HazardStage, hazard_stage
from tests.safety.test_hazards import assert_nothing_wound_in
from tests.support.sessions import FACTORY_BAUDRATE, SHORT_CERVICAL, Stage, staged

PRESET_N = 2000.0
STATIC = """
region = "cervical"
mode = "static"
hold_force = "60 N"
treatment_time = "10 min"
"""
"""Long enough that a ramp to 2000 N would fit: nothing but the force is wrong with it."""


def wants_2000_n(order: Prescription) -> Prescription:
    """A preset that was corrupted after validation: no constructor would make it."""
    spoiled = replace(order)
    object.__setattr__(spoiled, "hold_force_n", PRESET_N)
    return spoiled


# --- row 39: 2000 N ---------------------------------------------------------------------------


def test_row_39_2000_n_are_refused_when_the_order_is_saved() -> None:
    with pytest.raises(PrescriptionInvalid, match='hold_force="2000 N" is outside 10 to 200 N'):
        parse_order(SHORT_CERVICAL.replace("60 N", "2000 N"), "preset")


def refused_with_2000_n(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, *doors: str
) -> TractionError:
    """Treat with a corrupted preset; the checks in ``doors`` are switched off."""
    for door in doors:
        monkeypatch.setattr(door, lambda *given, **named: None)
    real = parse_order

    def spoiled(text: str, name: str) -> object:
        order = real(text, name)
        return replace(order, prescription=wants_2000_n(order.prescription))

    monkeypatch.setattr("tests.support.sessions.parse_order", spoiled)
    with pytest.raises(TractionError) as refused:
        stage.treat(STATIC)
    return refused.value


@pytest.mark.parametrize("forgotten", [(), ("workstation.session.treat.check_order_fits_unit",)])
def test_row_39_a_spoiled_preset_of_2000_n_is_refused_before_the_arming(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch, forgotten: tuple[str, ...]
) -> None:
    with staged(folder, baudrate=FACTORY_BAUDRATE) as stage:
        refused = refused_with_2000_n(stage, monkeypatch, *forgotten)
        assert stage.firmware.token == 0
        assert stage.firmware.plant.cord_force_n < 1.0
    assert "2000 N" in refused.message
    assert isinstance(refused, SelfCheckFailed if forgotten else PrescriptionInvalid)


def test_row_39_a_unit_is_not_armed_for_2000_n(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All checks of the host are off: the unit refuses with exception 03 and a reason."""
    arm = ReferenceUnit.arm

    def for_2000_n(self: ReferenceUnit, request: ArmingRequest) -> None:
        arm(self, replace(request, force_limit_n=PRESET_N))

    monkeypatch.setattr(ReferenceUnit, "arm", for_2000_n)
    with staged(folder, baudrate=FACTORY_BAUDRATE) as stage:
        with pytest.raises(UnitFaulted, match="a limit is out of range"):
            stage.treat()
        assert stage.firmware.token == 0


def order_2000_n(monkeypatch: pytest.MonkeyPatch) -> Callable[[HazardStage], None]:
    """From now on the core requests 2000 N, with the same ceiling."""
    command = SessionMachine.command

    def spoiled(self: SessionMachine, leave_s: float) -> ForceCommand:
        wanted = command(self, leave_s)
        if wanted.kind is not CommandKind.FOLLOW:
            return wanted
        return replace(wanted, force_n=PRESET_N, ceiling_n=PRESET_N)

    return lambda h: monkeypatch.setattr(SessionMachine, "command", spoiled)


def test_row_39_an_order_of_2000_n_in_the_session_is_narrowed_and_ends_it(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hazard_stage(folder) as h:
        h.run(order_2000_n(monkeypatch), phase="holding", after_s=1.0)
    assert {"order_too_high", "order_unsound"} <= set(h.codes)
    assert h.finding("order_too_high")["measured"] == PRESET_N * 10
    noted = {entry.code for entry in h.firmware.machine.ring.entries}
    assert EventCode.RANGE_REFUSAL not in noted, "the unit never saw more than 100 N"
    assert max(moment.force_n for moment in h.after(h.injected_at_s)) <= 110.0
    assert h.ending is not None
    assert (h.ending.outcome, h.ending.release_seen) == (Outcome.STOPPED, True)
    assert_nothing_wound_in(h, reversal_s=0.3)


def test_row_39_a_unit_refuses_an_order_of_2000_n_by_itself(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The supervisor is missing as well: exception 03, result 3, and none of it is applied."""
    results: list[tuple[int, Result]] = []

    def inject(h: HazardStage) -> None:
        order_2000_n(monkeypatch)(h)
        monkeypatch.setattr(Supervisor, "narrowed", lambda self, wish: wish)
        read_write = h.firmware.read_write

        def noted(address: int, values: Sequence[int], *rest: int) -> list[int]:
            try:
                return read_write(address, values, *rest)
            except RegisterRefused as refused:
                if address == COMMAND and values[4] == round(PRESET_N * 10):
                    results.append((int(refused.exception_code), h.firmware.desk.result))
                raise

        monkeypatch.setattr(h.firmware, "read_write", noted)

    with hazard_stage(folder) as h:
        h.run(inject, phase="holding", after_s=1.0)
    assert set(results) == {(3, Result.OUT_OF_RANGE)}
    assert "order_refused" in h.codes
    assert max(moment.force_n for moment in h.after(h.injected_at_s)) <= 110.0
    assert h.firmware.state in (State.IDLE, State.SAFE_LATCHED)


# --- row 41: somebody holds the + key ---------------------------------------------------------

REPEAT_S = 0.1
HELD_KEY = "".join(
    f'[[step]]\nat = "{12 + i * REPEAT_S:.1f} s"\ndo = "+5 N"\nby = "A. Example, PT"\n'
    'reason = "key held"\n'
    for i in range(80)
)


def test_row_41_a_held_key_raises_the_force_one_step_every_2_s_within_the_order(
    folder: RecordFolder,
) -> None:
    """80 increases of 5 N in 8 s on an order of 60 N that allows 66 N."""
    set_points_n: list[float] = []
    ceilings_n: list[float] = []

    def watch(progress: object) -> None:
        machine = stage.firmware.machine
        if stage.firmware.state is State.TRACKING:
            set_points_n.append(machine.loop.setpoint_n)
            ceilings_n.append(machine.ceiling_n)

    with staged(folder, baudrate=FACTORY_BAUDRATE) as stage:
        result = stage.treat(
            SHORT_CERVICAL + 'maximum_force = "66 N"\n', script=HELD_KEY, watch=watch
        )
        record = stage.visit(result.session_id).record
    raised = record.of_kind(EventKind.FORCE_ADJUSTED)
    refused = [str(e.detail["reason"]) for e in record.of_kind(EventKind.REQUEST_REFUSED)]
    assert [e.detail["new_force_dn"] for e in raised] == [650]
    assert len(refused) == 79
    assert all(b.at_ms - a.at_ms >= INCREASE_EVERY_S * 1000 for a, b in pairwise(raised))
    assert any("wait 2 s" in reason for reason in refused)
    assert any("exceeds maximum_force=66 N" in reason for reason in refused)
    assert max(set_points_n) <= 65.0 + 1e-6
    assert max(ceilings_n) <= 65.0 + 1e-6
    assert record.of_kind(EventKind.SAFETY_ACTED) == []
    assert result.ending.outcome == Outcome.COMPLETED


# --- row 40: one byte of a profile is flipped -------------------------------------------------


def test_row_40_a_flipped_byte_of_a_profile_is_refused_or_stands_in_the_digest(
    tmp_path: Path,
) -> None:
    """Every 53rd byte. What stays well-formed is loaded: the digest in the record shows it."""
    shipped = resources.files("firmware_bridge") / "device_profiles" / "reference_v1.toml"
    raw, path = shipped.read_bytes(), tmp_path / "reference_v1.toml"
    digests: list[str] = []
    refused: list[str] = []
    for at in range(0, len(raw), 53):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        try:
            digests.append(load_profile(path)[1])
        except ProfileInvalid as error:
            refused.append(error.message)
    assert refused
    assert all("reference_v1.toml" in said for said in refused)
    assert shipped_profile("reference_v1", TractionUnitProfile)[1] not in digests
    assert len(set(digests)) == len(digests)

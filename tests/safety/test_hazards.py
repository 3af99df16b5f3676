"""Each hazard of hazards.md that the host sees during a treatment, over real frames.

For every row: the injection took effect, the finding is recorded with its force, the unit releases
in time, the cord is slack in time, and for 60 s nothing is wound in. Rows that only the unit, a
person or another part of the program sees have their own tests, which docs/hazards.md names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import pytest

from controller.events import EventKind, Outcome
from controller.order.prescription import Region
from controller.runtime.supervision import REGION_NARROWING
from records.evidence.journal import SqliteJournal
from records.store.record_folder import RecordFolder
from simulator.map_v1 import COMMAND, FORCE, RegisterRefused, crc16_of_registers
from tests.safety.hazard_stage import HazardStage, hazard_stage
from tests.support.typed import second_cell

FAST, RAMP = 2.0, 6.0
"""Seconds from letting go to 15 N: R1 cervical; R2 from 100 N at 20 N/s with reserve."""
REVERSAL_S = 0.15
FREE_N = 15.0


@dataclass(frozen=True)
class Case:
    """``within_s`` is the time from the injection until the unit releases.

    ``blinds_the_sight``: no reading can show a free cord any more, so that a person must confirm
    it.
    """

    row: int
    code: str
    inject: Callable[[HazardStage], object]
    within_s: float
    slack_s: float = FAST
    phase: str = "holding"
    after_s: float = 1.0
    blind: bool = True
    body: str = "cervical_sliding"
    blinds_the_sight: bool = False
    took_effect: Callable[[HazardStage], bool] = lambda h: True

    @property
    def name(self) -> str:
        """The test's name: row and code."""
        return f"{self.row}-{self.code}"


def foreign_command(h: HazardStage, *, ahead: int, token: int | None = None) -> None:
    """A second host sends a command of its own."""
    words = [*divmod(h.firmware.token if token is None else token, 0x10000)]
    words += [h.firmware.machine.sequence + ahead, FORCE, 400, 0, 0]
    try:
        h.firmware.write_registers(COMMAND, [*words, crc16_of_registers(words)])
    except RegisterRefused:
        assert token is not None


def three_foreign_tokens(h: HazardStage) -> None:
    """A second host that does not know the token."""
    for _ in range(3):
        foreign_command(h, ahead=1, token=0x1234)


def block_the_loop(h: HazardStage) -> None:
    """The host is blocked for 0.4 s."""
    h.clock.sleep_until(h.clock.now_s() + 0.4)


def hunt(h: HazardStage) -> None:
    """The regulator's gain is far too high, and a cough starts the oscillation."""
    h.firmware.machine.loop.gain_factor = 30.0
    h.firmware.body.jump(3.0)


def suspend(h: HazardStage) -> None:
    """The boot clock advances while the monotonic one is stopped: 10 s of sleep."""
    h.clock.boot_s = lambda: h.clock.now_s() + 10.0  # type: ignore[method-assign]


def power_cycle(h: HazardStage) -> None:
    """Mains power fails for 0.2 s."""
    h.firmware.cut_power()
    back_s = h.clock.now_s() + 0.2

    def come_back() -> None:
        if h.clock.now_s() >= back_s and not h.firmware.powered:
            h.firmware.restore_power(h.clock.now_s())

    h.every_tick = come_back


def silence_the_journal(h: HazardStage) -> None:
    """No record becomes durable any more, as far as the journal can tell."""
    dead_s = h.clock.now_s()
    h.monkeypatch.setattr(SqliteJournal, "age_s", lambda self, now_s: now_s - dead_s)


def faults_done(h: HazardStage) -> bool:
    """True if the line corrupted at least one answer."""
    return h.line.faults.done > 0


CASES = [
    Case(
        1,
        "link_silent",
        lambda h: h.line.faults.drop(),
        0.6,
        RAMP,
        took_effect=faults_done,
        blinds_the_sight=True,
    ),
    Case(
        2,
        "link_unreliable",
        lambda h: h.line.faults.loss(0.15, Random(5)),
        16.0,
        RAMP,
        took_effect=faults_done,
    ),
    Case(
        4,
        "answers_mixed_up",
        lambda h: h.line.faults.swap_answers(),
        0.6,
        RAMP,
        took_effect=faults_done,
    ),
    Case(
        5, "reading_stale", lambda h: h.firmware.cell.freeze_counter(), 0.4, blinds_the_sight=True
    ),
    Case(6, "force_stuck", lambda h: h.firmware.cell.stick(), 3.3, blinds_the_sight=True),
    Case(
        7,
        "channels_disagree",
        lambda h: second_cell(h.firmware).drift(-600.0),
        1.8,
        RAMP,
        blinds_the_sight=True,
    ),
    Case(8, "force_saturated", lambda h: h.firmware.cell.saturate(), 0.15, blinds_the_sight=True),
    Case(
        9,
        "force_missing",
        lambda h: h.firmware.cell.open(),
        0.15,
        blind=False,
        blinds_the_sight=True,
    ),
    Case(
        10,
        "sign_wrong",
        lambda h: h.firmware.cell.invert(),
        9.0,
        phase="taking_up_slack",
        after_s=0.2,
    ),
    Case(11, "channels_disagree", lambda h: second_cell(h.firmware).gain(0.8), 0.6, RAMP),
    Case(
        12,
        "link_silent",
        lambda h: h.line.faults.garble(),
        0.6,
        RAMP,
        took_effect=faults_done,
        blinds_the_sight=True,
    ),
    Case(13, "tension_lost", lambda h: h.firmware.cord.snap(), 0.3),
    Case(14, "harness_slipping", lambda h: h.firmware.body.slip(20.0, 12.0), 8.0, RAMP),
    Case(
        15,
        "cord_slack",
        lambda h: h.firmware.cord.slack(40.0),
        20.0,
        phase="taking_up_slack",
        after_s=0.2,
    ),
    Case(16, "force_risen_fast", lambda h: h.firmware.body.jump(8.0), 0.35),
    Case(17, "unit_stopped", lambda h: h.firmware.stroke.limit(0.2), 6.0, RAMP),
    Case(18, "patient_switch_pressed", lambda h: h.firmware.switch.press(), 0.1),
    Case(19, "patient_switch_pressed", lambda h: h.firmware.switch.stick(), 0.1),
    Case(21, "patient_switch_absent", lambda h: h.firmware.switch.unplug(), 0.1),
    Case(22, "patient_switch_pressed", lambda h: h.firmware.switch.tap(0.03), 0.1),
    Case(23, "emergency_stop_open", lambda h: h.firmware.estop.press(), 0.1),
    Case(28, "loop_late", block_the_loop, 0.5, RAMP),
    Case(30, "host_suspended", suspend, 0.15, RAMP),
    Case(36, "order_refused", lambda h: foreign_command(h, ahead=1), 0.15, RAMP),
    Case(36, "sequence_ahead", lambda h: foreign_command(h, ahead=9), 0.6, RAMP),
    Case(36, "unit_stopped", three_foreign_tokens, 0.1, RAMP),
    Case(
        37,
        "local_takeover",
        lambda h: h.firmware.machine.set_at_panel(90.0, announced=True),
        2.3,
        RAMP,
    ),
    Case(
        37,
        "set_point_foreign",
        lambda h: h.firmware.machine.set_at_panel(106.0, announced=False),
        4.0,
        RAMP,
    ),
    Case(42, "over_force", lambda h: h.firmware.body.spasm(30.0), 1.5),
    Case(43, "force_oscillating", hunt, 4.0, RAMP, body="lumbar_split"),
    Case(47, "journal_silent", silence_the_journal, 7.4, RAMP),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_hazard(folder: RecordFolder, monkeypatch: pytest.MonkeyPatch, case: Case) -> None:
    with hazard_stage(folder, blind=case.blind, body=case.body) as h:
        h.monkeypatch = monkeypatch
        h.run(case.inject, phase=case.phase, after_s=case.after_s)
    assert h.injected_at_s
    assert case.took_effect(h)
    assert_found(h, case)
    assert_let_go_in_time(h, case)
    assert_nothing_wound_in(h)


def assert_found(h: HazardStage, case: Case) -> None:
    """(d) The log states the cause, the force, and how it ended."""
    assert h.record is not None
    assert h.ending is not None
    assert case.code in h.codes
    assert h.ending.outcome in (Outcome.STOPPED, Outcome.LINK_LOST)
    finding = h.finding(case.code)
    assert "force_dn" in finding
    assert finding["clears"]
    ordered = h.record.of_kind(EventKind.RELEASE_ORDERED)
    assert ordered
    seen = h.record.of_kind(EventKind.RELEASE_OBSERVED)
    assert bool(seen) is h.ending.release_seen
    assert bool(seen) is not bool(h.record.of_kind(EventKind.RELEASE_NOT_OBSERVED))
    assert bool(seen) is not case.blinds_the_sight


def assert_let_go_in_time(h: HazardStage, case: Case) -> None:
    """(a) From injection to release, (b) from there to a slack cord."""
    assert h.let_go_at_s - h.injected_at_s <= case.within_s + 1e-6
    slack_at_s = h.let_go_at_s + case.slack_s
    assert all(moment.force_n <= FREE_N for moment in h.after(slack_at_s))


def assert_nothing_wound_in(h: HazardStage, *, reversal_s: float = REVERSAL_S) -> None:
    """(c) Once the motor had time to reverse, the cord is only paid out, for 60 s."""
    later = h.after(h.let_go_at_s + reversal_s)
    assert later[-1].at_s - h.let_go_at_s >= 59.0
    assert all(after.position_mm <= before.position_mm + 1e-9 for before, after in pairwise(later))


def test_a_second_of_silence_is_survived_by_no_session_but_told_as_what_it_was(
    folder: RecordFolder,
) -> None:
    with hazard_stage(folder) as h:
        h.run(lambda h: h.line.faults.drop(h.clock.now_s() + 1.0), phase="holding", after_s=1.0)
    assert h.codes[0] == "readings_missed_in_pairs" or "link_silent" in h.codes
    assert h.record is not None
    assert h.record.of_kind(EventKind.RELEASE_OBSERVED)
    assert_nothing_wound_in(h)


def test_the_pull_length_is_told_at_80_percent_and_ends_the_session_at_100(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 8 mm instead of 80, which the ramp to 100 N uses up."""
    monkeypatch.setitem(REGION_NARROWING, Region.CERVICAL, {"rise_n": 20.0, "pull_mm": 8.0})
    with hazard_stage(folder) as h:
        h.run(lambda h: None, phase="ramping_up", after_s=0.0)
    assert h.codes == ["stroke_near", "stroke_used_up"]
    assert [h.finding(code)["limit"] for code in h.codes] == [64, 80]
    assert h.ending is not None
    assert h.ending.reason == "stroke used up"
    # A ramp down (R2) out of a ramp up: six time constants of the motor, instead of three for R1.
    assert_nothing_wound_in(h, reversal_s=0.3)


def test_a_unit_that_lost_its_supply_lets_go_and_comes_back_idle(folder: RecordFolder) -> None:
    with hazard_stage(folder) as h:
        h.run(power_cycle, phase="holding", after_s=1.0)
    assert h.firmware.unit.boot_count == 2
    assert h.ending is not None
    assert h.ending.outcome != Outcome.COMPLETED
    assert {"link_silent", "unit_stopped"} & set(h.codes)
    assert h.firmware.plant.cord_force_n <= FREE_N
    assert h.firmware.token == 0


def test_a_clock_that_was_set_is_told_and_changes_nothing(folder: RecordFolder) -> None:
    def set_clock(h: HazardStage) -> None:
        h.clock.utc_origin_ms -= 3_600_000

    with hazard_stage(folder) as h:
        h.run(set_clock, phase="holding", after_s=1.0)
    assert h.codes == ["clock_stepped"]
    assert abs(h.finding("clock_stepped")["measured"] - 3_600_000) <= 1
    assert h.ending is not None
    assert h.ending.outcome == Outcome.COMPLETED


def test_slow_answers_are_told_and_change_nothing(folder: RecordFolder) -> None:
    with hazard_stage(folder) as h:
        h.run(lambda h: h.line.faults.delay(0.008), phase="holding", after_s=1.0)
    assert h.line.faults.done > 0
    assert h.codes == ["answers_slow"]
    assert h.ending is not None
    assert h.ending.outcome == Outcome.COMPLETED


def _press_a_dead_switch(h: HazardStage) -> None:
    h.firmware.switch.dead()
    h.firmware.switch.press()


def test_a_dead_switch_is_not_seen_in_the_session(folder: RecordFolder) -> None:
    """Row 20: a single contact has no second channel; the press test for each patient finds it."""
    with hazard_stage(folder) as h:
        h.run(_press_a_dead_switch, phase="holding", after_s=1.0)
    assert not h.firmware.switch.pressed
    assert h.codes == []

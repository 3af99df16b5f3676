"""Whole sessions over real bytes in virtual time, from the order to the documents."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from controller.errors import PrescriptionInvalid, RequestRefused, SelfCheckFailed, UnitBusy
from controller.events import EventKind, JsonValue, Outcome
from controller.order.force_unit import ForceUnit
from controller.questions import Answer, Question
from controller.snapshot import Snapshot
from records.evidence.integrity import verify
from records.evidence.newest_arming import last_arming_of
from records.exports.formats import written
from records.store.record_folder import RecordFolder
from records.visit.visit import Visit
from simulator.map_v1 import State
from simulator.table.patient import PassivePatient, StopsDuring
from tests.support.independent_dose import independent_dose
from tests.support.pdfs import text_of
from tests.support.sessions import (
    BAUDRATE,
    ENDED_EARLY,
    FACTORY_BAUDRATE,
    SETTINGS,
    SHORT_CERVICAL,
    SHORT_LUMBAR,
    Stage,
    staged,
)
from workstation.session.operators import SessionOperator
from workstation.session.session_script import parse_script


def kinds(stage: Stage, session_id: str) -> list[EventKind]:
    return [event.kind for event in stage.visit(session_id).record.events]


@dataclass(frozen=True)
class Treated:
    """The short treatment of a patient who lies still, to its end."""

    folder: RecordFolder
    address: str
    visit: Visit

    @property
    def told(self) -> list[tuple[int, int, EventKind, str]]:
        """Its events; the address differs between runs (a port, a terminal's number)."""
        return [
            (e.at_ms, e.utc_ms, e.kind, json.dumps(dict(e.detail)).replace(self.address, "URI"))
            for e in self.visit.record.events
        ]

    @property
    def samples(self) -> bytes:
        """All of them."""
        return self.visit.record.samples.tobytes()


def treat_over(wire: str, baudrate: int, seed: int, folder: RecordFolder) -> Treated:
    with staged(folder, wire=wire, baudrate=baudrate, seed=seed) as stage:
        result = stage.treat()
        assert result.ending.outcome == Outcome.COMPLETED
        return Treated(folder, stage.uri, stage.visit(result.session_id))


@pytest.fixture(scope="module")
def treated(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Treated]:
    """One session of each wire, rate and seed, for all tests that only look at its record."""

    @cache
    def once(wire: str, baudrate: int = BAUDRATE, seed: int = 1) -> Treated:
        return treat_over(wire, baudrate, seed, RecordFolder(tmp_path_factory.mktemp(wire)))

    return once


@pytest.mark.parametrize(
    ("wire", "baudrate"),
    [("tcp", FACTORY_BAUDRATE), ("rtu", FACTORY_BAUDRATE), ("rtu", BAUDRATE)],
)
def test_a_treatment_is_completed_and_recorded(
    treated: Callable[..., Treated], wire: str, baudrate: int
) -> None:
    once = treated(wire, baudrate)
    dose = once.visit.note.dose
    assert (dose.delivered_minutes, dose.traction_ms // 100) == (1, 600)
    assert dose.mean_hold_force_dn is not None
    assert abs(dose.mean_hold_force_dn - 600) < 30
    assert once.visit.record.seal is not None
    press_test = once.visit.note.field("press_test").value
    assert press_test == "press-tested by the patient before arming"
    assert not verify(once.folder).alterations


@pytest.mark.parametrize("wire", ["rtu", "tcp"])
def test_the_same_seed_gives_the_same_record_to_the_byte(
    folder: RecordFolder, treated: Callable[..., Treated], wire: str
) -> None:
    first, second = treated(wire, FACTORY_BAUDRATE), treat_over(wire, FACTORY_BAUDRATE, 1, folder)
    assert first.told == second.told
    assert first.samples == second.samples


def test_a_direct_line_gives_the_same_record_as_a_pseudo_terminal(
    treated: Callable[..., Treated],
) -> None:
    over_pty, direct = treated("rtu", FACTORY_BAUDRATE), treated("direct", FACTORY_BAUDRATE)
    assert direct.samples == over_pty.samples
    assert [(e.at_ms, e.kind) for e in direct.visit.record.events] == [
        (e.at_ms, e.kind) for e in over_pty.visit.record.events
    ]


def test_another_seed_gives_another_record(treated: Callable[..., Treated]) -> None:
    assert treated("direct").samples != treated("direct", seed=2).samples


def test_the_patient_s_stop_is_released_recorded_and_stated(folder: RecordFolder) -> None:
    with staged(folder, body="lumbar_split", patient=StopsDuring(1, 12.0)) as stage:
        result = stage.treat(SHORT_LUMBAR)
        visit = stage.visit(result.session_id)
    assert result.ending.outcome == Outcome.STOPPED
    (stop,) = visit.note.dose.stops
    assert stop.cause == "patient switch pressed"
    assert stop.force_dn is not None
    assert abs(stop.force_dn - 1500) < 75
    assert stop.to_15_n_ms is not None
    assert stop.to_15_n_ms <= 2000
    text = written(visit, "text").decode()
    assert f"force then {ForceUnit.POUND.with_other(stop.force_dn / 10)}" in text
    assert f"{stop.to_15_n_ms / 1000:.2f} s to 3.4 lbf (15 N)" in text
    assert EventKind.PATIENT_STOP_PRESSED in [e.kind for e in visit.record.events]
    # Nothing moves inwards after the stop: the unit keeps its force below what it had.
    later = visit.record.samples[visit.record.samples["taken_at_ms"] > stop.at_ms + 600]
    assert (later["force_1_dn"] < 200).all()


def test_delivered_numbers_equal_a_second_implementation(
    folder: RecordFolder, treated: Callable[..., Treated]
) -> None:
    with staged(folder, patient=StopsDuring(2, 3.0)) as stage:
        stopped = stage.visit(stage.treat().session_id)
    for visit in (treated("rtu").visit, stopped):
        dose = visit.note.dose
        again = independent_dose(visit.record.events, visit.record.samples.tobytes())
        assert again == {
            "delivered_minutes": dose.delivered_minutes,
            "traction_ms": dose.traction_ms,
            "mean_hold_force_dn": dose.mean_hold_force_dn,
            "peak_force_dn": dose.peak_force_dn,
            "hold_time_ms": dose.hold_time_ms,
        }


def test_operator_stop_releases_at_the_ordered_rate(folder: RecordFolder) -> None:
    def stop_in_hold(snapshot: Snapshot) -> None:
        if snapshot.phase == "holding" and snapshot.elapsed_s > 10.0:
            stage.operator.stop("P. Jones")

    with staged(folder) as stage:
        result = stage.treat(watch=stop_in_hold)
        visit = stage.visit(result.session_id)
    assert result.ending.reason == "operator stop (P. Jones)"
    ordered = visit.record.of_kind(EventKind.RELEASE_ORDERED)
    assert [e.detail["kind"] for e in ordered] == ["release"]
    assert visit.note.dose.stops[0].cause == "operator stop (P. Jones)"
    assert EventKind.UNIT_DISARMED in [e.kind for e in visit.record.events]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("estop", "emergency_stop_open"),
        ("unplug", "patient_switch_absent"),
        ("snap", "tension_lost"),
        ("spasm", "over_force"),
        ("freeze", "reading_stale"),
    ],
)
@pytest.mark.usefixtures("impatient_host")
def test_hazards_end_in_a_release_below_15_n(folder: RecordFolder, fault: str, code: str) -> None:
    def inject(snapshot: Snapshot) -> None:
        if snapshot.phase != "holding" or snapshot.elapsed_s < 12.0 or injected:
            return
        injected.append(fault)
        firmware = stage.firmware
        {
            "estop": firmware.estop.press,
            "unplug": firmware.switch.unplug,
            "snap": firmware.cord.snap,
            "spasm": lambda: firmware.body.spasm(60.0),
            "freeze": firmware.cell.freeze_counter,
        }[fault]()

    injected: list[str] = []
    with staged(folder) as stage:
        result = stage.treat(watch=inject)
        record = stage.visit(result.session_id).record
        left_n = stage.firmware.plant.cord_force_n
    assert injected == [fault]
    assert result.ending.outcome != Outcome.COMPLETED
    assert left_n <= 15.0
    reported = {str(e.detail["code"]) for e in record.of_kind(EventKind.SAFETY_ACTED)}
    # The unit may act before the host has seen the cause; then its own event names it.
    unit_codes = {e.detail["code"] for e in record.of_kind(EventKind.UNIT_EVENT_SEEN)}
    assert code in reported or unit_codes & {12, 20, 40, 41, 42, 45}


def test_a_vanished_port_ends_as_link_lost(folder: RecordFolder) -> None:
    def pull(snapshot: Snapshot) -> None:
        if snapshot.phase == "holding" and snapshot.elapsed_s > 9.0:
            stage.unit.stop()

    with staged(folder, wire="tcp") as stage:
        result = stage.treat(watch=pull)
        visit = stage.visit(result.session_id)
    assert result.ending.outcome == Outcome.LINK_LOST
    assert visit.record.of_kind(EventKind.RELEASE_NOT_OBSERVED)
    assert "The release was not observed by this program." in visit.note.warnings
    assert not verify(folder).alterations
    # Whether the patient is free, no script can know: nobody has acknowledged anything.
    last = visit.record.of_kind(EventKind.QUESTION_ANSWERED)[-1].detail
    assert (last["question"], last["accepted"]) == ("end_acknowledged", False)
    assert last["by"] == "nobody at the terminal"
    assert not visit.record.of_kind(EventKind.ALARM_ACKNOWLEDGED)


def test_without_the_press_test_the_note_says_so(folder: RecordFolder) -> None:
    with staged(folder, patient=PassivePatient()) as stage:
        result = stage.treat()
        visit = stage.visit(result.session_id)
    assert result.ending.outcome == Outcome.COMPLETED
    assert visit.note.field("press_test").value == "switch not press-tested"
    assert EventKind.PRESS_TEST_NOT_SEEN in [e.kind for e in visit.record.events]


def test_a_latched_unit_is_acknowledged_and_treated(folder: RecordFolder) -> None:
    with staged(folder, patient=StopsDuring(1, 2.0)) as stage:
        first = stage.treat()
        assert stage.firmware.state is State.SAFE_LATCHED
        second = stage.treat()
        record = stage.visit(second.session_id).record
    assert first.ending.outcome == Outcome.STOPPED
    assert second.ending.outcome == Outcome.COMPLETED
    assert EventKind.UNIT_ACKNOWLEDGED in [e.kind for e in record.events]


def test_a_unit_with_another_firmware_is_not_armed_until_a_person_answers_for_it(
    folder: RecordFolder,
) -> None:
    with staged(folder) as stage:
        stage.treat(script=ENDED_EARLY)
        assert states(stage, "session-1", "firmware") == ["not_covered"]
        before = last_arming_of(only_unit_file(folder), SETTINGS.day_at)
        stage.firmware.disguise.another_firmware()
        # A refused session accepts nothing: the next one is asked the same again.
        for session_id in ("session-2", "session-3"):
            with pytest.raises(RequestRefused, match="firmware changed: refused by nobody"):
                stage.treat()
            assert EventKind.UNIT_ARMED not in kinds(stage, session_id)
            assert states(stage, session_id, "firmware") == ["failed"]
            assert last_arming_of(only_unit_file(folder), SETTINGS.day_at) == before
        stage.treat(operator=AnswersFor(Question.FIRMWARE_CHANGED))
        assert states(stage, "session-4", "firmware") == ["failed", "confirmed"]
    after = last_arming_of(only_unit_file(folder), SETTINGS.day_at)
    assert before is not None
    assert after is not None
    assert (before.firmware_crc, after.firmware_crc) == (0x9D3A61F0, 0x9D3A61F0 ^ 0xFFFF_0000)


def only_unit_file(folder: RecordFolder) -> Path:
    (path,) = folder.unit_databases()
    return path


def test_a_zero_that_a_tare_hides_is_found_by_the_next_session(folder: RecordFolder) -> None:
    with staged(folder) as stage:
        stage.treat(script=ENDED_EARLY)
        assert states(stage, "session-1", "gross_zero") == ["not_covered"]
        drift_by_8_n_and_set_the_tare(stage)
        with pytest.raises(RequestRefused, match="zero shifted: refused by nobody"):
            stage.treat()
        assert EventKind.UNIT_ARMED not in kinds(stage, "session-2")
        assert states(stage, "session-2", "zero") == ["passed"]
        assert states(stage, "session-2", "gross_zero") == ["failed"]
        stage.treat(operator=AnswersFor(Question.ZERO_SHIFTED))
        assert states(stage, "session-3", "gross_zero") == ["failed", "confirmed"]
        # What somebody has answered for is what the next session compares with.
        stage.treat(script=ENDED_EARLY)
        assert states(stage, "session-4", "gross_zero") == ["passed"]
    last = last_arming_of(only_unit_file(folder), SETTINGS.day_at)
    assert last is not None
    assert last.gross_zero_n == pytest.approx(8.0, abs=1.0)


def drift_by_8_n_and_set_the_tare(stage: Stage) -> None:
    """Both cells alike, over a minute, so that only the zero tells."""
    cells = [cell for cell in (stage.firmware.cell, stage.firmware.second_cell) if cell is not None]
    for n_per_min in (8.0, 0.0):
        for cell in cells:
            cell.drift(n_per_min)
        stage.clock.sleep_until(stage.clock.now_s() + 60.0)
        stage.firmware.advance_to(stage.clock.now_s())
    assert stage.firmware.machine.tare()


def states(stage: Stage, session_id: str, item: str) -> list[JsonValue]:
    """What the self-check of a session said of an item, in order."""
    record = stage.visit(session_id).record
    items = [event.detail for event in record.of_kind(EventKind.SELF_CHECK_RECORDED)]
    return [one["state"] for one in items if one["item"] == item]


class AnswersFor(SessionOperator):
    """A script for everything that a script may answer, and a person for one question more.

    Ended early.
    """

    def __init__(self, question: Question) -> None:
        script = parse_script(ENDED_EARLY, "script")
        super().__init__(scripted=True, show=lambda snapshot: None, script=script)
        self._question = question

    def answer(self, question: Question) -> Answer | None:
        if question is self._question:
            return Answer(accepted=True, answered_by="P. Jones")
        return super().answer(question)


def test_an_unready_unit_refuses_in_words_and_the_session_is_recorded_as_refused(
    folder: RecordFolder,
) -> None:
    with staged(folder) as stage:
        stage.firmware.estop.press()
        with pytest.raises(SelfCheckFailed, match="emergency stop open: release the button"):
            stage.treat()
        visit = stage.visit("session-1")
    assert visit.record.outcome == Outcome.REFUSED
    assert visit.record.seal is not None
    with pytest.raises(RequestRefused, match="never reached its hold force"):
        visit.charge()


def test_an_order_above_the_unit_s_rating_opens_no_session(folder: RecordFolder) -> None:
    with staged(folder) as stage:
        with pytest.raises(PrescriptionInvalid, match="region=lumbar is not offered"):
            stage.treat(SHORT_LUMBAR)
        assert not list(folder.path.glob("units/*.db"))


def test_a_second_session_on_an_open_unit_is_refused(folder: RecordFolder) -> None:
    def try_again(snapshot: Snapshot) -> None:
        if snapshot.phase == "holding" and not refused:
            from records.store.unit_lock import UnitLock

            (path,) = folder.unit_databases()
            with pytest.raises(UnitBusy, match="a session on unit"):
                UnitLock(path).take()
            refused.append(True)
            stage.operator.stop("P. Jones")

    refused: list[bool] = []
    with staged(folder) as stage:
        stage.treat(watch=try_again)
    assert refused == [True]


def test_documents_agree_with_each_other(treated: Callable[..., Treated]) -> None:
    visit = treated("direct").visit
    document = json.loads(written(visit, "json"))
    searchable = text_of(written(visit, "pdf"))
    for field in document["note"]["device"]:
        if field["name"] in ("peak_force", "mean_hold_force", "hold_force"):
            forces = re.match(r"([\d.]+ N) \(([\d.]+ lbf)\)", field["value"])
            assert forces is not None
            led = f"{forces[2]} ({forces[1]})"
            assert led in searchable
            assert led in written(visit, "text").decode()
    assert document["seal"] in searchable
    assert "to be completed by the clinician" in searchable
    assert "not a cleared medical device" in searchable
    (row,) = csv.DictReader(io.StringIO(written(visit, "csv").decode()))
    assert (row["cpt"], row["units"], row["minutes"]) == ("97012", "1", "1")
    assert row["mod1"] == row["rendering_npi"] == ""
    assert {"mod1", "charge", "rendering_npi"} <= set(document["charge"]["open_fields"])
    assert written(visit, "pdf") == written(visit, "pdf")


def test_every_device_number_has_a_source(treated: Callable[..., Treated]) -> None:
    note = treated("direct").visit.note
    for field in note.device_fields:
        assert field.digest
        assert field.journal_range is not None or field.origin.value == "prescription"


def test_the_unit_s_events_are_recorded_exactly_once(folder: RecordFolder) -> None:
    with staged(folder, patient=StopsDuring(2, 3.0)) as stage:
        result = stage.treat()
        record = stage.visit(result.session_id).record
        held = [entry.sequence for entry in stage.firmware.machine.ring.entries]
    seen = [e.detail["sequence"] for e in record.of_kind(EventKind.UNIT_EVENT_SEEN)]
    assert seen == held[1:]


SOFT_LIMIT = SHORT_CERVICAL.replace("60 N", "180 N").replace("30 N", "90 N")


def test_a_script_cannot_confirm_a_force_above_the_soft_limit(folder: RecordFolder) -> None:
    with staged(folder) as stage, pytest.raises(RequestRefused, match="force above soft limit"):
        stage.treat(SOFT_LIMIT)

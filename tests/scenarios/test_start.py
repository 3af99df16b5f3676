"""Up to the arming, on the simulated unit: what it lacks, what changes, who confirms what."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.errors import (
    AnswerMissing,
    JournalUnavailable,
    PrescriptionInvalid,
    RequestRefused,
    SelfCheckFailed,
    UnitFaulted,
)
from controller.events import EventKind, Outcome
from controller.order.prescription import Region
from controller.ports import Clock, TractionUnit
from controller.questions import Question
from records.evidence.journal import SqliteJournal
from records.store.record_folder import RecordFolder
from simulator import units
from simulator.map_v1 import EventCode
from simulator.table.bodies import BODIES
from tests.support.asked import Asked
from tests.support.commissionings import commissioned
from tests.support.sessions import ENDED_EARLY, SHORT_CERVICAL, SHORT_LUMBAR, Stage, staged


def never_armed(stage: Stage) -> bool:
    """The unit itself knows of no arming."""
    return EventCode.ARMED not in {entry.code for entry in stage.firmware.machine.ring.entries}


# --- the unit's word --------------------------------------------------------------------------

LACKS: dict[str, tuple[dict[str, Any], str]] = {
    "switch presence": ({"without": 4}, "switch presence failed: the unit cannot tell"),
    "emergency stop": ({"without": 6}, "emergency stop wiring failed: not hard-wired"),
    "power loss": ({"without": 8}, "power loss failed: the unit keeps its force"),
    "watchdog": ({"watchdog_min_ms": 600}, "watchdog failed: 600 ms to 2000 ms, 500 ms needed"),
}


def build(monkeypatch: pytest.MonkeyPatch, *, without: int | None = None, **changes: Any) -> None:
    """The next cervical unit is another one: a bit of 0x20 is not set, or a number differs."""
    unit = units.SIMULATED_UNITS[Region.CERVICAL]
    if without is not None:
        changes["features"] = unit.features & ~(1 << without)
    monkeypatch.setitem(units.SIMULATED_UNITS, Region.CERVICAL, replace(unit, **changes))


@pytest.mark.parametrize("name", list(LACKS))
def test_a_unit_that_lacks_a_layer_of_safety_is_refused_in_words(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    changes, words = LACKS[name]
    build(monkeypatch, **changes)
    with staged(folder) as stage:
        with pytest.raises(SelfCheckFailed, match=words):
            stage.treat()
        assert never_armed(stage)
        assert stage.visit("session-1").record.outcome == Outcome.REFUSED


def test_a_folder_that_others_may_read_is_refused_before_anything_is_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o750)
    with (
        staged(RecordFolder(data)) as stage,
        pytest.raises(JournalUnavailable, match="has mode 750, so other"),
    ):
        stage.treat()
    assert [path.name for path in data.rglob("*") if path.suffix == ".db"] == []


def test_a_switch_with_one_contact_stands_in_the_record_and_on_the_note(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(monkeypatch, without=5)
    with staged(folder) as stage:
        visit = stage.visit(stage.treat(script=ENDED_EARLY).session_id)
    assert visit.record.of_kind(EventKind.UNIT_ARMED)
    (item,) = [
        event.detail
        for event in visit.record.of_kind(EventKind.SELF_CHECK_RECORDED)
        if event.detail["item"] == "switch_contacts"
    ]
    assert (item["state"], item["value"]) == ("not_covered", "one")
    assert "not covered:" in str(visit.note.field("self_check").value)
    assert "switch contacts" in str(visit.note.field("self_check").value)


# --- between the yes and the arming -----------------------------------------------------------


def cycle_power(stage: Stage) -> None:
    stage.firmware.cut_power()
    stage.clock.sleep_until(stage.clock.now_s() + 1.0)
    stage.firmware.restore_power(stage.clock.now_s())


def pull_at_the_cord(stage: Stage) -> None:
    """Both cells read 8 N more within a second, as if somebody leant on the cord."""
    for cell in (stage.firmware.cell, stage.firmware.second_cell):
        assert cell is not None
        cell.drift(480.0)
    stage.clock.sleep_until(stage.clock.now_s() + 1.0)
    stage.firmware.advance_to(stage.clock.now_s())
    for cell in (stage.firmware.cell, stage.firmware.second_cell):
        assert cell is not None
        cell.drift(0.0)


HAPPENINGS: dict[str, tuple[Callable[[Stage], Any], type[Exception], str]] = {
    "emergency stop": (
        lambda s: s.firmware.estop.press(),
        SelfCheckFailed,
        "events since yes failed: emergency|emergency stop failed",
    ),
    "unplugged": (lambda s: s.firmware.switch.unplug(), SelfCheckFailed, "patient switch"),
    "stuck": (lambda s: s.firmware.switch.stick(), SelfCheckFailed, "patient switch"),
    "tapped": (
        lambda s: s.firmware.switch.tap(0.03),
        SelfCheckFailed,
        "since yes failed: patient switch",
    ),
    "frozen": (
        lambda s: s.firmware.cell.freeze_counter(),
        SelfCheckFailed,
        "readings failed: newest",
    ),
    "stuck cell": (lambda s: s.firmware.cell.stick(), SelfCheckFailed, "zero failed"),
    "open cell": (lambda s: s.firmware.cell.open(), SelfCheckFailed, "force channels failed"),
    "pulled": (pull_at_the_cord, SelfCheckFailed, "zero failed"),
    "restart": (cycle_power, UnitFaulted, "was restarted since it was identified"),
}
"""What happens while the journal is made durable, behind the yes to the start."""


@pytest.mark.parametrize("name", list(HAPPENINGS))
def test_what_happens_while_the_disk_is_slow_is_seen_before_the_arming(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    happen, error, words = HAPPENINGS[name]
    happened: list[str] = []
    sync = SqliteJournal.sync

    def slow_sync(journal: SqliteJournal) -> None:
        sync(journal)
        if not happened:
            happened.append(name)
            happen(stage)
            stage.clock.sleep_until(stage.clock.now_s() + 0.5)

    monkeypatch.setattr(SqliteJournal, "sync", slow_sync)
    with staged(folder) as stage:
        operator = Asked()
        with pytest.raises(error, match=words):
            stage.treat(operator=operator)
        assert Question.START_TRACTION in operator.texts
        assert happened == [name]
        assert never_armed(stage)
        assert stage.visit("session-1").record.outcome == Outcome.REFUSED


def test_who_and_what_is_asked_before_the_start_and_a_no_to_it_moves_nothing(
    folder: RecordFolder,
) -> None:
    operator = Asked(no=Question.START_TRACTION)
    with staged(folder) as stage:
        with pytest.raises(RequestRefused, match=r"start traction: refused by P\. Jones"):
            stage.treat(operator=operator)
        assert never_armed(stage)
        digest = str(stage.visit("session-1").record.opening.detail["order_digest"])
    text = operator.texts[Question.PATIENT_AND_ORDER]
    assert text.startswith(f"Patient TEST-1, order {digest[:12]}, unit SIM Cervical 1 serial 10042")
    assert "cervical on a friction table" in text
    assert "60 N (at most 60 N), 1 min" in text
    *_, who, start = operator.texts
    assert (who, start) == (Question.PATIENT_AND_ORDER, Question.START_TRACTION)


# --- a verified unit --------------------------------------------------------------------------


def verified(stage: Stage) -> None:
    """The unit of this stage counts as proved and is commissioned: a patient may lie on it."""
    connect = stage.connect
    commissioned(stage)

    def connect_verified(uri: str, clock: Clock) -> TractionUnit:
        unit = connect(uri, clock)
        unit.verified = True  # type: ignore[misc]
        return unit

    stage.connect = connect_verified


SCREENED = SHORT_CERVICAL + 'screening = "A. Example PT: none found"\ntable = "sliding"\n'


def test_on_a_verified_unit_no_script_starts_anything(folder: RecordFolder) -> None:
    with staged(folder) as stage:
        verified(stage)
        with pytest.raises(
            AnswerMissing, match="call bell in hand, patient and order, start traction, pretension"
        ):
            stage.treat(SCREENED)
        assert never_armed(stage)
    assert not folder.unit_databases()


def test_on_a_verified_unit_a_person_answers_all_that_has_to_be_seen(folder: RecordFolder) -> None:
    with staged(folder) as stage:
        verified(stage)
        result = stage.treat(SCREENED, operator=Asked(person=True))
        visit = stage.visit(result.session_id)
    assert result.ending.outcome == Outcome.COMPLETED
    answers = visit.record.of_kind(EventKind.QUESTION_ANSWERED)
    assert {answer.detail["by"] for answer in answers} == {"P. Jones"}
    assert [answer.detail["question"] for answer in answers] == [
        "table_moves_freely",
        "lift_locked",
        "quick_release_in_reach",
        "call_bell_in_hand",
        "patient_and_order",
        "start_traction",
        "pretension_looks_right",
        "end_acknowledged",
    ]


@pytest.mark.parametrize("reference", ['""', '"   "'])
def test_an_order_of_nobody_is_refused_on_a_verified_unit_alone(
    folder: RecordFolder, reference: str
) -> None:
    nobodys = SCREENED.replace('"TEST-1"', reference)
    with staged(folder) as stage:
        verified(stage)
        with pytest.raises(PrescriptionInvalid, match="patient_reference is empty"):
            stage.treat(nobodys, operator=Asked(person=True))
        assert never_armed(stage)
    assert not folder.unit_databases()
    with staged(folder) as stage:
        begun = stage.treat(nobodys, script=ENDED_EARLY)
        assert begun.ending.reason == "ended early by P. Jones"


# --- friction (row 44) ------------------------------------------------------------------------


@pytest.mark.parametrize("friction", [0.5, 0.955, 1.0, 1.5])
def test_hazard_44_what_stays_in_the_body_is_at_most_half_of_what_may_be_ordered(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch, friction: float
) -> None:
    """At the hard limit of a friction table, whatever its friction; a breath is 6 N."""
    body = BODIES["lumbar_one_piece"]
    body = replace(body, friction_n=friction * body.friction_n)
    monkeypatch.setitem(BODIES, "lumbar_one_piece", body)
    order = SHORT_LUMBAR.replace("150 N", "294 N") + 'table = "one_piece"\n'
    with staged(folder, body="lumbar_one_piece") as stage:
        visit = stage.visit(stage.treat(order, operator=Asked(person=True)).session_id)
        left_n, cord_n = stage.firmware.plant.spine_force_n, stage.firmware.plant.cord_force_n
    assert visit.record.outcome == Outcome.COMPLETED
    assert cord_n <= 15.0
    expected_n = min(body.friction_n, 294.0 - body.friction_n)
    assert left_n == pytest.approx(expected_n, abs=12.0)
    assert left_n <= 294.0 / 2 + 12.0
    assert visit.note.field("table").value == (
        "friction table (one-piece): force may stay in the body behind the release"
    )


def test_hazard_44_more_than_that_is_no_order_for_a_friction_table(folder: RecordFolder) -> None:
    order = SHORT_LUMBAR.replace("150 N", "295 N") + 'table = "one_piece"\n'
    with (
        staged(folder, body="lumbar_one_piece") as stage,
        pytest.raises(RequestRefused, match=r"295 N\" is outside 10 to 294 N .*friction"),
    ):
        stage.treat(order, operator=Asked(person=True))


def test_hazard_44_an_order_without_a_table_needs_a_person_above_the_lower_limit(
    folder: RecordFolder,
) -> None:
    order = SHORT_LUMBAR.replace("150 N", "201 N")
    with staged(folder, body="lumbar_split") as stage:
        with pytest.raises(RequestRefused, match="force above soft limit: refused by nobody"):
            stage.treat(order)
        operator = Asked(person=True, script=ENDED_EARLY)
        visit = stage.visit(stage.treat(order, operator=operator).session_id)
    assert (
        "200 N for the lumbar region on a friction table (the order does not say which)"
        in (operator.texts[Question.FORCE_ABOVE_SOFT_LIMIT])
    )
    assert Question.TABLE_MOVES_FREELY not in operator.texts
    assert "friction table (the order" in str(visit.note.field("table").value)


def test_hazard_44_a_table_that_moves_is_confirmed_and_gets_the_ordinary_limits(
    folder: RecordFolder,
) -> None:
    order = SHORT_LUMBAR.replace("150 N", "290 N") + 'table = "split"\n'
    with staged(folder, body="lumbar_split") as stage:
        with pytest.raises(RequestRefused, match=r"table moves freely: refused by P\. Jones"):
            stage.treat(order, operator=Asked(no=Question.TABLE_MOVES_FREELY))
        visit = stage.visit(stage.treat(order, script=ENDED_EARLY).session_id)
        opening = visit.record.opening.detail
    assert visit.note.field("table").value == (
        "split table, moves with the body, confirmed by script (--yes)"
    )
    prescription = opening["prescription"]
    assert isinstance(prescription, dict)
    assert prescription["table"] == "split"


# --- clocks -----------------------------------------------------------------------------------

CLOCKS: list[tuple[int, str]] = [
    (-3_600_000, r"before the last record of this workstation; 1 h \d+ min \d+ s behind what"),
    (3_600_000, r" CST; 1 h 0 min 0 s ahead of what the unit's uptime says"),
    (-40 * 86_400_000, "before this program was built"),
]


@pytest.mark.parametrize(("set_by_ms", "words"), CLOCKS)
def test_a_clock_in_doubt_is_a_question_and_a_line_of_the_note(
    folder: RecordFolder, set_by_ms: int, words: str
) -> None:
    with staged(folder) as stage:
        first = Asked(script=ENDED_EARLY)
        note = stage.visit(stage.treat(operator=first).session_id).note
        assert Question.CLOCK_IN_DOUBT not in first.texts
        assert "clock" not in {field.name for field in note.device_fields}
        stage.clock.utc_origin_ms += set_by_ms
        with pytest.raises(RequestRefused, match=r"clock in doubt: refused by P\. Jones"):
            stage.treat(operator=Asked(no=Question.CLOCK_IN_DOUBT))
        # The refused session was recorded by the same clock, and proves nothing for it.
        again = Asked(script=ENDED_EARLY)
        note = stage.visit(stage.treat(operator=again).session_id).note
    assert Question.CLOCK_IN_DOUBT in again.texts
    value = str(note.field("clock").value)
    assert value.startswith("in doubt: 2026-")
    assert value.endswith("; confirmed by script (--yes)")
    assert re.search(words, value)

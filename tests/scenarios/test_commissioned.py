"""What a commissioning on file changes: who is armed, who is asked, how long a line is in doubt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.errors import JournalCorrupt, SelfCheckFailed, UnitNotVerified
from controller.event_details.before_treatment import SelfCheckRecorded
from controller.events import EventKind, Outcome
from controller.ports import Clock, TractionUnit
from controller.questions import Question
from controller.runtime.clock import VirtualClock
from firmware_bridge.profile_kinds.transmitter import TransmitterProfile
from firmware_bridge.profiles import shipped_profile
from firmware_bridge.units.reference_unit import ReferenceUnit
from records.clinic.clinic_verify import verify_clinic
from records.clinic.commissionings import CommissionedThing, commissionings
from records.store.record_folder import RecordFolder
from simulator.map_v1 import EventCode
from tests.support.asked import Asked
from tests.support.commissionings import LINE, commissioned, filed, passed_record
from tests.support.observed import TABLE, observed_session
from tests.support.sessions import (
    ENDED_EARLY,
    FACTORY_BAUDRATE,
    SHORT_CERVICAL,
    Stage,
    fixed_key,
    staged,
)
from workstation.session.commissioned import instrument_as_commissioned, unit_as_commissioned

NOT_COMMISSIONED = "Unit not commissioned: test fixture or simulator only, no patient."
ORDER = SHORT_CERVICAL + 'screening = "A. Example PT: none found"\ntable = "sliding"\n'


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    return RecordFolder(tmp_path / "data")


def connected_units(stage: Stage, *, verified: bool = False) -> list[ReferenceUnit]:
    """The units that are connected from here on; ``verified``: a patient may lie on the table."""
    connect, units = stage.connect, list[ReferenceUnit]()

    def connect_and_keep(uri: str, clock: Clock) -> TractionUnit:
        unit = connect(uri, clock)
        assert isinstance(unit, ReferenceUnit)
        unit.verified = verified
        units.append(unit)
        return unit

    stage.connect = connect_and_keep
    return units


def thing_of(stage: Stage) -> CommissionedThing:
    unit = stage.connect(stage.uri, stage.clock)
    unit.close()
    return unit_as_commissioned(unit)


def refusal(stage: Stage) -> str:
    """Why a unit for patients is refused: on record, before anybody is asked, never armed."""
    person = Asked(person=True)
    with pytest.raises(SelfCheckFailed) as told:
        stage.treat(ORDER, operator=person)
    assert told.value.session_id is not None
    assert stage.visit(told.value.session_id).record.outcome == Outcome.REFUSED
    assert not person.texts
    assert EventCode.ARMED not in {e.code for e in stage.firmware.machine.ring.entries}
    return told.value.message


def test_without_a_weight_test_a_unit_for_patients_is_not_armed(folder: RecordFolder) -> None:
    with staged(folder) as stage:
        connected_units(stage, verified=True)
        message = refusal(stage)
    assert "no weight test on record; do the weight test: `traction commission" in message


def test_with_one_it_is_armed_and_the_record_says_for_how_long_it_holds(
    folder: RecordFolder,
) -> None:
    with staged(folder) as stage:
        connected_units(stage, verified=True)
        commissioned(stage, days_ago=12)
        person = Asked(person=True, script=ENDED_EARLY)
        visit = stage.visit(stage.treat(ORDER, operator=person).session_id)
    assert visit.record.of_kind(EventKind.UNIT_ARMED)
    assert Question.UNIT_NOT_COMMISSIONED not in person.texts
    items = [e.said(SelfCheckRecorded) for e in visit.record.of_kind(EventKind.SELF_CHECK_RECORDED)]
    (item,) = (one for one in items if one.item == "commissioning")
    assert (item.state, item.numbers) == ("passed", {"days_left": 18})
    assert item.value.endswith("by A. Example, valid for 18 days more")
    assert NOT_COMMISSIONED not in visit.note.warnings


@pytest.mark.parametrize(
    ("days_ago", "changes", "words"),
    [
        (30, {}, "ran out today"),
        (31, {}, "ran out 1 day ago"),
        (-3, {}, "is in the future"),
        (0, {"passed": False}, "was not passed"),
    ],
)
def test_one_that_does_not_hold_refuses_in_words(
    folder: RecordFolder, days_ago: int, changes: dict[str, Any], words: str
) -> None:
    with staged(folder) as stage:
        connected_units(stage, verified=True)
        commissioned(stage, days_ago=days_ago, **changes)
        assert words in refusal(stage)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"profile_digest": "00" * 32}, "another version of its profile"),
        ({"firmware_crc": 1}, "another firmware"),
        ({"calibration_crc": 1}, "another calibration"),
    ],
)
def test_one_of_the_unit_as_it_no_longer_is_does_not_hold(
    folder: RecordFolder, changed: dict[str, Any], words: str
) -> None:
    with staged(folder) as stage:
        connected_units(stage, verified=True)
        commissioned(stage, tested=replace(thing_of(stage), **changed))
        assert words in refusal(stage)


def test_a_test_that_failed_takes_back_the_one_before_it(folder: RecordFolder) -> None:
    with staged(folder) as stage:
        connected_units(stage, verified=True)
        commissioned(stage, days_ago=2)
        commissioned(stage, days_ago=1, passed=False)
        assert "was not passed" in refusal(stage)


def test_another_units_test_is_not_this_ones(folder: RecordFolder) -> None:
    with staged(folder) as stage:
        connected_units(stage, verified=True)
        commissioned(stage, tested=replace(thing_of(stage), unit_id="00000000000000aa"))
        assert "no weight test on record" in refusal(stage)


def test_a_fixture_is_asked_about_as_before_and_not_any_more_once_it_is_commissioned(
    folder: RecordFolder,
) -> None:
    with staged(folder) as stage:
        before = stage.visit(stage.treat(script=ENDED_EARLY).session_id)
        assert NOT_COMMISSIONED in before.note.warnings
    with staged(folder, seed=2) as stage:
        stage.identifiers = replace(stage.identifiers, session_id=lambda utc_ms: "session-2")
        commissioned(stage)
        after = stage.visit(stage.treat(script=ENDED_EARLY).session_id)
        assert NOT_COMMISSIONED not in after.note.warnings


def test_a_commissioned_line_is_in_doubt_for_what_was_measured_and_another_for_all_of_it(
    folder: RecordFolder,
) -> None:
    """90 ms were measured; the time-out is 40 ms, so that answers are at most 50 ms late."""
    with staged(folder, baudrate=FACTORY_BAUDRATE) as stage:
        units = connected_units(stage)
        commissioned(stage)
        stage.treat(script=ENDED_EARLY)
        assert units[-1].link.timeout_s == pytest.approx(0.040)
        assert units[-1].link.line.lateness_s == pytest.approx(0.050)


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "another line"},
        {"passed": False},
        {"line": replace(LINE, slowest_us=None)},
    ],
)
def test_a_line_that_nobody_measured_is_in_doubt_for_the_whole_time_out(
    folder: RecordFolder, changes: dict[str, Any]
) -> None:
    with staged(folder) as stage:
        units = connected_units(stage)
        commissioned(stage, **changes)
        stage.treat(script=ENDED_EARLY)
        assert units[-1].link.line.lateness_s is None


def test_a_record_of_it_that_was_altered_holds_nothing(folder: RecordFolder) -> None:
    with staged(folder) as stage:
        connected_units(stage, verified=True)
        commissioned(stage, passed=False)
        alter(folder)
        with pytest.raises(JournalCorrupt, match=r"clinic\.db was altered"):
            stage.treat(ORDER, operator=Asked(person=True))
    with pytest.raises(JournalCorrupt, match="no commissioning in it is trusted"):
        commissionings(folder)
    found = verify_clinic(folder).alterations
    assert found
    assert "does not fit" in found[0].what


def alter(folder: RecordFolder) -> None:
    """Somebody with an editor for SQLite makes a failed test a passed one."""
    import sqlite3

    db = sqlite3.connect(folder.clinic_database)
    db.execute("DROP TRIGGER entry_never_changes")
    db.execute(
        "UPDATE entry SET detail = replace(detail, '\"passed\":false', '\"passed\":true') "
        "WHERE kind = 50"
    )
    assert db.total_changes == 1
    db.execute(
        "CREATE TRIGGER entry_never_changes BEFORE UPDATE ON entry "
        "BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END"
    )
    db.commit()
    db.close()


# --- instruments ------------------------------------------------------------------------------


def instrument() -> CommissionedThing:
    _, digest = shipped_profile("laumas_tlb", TransmitterProfile)
    return instrument_as_commissioned("laumas_tlb", digest, TABLE.serial)


def test_an_instrument_for_patients_is_not_observed_without_a_weight_test(tmp_path: Path) -> None:
    with pytest.raises(UnitNotVerified, match="no weight test on record, and the profile is"):
        observed_session(tmp_path, verified=True)
    assert not list(tmp_path.rglob("*.db"))


def test_the_record_of_an_observed_session_says_what_the_weight_test_is_worth(
    tmp_path: Path,
) -> None:
    without = observed_session(tmp_path / "without")
    assert items_of(without) == [("commissioning", "failed", "no weight test on record")]
    folder = RecordFolder(tmp_path / "with" / without.folder.path.relative_to(tmp_path / "without"))
    now_ms = VirtualClock().utc_ms()
    filed(folder, fixed_key(folder), passed_record(instrument()), at_utc_ms=now_ms)
    tested = observed_session(tmp_path / "with", verified=True)
    ((item, state, value),) = items_of(tested)
    assert (item, state) == ("commissioning", "passed")
    assert value.endswith("valid for 30 days more")


def items_of(observed: Any) -> list[tuple[str, str, str]]:
    recorded = observed.visit().record.of_kind(EventKind.SELF_CHECK_RECORDED)
    return [(e.detail["item"], e.detail["state"], e.detail["value"]) for e in recorded]

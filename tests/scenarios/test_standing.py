"""Standing data in whole sessions: what they refuse, what they narrow, what is kept of them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from controller.errors import JournalCorrupt, PrescriptionInvalid, SelfCheckFailed, UnitNotVerified
from controller.events import EventKind
from records.clinic.clinic_verify import verify_clinic
from records.exports.formats import written
from records.exports.session.schema import SessionDocument
from records.order.order_file import parse_order
from records.standing.flags import with_ended_flag
from records.standing.kinds import FlagEnd, ForceCaps, PatientRecord
from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from records.visit.one_visit import VisitChange, join_session
from tests.support.altering import altering
from tests.support.observed import identifiers_from, observed_session
from tests.support.sessions import ENDED_EARLY, SETTINGS, SHORT_CERVICAL, Stage, staged
from tests.support.standing import CLINIC, FLAG, example, keep, patient, writer
from workstation.session.operators import SessionOperator
from workstation.session.standing import prepared
from workstation.session.workplace import Workplace

WORDS = str(FLAG["text"])


def listening() -> tuple[SessionOperator, list[str]]:
    """An operator whose script says yes to everything, and what it was told."""
    heard: list[str] = []
    return SessionOperator(scripted=True, show=lambda snapshot: None, tell=heard.append), heard


def is_begun(stage: Stage, order: str = SHORT_CERVICAL) -> bool:
    """Treat; who sits there ends it as soon as the unit pulls."""
    return stage.treat(order, script=ENDED_EARLY).ending.reason == "ended early by P. Jones"


def of_kind(folder: RecordFolder, kind: int) -> int:
    with altering(folder.clinic_database) as db:
        ((count,),) = db.execute("SELECT count(*) FROM entry WHERE kind = ?", (kind,)).fetchall()
    return int(count)


def test_without_standing_data_a_session_keeps_nothing_of_them(folder: RecordFolder) -> None:
    with staged(folder) as stage:
        visit = stage.visit(stage.treat(script=ENDED_EARLY).session_id)
    assert of_kind(folder, 61) == 0
    names = {field.name for field in visit.note.device_fields}
    assert not names & {"lasting_flags", "standing_data"}


def test_do_not_treat_refuses_the_arming_and_no_script_passes_it(folder: RecordFolder) -> None:
    keep(folder, patient(flags=[{**FLAG, "do_not_treat": True}]))
    operator, heard = listening()
    with staged(folder) as stage:
        with pytest.raises(SelfCheckFailed, match="lasting flag 1 failed") as refused:
            stage.treat(operator=operator)
        visit = stage.visit("session-1")
    assert any(WORDS in line and "DO NOT TREAT" in line for line in heard)
    assert refused.value.session_id == "session-1"
    assert visit.record.outcome == "refused"
    assert EventKind.UNIT_ARMED not in {event.kind for event in visit.record.events}
    for path in folder.every_database():
        assert WORDS.encode() not in path.read_bytes()


def test_a_flag_of_the_other_region_refuses_nothing(folder: RecordFolder) -> None:
    keep(folder, patient(flags=[{**FLAG, "do_not_treat": True, "region": "lumbar"}]))
    with staged(folder) as stage:
        assert is_begun(stage)


def test_a_flag_that_ran_out_refuses_nothing(folder: RecordFolder) -> None:
    with staged(folder) as stage:
        today = datetime.fromtimestamp(stage.clock.utc_ms() / 1000).date()
        before = {**FLAG, "do_not_treat": True, "on": "2000-01-01", "until": "2000-01-02"}
        keep(folder, patient(flags=[before]))
        assert today.year > 2000
        assert is_begun(stage)


def test_an_ended_flag_arms_again(folder: RecordFolder) -> None:
    keep(folder, patient(flags=[{**FLAG, "do_not_treat": True}]))
    held = read_standing(folder).patient("TEST-1")
    assert held is not None
    end = FlagEnd(by="A. Example", on=held.record.flags[0].on, reason="measured anew")
    keep(folder, with_ended_flag(held.record, 1, end), made_from=1, by="A. Example")
    with staged(folder) as stage:
        assert is_begun(stage)


def test_a_flag_is_told_and_stands_on_the_note_as_it_was(folder: RecordFolder) -> None:
    """The note of a visit stays the same, to the byte, whatever becomes of the standing data."""
    keep(folder, example("clinic"))
    keep(folder, patient(flags=[FLAG]))
    operator, heard = listening()
    with staged(folder) as stage:
        done = stage.treat(operator=operator)
        visit = stage.visit(done.session_id)
        assert any(WORDS in line for line in heard)
        flags = visit.note.field("lasting_flags")
        assert flags.value is not None
        assert flags.value.startswith(f"osteoporosis (cervical): {WORDS}; P. Jones on")
        used = visit.note.field("standing_data").value or ""
        assert used.startswith("clinic version 1 (")
        assert ", patient TEST-1 version 1 (" in used
        assert visit.clinic == CLINIC["name"]
        before = written(visit, "text")
        assert WORDS.encode() in before

        held = read_standing(folder).patient("TEST-1")
        assert held is not None
        end = FlagEnd(by="P. Jones", on=held.record.flags[0].on, reason="measured anew")
        keep(folder, with_ended_flag(held.record, 1, end), made_from=1)
        keep(
            folder,
            example("clinic", name="Another Name", time_zone="Europe/Berlin"),
            made_from=1,
        )
        again = stage.visit(done.session_id)
    assert written(again, "text") == before
    assert (again.clinic, again.zone) == (visit.clinic, visit.zone)
    assert verify_clinic(folder).alterations == ()


def test_a_patient_without_flags_is_said_to_have_none(folder: RecordFolder) -> None:
    keep(folder, patient())
    with staged(folder) as stage:
        visit = stage.visit(stage.treat(script=ENDED_EARLY).session_id)
    assert visit.note.field("lasting_flags").value == "none"


@pytest.mark.parametrize(
    ("caps", "order", "key"),
    [
        ({"cervical": "50 N"}, SHORT_CERVICAL, "hold_force=60 N exceeds 50 N"),
        (
            {"cervical": "60 N"},
            SHORT_CERVICAL + 'maximum_force = "70 N"\n',
            "maximum_force=70 N exceeds 60 N",
        ),
    ],
)
def test_a_patient_s_cap_narrows_the_order(
    folder: RecordFolder, caps: dict[str, str], order: str, key: str
) -> None:
    keep(folder, patient(force_cap=caps))
    with staged(folder) as stage:
        with pytest.raises(PrescriptionInvalid) as refused:
            stage.treat(order)
        assert f"{key}, the cervical cap of patient TEST-1, version 1" in refused.value.message
        assert of_kind(folder, 41) == 0


def test_a_cap_that_is_not_reached_and_one_of_another_region_refuse_nothing(
    folder: RecordFolder,
) -> None:
    keep(folder, patient(force_cap={"cervical": "60 N", "lumbar": "50 N"}))
    with staged(folder) as stage:
        assert is_begun(stage)


@pytest.mark.parametrize(
    ("unit", "error", "said"),
    [
        ({"unit_id": "00000000000000ff"}, UnitNotVerified, "says unit_id=00000000000000ff"),
        ({"serial_number": 1}, UnitNotVerified, "says serial_number=1, the unit says"),
        ({"profile": "another"}, UnitNotVerified, "says profile=another, the unit says"),
        ({"force_limit": "50 N"}, PrescriptionInvalid, "the force_limit of unit Table 1"),
        ({"regions": ["lumbar"]}, PrescriptionInvalid, "is not treated on Table 1"),
    ],
)
def test_another_unit_and_an_order_that_the_table_does_not_take_are_refused(
    folder: RecordFolder, unit: dict[str, Any], error: type[Exception], said: str
) -> None:
    with staged(folder) as stage:
        keep(folder, example("unit", address=stage.uri, **unit))
        with pytest.raises(error, match=said):
            stage.treat()
        assert of_kind(folder, 41) == 0


def test_a_table_that_answers_at_another_address_keeps_its_limits(folder: RecordFolder) -> None:
    with staged(folder) as stage:
        begun = stage.treat(script=ENDED_EARLY)
        unit_id = f"{stage.visit(begun.session_id).record.head.unit_id}"
        keep(folder, example("unit", unit_id=unit_id, force_limit="50 N"))
        with pytest.raises(PrescriptionInvalid, match="force_limit of unit Table 1"):
            stage.treat()
        keep(folder, example("unit", name="Table 2", address=stage.uri))
        with pytest.raises(UnitNotVerified, match=f"unit {unit_id} is Table 1"):
            stage.treat()


def test_a_folder_whose_words_were_altered_treats_nobody(folder: RecordFolder) -> None:
    keep(folder, patient(flags=[{**FLAG, "do_not_treat": True}]))
    with altering(folder.clinic_database) as db:
        db.execute("DELETE FROM entry WHERE kind = 60")
        db.execute("DELETE FROM link WHERE number = 0")
    with staged(folder) as stage, pytest.raises(JournalCorrupt, match="flag may be gone"):
        stage.treat()


@pytest.mark.parametrize("reference", ["test-1", "TEST-1 ", "Test-1"])
def test_an_order_that_nearly_names_a_patient_is_refused(
    folder: RecordFolder, reference: str
) -> None:
    """A slip of the pen must not be the way around a flag."""
    keep(folder, patient(flags=[{**FLAG, "do_not_treat": True}]))
    with staged(folder) as stage, pytest.raises(PrescriptionInvalid, match="'TEST-1' is; if it is"):
        stage.treat(SHORT_CERVICAL.replace("TEST-1", reference))


def test_an_order_without_a_reference_and_one_of_another_patient_name_nobody_on_file(
    folder: RecordFolder,
) -> None:
    keep(folder, patient(flags=[{**FLAG, "do_not_treat": True}]))
    with staged(folder) as stage:
        for reference in ("", "TEST-2"):
            order = SHORT_CERVICAL.replace("TEST-1", reference)
            assert is_begun(stage, order)


def test_the_clinic_s_zone_is_that_of_record_and_note(folder: RecordFolder) -> None:
    """In place of the setting (America/Chicago), from the opening of the session on."""
    keep(folder, example("clinic", time_zone="Asia/Tokyo"))
    with staged(folder) as stage:
        visit = stage.visit(stage.treat(script=ENDED_EARLY).session_id)
    assert visit.record.head.utc_offset_min == 9 * 60
    assert (visit.note.field("opened_at").value or "").endswith("+09:00")


def test_a_plan_that_ran_out_and_a_patient_who_has_left_are_told_and_refuse_nothing(
    folder: RecordFolder,
) -> None:
    keep(folder, patient(plan={"cert_through": "2000-01-01"}, in_use=False))
    heard: list[str] = []
    order = parse_order(SHORT_CERVICAL, "test")
    with staged(folder) as stage:
        place = Workplace(folder=folder, settings=SETTINGS, clock=stage.clock, warn=heard.append)
        asked = prepared(place, order)
        assert is_begun(stage)
    assert asked.standing.flags == ()
    assert any("says that the patient is no longer treated here" in text for text in heard)
    assert any("ran out on 2000-01-01" in text for text in heard)


def test_every_document_of_such_a_session_is_written_and_follows_its_schema(
    folder: RecordFolder,
) -> None:
    keep(folder, example("clinic"))
    keep(folder, patient(flags=[FLAG]))
    with staged(folder) as stage:
        keep(folder, example("unit", address=stage.uri, force_limit="100 N"))
        visit = stage.visit(stage.treat().session_id)
    document = json.loads(written(visit, "json"))
    SessionDocument.model_validate(document)
    device = {field["name"]: field for field in document["note"]["device"]}
    assert device["lasting_flags"]["document"] == "patient TEST-1 version 1"
    assert device["lasting_flags"]["attested_by"] == "P. Jones"
    assert "unit Table 1 version 1 (" in device["standing_data"]["value"]
    assert written(visit, "pdf").startswith(b"%PDF")
    assert WORDS in written(visit, "text").decode()


def test_an_observed_session_tells_the_flags_and_is_recorded(tmp_path: Path) -> None:
    """Nothing is driven, so nothing is refused; who sets the force at the panel is told."""
    folder = RecordFolder(tmp_path)
    keep(folder, patient(flags=[{**FLAG, "do_not_treat": True}]))
    done = observed_session(tmp_path)
    assert any("lasting flag 1: DO NOT TREAT" in text for text in done.told)
    assert WORDS in (done.visit().note.field("lasting_flags").value or "")
    keep(folder, with_cap(folder), made_from=1)
    with pytest.raises(PrescriptionInvalid, match="exceeds 50 N, the cervical cap"):
        observed_session(tmp_path, identifiers=identifiers_from(2))


def with_cap(folder: RecordFolder) -> PatientRecord:
    held = read_standing(folder).patient("TEST-1")
    assert held is not None
    return held.record.model_copy(update={"force_cap": ForceCaps(cervical="50 N")})


def test_sessions_of_one_visit_each_keep_their_own(folder: RecordFolder) -> None:
    """A flag that is set between the two is on the second one's part of the note only."""
    keep(folder, patient())
    with staged(folder) as stage:
        stage.treat()
        keep(folder, patient(flags=[FLAG]), made_from=1)
        stage.treat()
        first, second = stage.visit("session-1"), stage.visit("session-2")
        change = VisitChange(author=writer(at_utc_ms=stage.clock.utc_ms()))
        join_session(folder, first, second, change)
        visit = stage.visit("session-2")
    assert visit.note.sessions == ("session-1", "session-2")
    assert visit.note.field("lasting_flags").value == "none"
    assert WORDS in (visit.note.field("lasting_flags.session-2").value or "")
    assert [each.standing.of("patient").version for each in visit.sessions] == [1, 2]  # type: ignore[union-attr]

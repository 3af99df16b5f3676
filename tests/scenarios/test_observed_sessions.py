"""Whole observed sessions: a table that nobody drives, a cell beside it, note and charge line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest

import controller.runtime.observation as observation
from controller.errors import (
    InstrumentFaulted,
    LinkLost,
    PrescriptionInvalid,
    ProfileInvalid,
    ReplyTimeout,
    RequestRefused,
    UnitBusy,
)
from controller.event_details.ending import SessionEnded
from controller.event_details.findings_and_alarms import GapBegan, GapEnded, LinkTroubled
from controller.events import EventKind, Outcome, SampleFlag
from controller.runtime.observation import NO_READING
from controller.telemetry import ForceSample
from records.clinic.clinic_verify import verify_clinic
from records.evidence.believed import read_checked
from records.evidence.reader import read_session
from records.exports.formats import written
from records.note.delivered_dose import SUDDEN_RELEASE
from records.store.record_folder import RecordFolder
from tests.support.observed import (
    ENDED,
    TABLE,
    Observed,
    identifiers_from,
    missing,
    observed_on_a_wire,
    observed_session,
    writes_of,
)
from tests.support.sessions import SHORT_CERVICAL


def kinds(observed: Observed) -> list[EventKind]:
    record = read_session(observed.folder, observed.result.session_id)
    return [event.kind for event in record.events]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Observed:
    """One session for all tests that only look at its record."""
    return observed_session(tmp_path_factory.mktemp("observed"))


def test_a_hold_that_a_named_person_ended_is_completed_and_nothing_was_written(
    whole: Observed,
) -> None:
    ending = whole.result.ending
    assert (ending.outcome, ending.reason) == (Outcome.COMPLETED, "ended by A. Example, PT")
    assert (ending.reached_holding, ending.release_seen) == (True, True)
    assert writes_of(whole) == 0
    assert kinds(whole) == [
        EventKind.SESSION_STARTED,
        EventKind.SELF_CHECK_RECORDED,
        EventKind.OPERATOR_ACTED,
        EventKind.SESSION_ENDED,
    ]


def test_an_order_of_nobody_is_refused_beside_a_verified_instrument_alone(tmp_path: Path) -> None:
    nobodys = SHORT_CERVICAL.replace('"TEST-1"', '""')
    with pytest.raises(PrescriptionInvalid, match="patient_reference is empty"):
        observed_session(tmp_path / "verified", order=nobodys, verified=True)
    assert not RecordFolder(tmp_path / "verified").unit_databases()
    observed_session(tmp_path / "not", order=nobodys)


def test_the_note_says_observed_and_takes_every_number_from_the_force(whole: Observed) -> None:
    visit = whole.visit()
    note = visit.note
    words = {field.name: field.value or "" for field in note.device_fields}
    assert words["device_type"] == "cervical traction unit, observed"
    assert "Eltra 471, room 2" in words["device"]
    assert "laumas_tlb" in words["device"]
    assert "TLB 4711" in words["device"]
    assert words["calibration"] == TABLE.calibrated
    assert words["set_by"] == TABLE.set_by
    assert words["cycles"] == "2"
    assert "2 x hold" in words["phases"]
    assert words["stop"].startswith("no sudden release observed")
    assert words["gaps"] == "none"
    assert words["hazard_checks"].startswith("not covered on this unit")
    assert words["press_test"].startswith("not covered on this unit")
    assert note.warnings[0].startswith("Observed:")
    assert note.dose.delivered_minutes == 1
    assert note.dose.traction_ms == pytest.approx(60_000, abs=1000)
    assert note.dose.peak_force_dn == pytest.approx(590, abs=15)
    method = note.field("delivered_minutes").method
    assert "force-course/3" in method


def test_charge_line_findings_and_every_export_work_on_it(whole: Observed) -> None:
    visit = whole.visit()
    charge = visit.charge()
    assert charge.values["cpt"] == "97012"
    assert charge.values["minutes"] == "1"
    document = json.loads(written(visit, "json"))
    assert document["opening"]["observation"]["table"] == TABLE.table
    assert "identity" not in document["opening"]
    for kind in ("text", "pdf", "csv", "summary"):
        assert written(visit, kind)


def test_the_record_is_chained_sealed_and_filed_like_any_other(whole: Observed) -> None:
    record = read_session(whole.folder, whole.result.session_id)
    assert record.seal is not None
    assert record.checkpoint
    assert record.observed
    assert not record.simulated
    clinic = verify_clinic(whole.folder)
    assert (clinic.alterations, clinic.remarks) == ((), ())
    assert read_checked(whole.folder, whole.result.session_id).altered == ""


def test_a_simulated_table_is_marked_by_the_sealed_record(tmp_path: Path) -> None:
    visit = observed_session(tmp_path, table=replace(TABLE, simulated=True)).visit()
    assert visit.note.simulated
    assert b"SIMULATED" in written(visit, "text")


def test_a_gap_is_shown_at_once_recorded_and_left_out_of_the_sums(
    whole: Observed, tmp_path: Path
) -> None:
    observed = observed_session(tmp_path, spoil=missing((30.0, 32.0)))
    record = read_session(observed.folder, observed.result.session_id)
    (trouble,) = record.of_kind(EventKind.LINK_TROUBLED)
    (began,) = record.of_kind(EventKind.GAP_BEGAN)
    (ended,) = record.of_kind(EventKind.GAP_ENDED)
    assert trouble.said(LinkTroubled).message == "nothing came"
    assert began.at_ms == pytest.approx(30_300, abs=150)
    assert began.said(GapBegan).force_dn == pytest.approx(590, abs=20)
    assert ended.said(GapEnded).gap_ms == pytest.approx(2_100, abs=150)
    dark = [shown for shown in observed.shown if shown.force_n is None]
    assert len(dark) == 20
    assert all(shown.message == NO_READING for shown in dark)
    assert any(NO_READING in text for text in observed.told)
    sound, dose = whole.visit().note.dose, observed.visit().note.dose
    assert sound.traction_ms - dose.traction_ms == pytest.approx(2_100, abs=300)
    assert sound.hold_time_ms - dose.hold_time_ms == pytest.approx(2_100, abs=300)
    assert "2.1 s" in (observed.visit().note.field("gaps").value or "")


def test_a_reading_that_fails_is_no_sample_and_never_0_n(tmp_path: Path) -> None:
    def overloaded() -> InstrumentFaulted:
        return InstrumentFaulted("laumas_tlb: overload; look at the cell", fault="overload")

    observed = observed_session(tmp_path, spoil=missing((29.95, 30.15), error=overloaded))
    record = read_session(observed.folder, observed.result.session_id)
    failed = record.samples[(record.samples["flags"] & int(SampleFlag.NO_READING)) != 0]
    assert len(failed) == 2
    assert set(failed["force_1_dn"].tolist()) == {-0x8000}
    (trouble,) = record.of_kind(EventKind.LINK_TROUBLED)
    assert "overload" in trouble.said(LinkTroubled).message
    assert EventKind.GAP_BEGAN not in kinds(observed)


def test_what_is_wrong_is_said_anew_when_something_else_is_wrong(tmp_path: Path) -> None:
    """A plug is loose, and what comes back was set to pounds meanwhile."""
    lost, pounds = ReplyTimeout("no answer"), InstrumentFaulted("it shows lbf", fault="other_unit")
    errors: Iterator[Exception] = cycle([lost, lost, pounds, lost, pounds])
    observed = observed_session(
        tmp_path, spoil=missing((30.0, 31.0), (50.0, 50.15), error=lambda: next(errors))
    )
    said = [text for text in observed.told if NO_READING in text]
    words = [text.partition(" (")[2] for text in said]
    assert words == ["no answer)", "it shows lbf)", "no answer)"]
    assert kinds(observed).count(EventKind.LINK_TROUBLED) == 3


def test_a_stale_reading_is_no_reading(tmp_path: Path) -> None:
    def stale(at_s: float, sample: ForceSample) -> ForceSample:
        old = 30.0 <= at_s < 31.0
        return replace(sample, taken_at_s=sample.taken_at_s - 9.0) if old else sample

    observed = observed_session(tmp_path, spoil=stale)
    assert EventKind.GAP_BEGAN in kinds(observed)
    assert any("9.0 s old" in text for text in observed.told)


def test_an_instrument_that_stays_silent_is_lost(tmp_path: Path) -> None:
    observed = observed_session(tmp_path, spoil=missing((40.0, 1e9)))
    ending = observed.result.ending
    assert ending.outcome == Outcome.LINK_LOST
    assert ending.reason == "instrument lost: no reading for 60 s"
    assert not ending.release_seen
    assert "The cord was not seen free" in " ".join(observed.visit().note.warnings)


def test_a_port_that_is_gone_ends_the_session_at_once(tmp_path: Path) -> None:
    def gone() -> LinkLost:
        return LinkLost("the port is gone")

    observed = observed_session(tmp_path, spoil=missing((40.0, 1e9), error=gone))
    assert observed.result.ending.outcome == Outcome.LINK_LOST
    record = read_session(observed.folder, observed.result.session_id)
    (ended,) = record.of_kind(EventKind.SESSION_ENDED)
    assert ended.at_ms == pytest.approx(40_000, abs=200)


def test_a_table_that_never_pulled_is_no_treatment_and_has_no_charge_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observation, "LONGEST_S", 60.0)
    observed = observed_session(tmp_path, pulls=False)
    record = read_session(observed.folder, observed.result.session_id)
    (ended,) = record.of_kind(EventKind.SESSION_ENDED)
    assert ended.said(SessionEnded).outcome == Outcome.STOPPED
    assert not record.reached_holding
    with pytest.raises(RequestRefused):
        observed.visit().charge()


def test_an_end_before_any_hold_is_stopped(tmp_path: Path) -> None:
    observed = observed_session(tmp_path, script=ENDED.format(at=1))
    ending = observed.result.ending
    assert ending.outcome == Outcome.STOPPED
    assert ending.reason.startswith("no hold was seen")


def test_a_sudden_release_is_told_as_seen_and_never_as_the_patients(tmp_path: Path) -> None:
    visit = observed_session(tmp_path, lets_go_at_s=30.0).visit()
    (stop,) = visit.note.dose.stops
    assert stop.cause == SUDDEN_RELEASE
    text = written(visit, "text").decode().lower()
    assert "sudden release observed" in text
    assert "patient stop" not in text
    assert "patient switch" not in text


def test_what_only_a_driven_table_can_do_is_refused_in_words(tmp_path: Path) -> None:
    script = '[[step]]\nat = "5 s"\ndo = "-5 N"\nby = "A. Example, PT"\n' + ENDED.format(at=60)
    observed = observed_session(tmp_path, script=script)
    assert EventKind.REQUEST_REFUSED in kinds(observed)
    assert any("only observed" in text for text in observed.told)


def test_remarks_and_check_ins_go_into_the_record(tmp_path: Path) -> None:
    steps = [
        '[[step]]\nat = "5 s"\ndo = "remark slept well"\nby = "A. Example, PT"\n',
        '[[step]]\nat = "9 s"\ndo = "check B. Example"\nby = "A. Example, PT"\n',
        ENDED.format(at=60),
    ]
    note = observed_session(tmp_path, script="".join(steps)).visit().note
    assert "slept well" in (note.field("remarks").value or "")
    assert "B. Example" in (note.field("check_ins").value or "")


def test_a_profile_of_a_driven_unit_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProfileInvalid, match="traction_unit"):
        observed_session(tmp_path, table=replace(TABLE, profile="reference_v1"))


def test_the_same_session_gives_the_same_record_to_the_byte(
    whole: Observed, tmp_path: Path
) -> None:
    again = observed_session(tmp_path)
    seals = [read_session(each.folder, each.result.session_id).seal for each in (whole, again)]
    assert seals[0] is not None
    assert seals[0] == seals[1]


def test_a_program_that_died_leaves_a_session_that_the_next_start_closes(tmp_path: Path) -> None:
    def dies(at_s: float, sample: ForceSample) -> ForceSample:
        if at_s >= 60.0:
            raise ZeroDivisionError
        return sample

    with pytest.raises(ZeroDivisionError):
        observed_session(tmp_path, spoil=dies)
    second = observed_session(tmp_path, identifiers=identifiers_from(2))
    assert second.result.recovered == ("session-1",)
    record = read_session(second.folder, "session-1")
    (ended,) = record.of_kind(EventKind.SESSION_ENDED)
    assert ended.said(SessionEnded).outcome == Outcome.INTERRUPTED
    assert ended.said(SessionEnded).reached_holding
    assert EventKind.UNIT_OBSERVED not in [event.kind for event in record.events]


def test_a_second_observation_with_the_same_instrument_is_refused_while_one_runs(
    tmp_path: Path,
) -> None:
    refused: list[str] = []

    def start_again(at_s: float, sample: ForceSample) -> ForceSample:
        if at_s >= 30.0 and not refused:
            with pytest.raises(UnitBusy) as error:
                observed_session(tmp_path, identifiers=identifiers_from(7))
            refused.append(error.value.message)
        return sample

    observed = observed_session(tmp_path, spoil=start_again)
    assert observed.result.ending.outcome == Outcome.COMPLETED
    assert len(refused) == 1


@pytest.mark.parametrize(
    ("profile", "period_ms"), [("laumas_tlb", 100), ("mark10_series5", 50), ("sauter_fh", 100)]
)
def test_transmitters_and_gauges_tell_the_same_treatment_over_their_lines(
    tmp_path: Path, profile: str, period_ms: int
) -> None:
    observed = observed_on_a_wire(tmp_path, profile)
    assert observed.result.ending.outcome == Outcome.COMPLETED
    record = read_session(observed.folder, observed.result.session_id)
    told = record.started.session.observation
    assert told is not None
    assert told.period_ms == period_ms
    dose = observed.visit().note.dose
    assert dose.traction_ms == pytest.approx(60_000, abs=1500)
    assert dose.mean_hold_force_dn == pytest.approx(590, abs=10)
    assert record.course.cycles == 2

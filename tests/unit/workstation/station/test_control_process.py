"""The process that keeps a unit: what it watches, what it drives, and what it never does."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pytest_mock import MockerFixture

from controller.errors import LinkLost
from controller.event_details.ending import SessionEnded
from controller.event_details.findings_and_alarms import AlarmRaised
from controller.event_details.table import session_event
from controller.event_details.treatment import ForceAdjusted
from controller.events import EventKind, Outcome
from controller.questions import Question
from controller.requests import (
    AcknowledgeAlarms,
    AdjustForce,
    CheckIn,
    EndEarly,
    Pause,
    PauseSound,
    Resume,
    SessionRequest,
)
from controller.runtime.alarm_keeper import OTHER_ALARMS
from controller.snapshot import Doing, Snapshot
from records.evidence.journal import SqliteJournal, open_session
from records.evidence.reader import SessionRecord, list_sessions
from records.order.order_file import parse_order
from records.order.planned_order import PlannedOrder
from tests.support.control_stage import (
    ADDRESS,
    ASKER,
    LEFT_OPEN,
    Attendant,
    ControlStage,
    record_of,
)
from tests.support.scheduling import Scheduler
from tests.support.sessions import KEY, SHORT_CERVICAL
from tests.support.standing import example, keep
from tests.support.station_peers import PaperPeer
from workstation.session import realtime
from workstation.session import treat as treating
from workstation.session.filing import read_filed
from workstation.session.opening import opening_of
from workstation.session.workplace import FiledSession, Workplace
from workstation.sound.day_check import Hearing, keep_hearing
from workstation.station import control_process
from workstation.station.control_process import NO_STATION, NOTE_THREAD
from workstation.station.lost_programs import LostPrograms
from workstation.station.messages import Heartbeat, MadeRequest, OrderedStop, PeerRole
from workstation.station.place import Held, station_folder


def reason_of(record: SessionRecord) -> str:
    (ended,) = record.of_kind(EventKind.SESSION_ENDED)
    return ended.said(SessionEnded).reason


def test_a_whole_session_by_messages_and_the_unit_is_watched_before_and_behind(
    stage: ControlStage,
) -> None:
    attendant = Attendant(stage)
    stage.run(attendant)
    record = record_of(stage)
    assert attendant.filed is not None
    assert record.head.session_id == attendant.filed.session_id
    assert record.outcome == "completed"
    answers = record.of_kind(EventKind.QUESTION_ANSWERED)
    assert {event.detail["by"] for event in answers} == {ASKER}
    assert "start_traction" in [event.detail["question"] for event in answers]
    doing = [snapshot.doing for snapshot in stage.desk.shown]
    assert (doing[0], doing[-1]) == (Doing.BUSY, Doing.IDLE)
    busy = {snapshot.busy_with for snapshot in stage.desk.shown}
    assert busy == {"", "checking the records", "sealing the record"}
    assert stage.told[-1] == f"session {record.head.session_id}: completed (treatment time reached)"
    ended, logged = stage.logged[-2:]
    assert ended == f"session {record.head.session_id}: completed"
    ticks = int(logged.removeprefix(f"session {record.head.session_id}: ").split()[0])
    assert abs(ticks - len(record.samples)) < 50
    assert logged.endswith(
        " ticks, late by p50 0.01 ms, p99 0.01 ms, p99.9 0.01 ms, at most 0.0 ms"
    )
    open_ = [[asked.question for asked in snapshot.questions] for snapshot in stage.desk.shown]
    assert [Question.START_TRACTION] in open_
    assert open_[-1] == []


@pytest.mark.skipif(sys.platform != "linux", reason="other systems are not asked")
def test_records_are_checked_and_sealed_behind_others_and_everything_else_before_them(
    stage: ControlStage, mocker: MockerFixture
) -> None:
    scheduler = Scheduler(mocker)
    mocker.patch.object(realtime, "_lock_memory", return_value="")
    mocker.patch.object(realtime, "collect_often")
    realtime.take_realtime_rights()
    slow = dict[str, bool]()

    def noting(name: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **kwargs: Any) -> Any:
            slow[name] = not scheduler.is_real_time
            return work(*args, **kwargs)

        return noted

    slow_works = (
        (control_process, "read_filed"),
        (treating, "prepared"),
        (treating, "check_before_start"),
        (treating, "recover"),
        (treating, "open_session"),
        (SqliteJournal, "close"),
    )
    for owner, name in slow_works:
        mocker.patch.object(owner, name, noting(name, getattr(owner, name)))
    shown = list[tuple[Doing, bool]]()

    def sees(snapshot: Snapshot) -> None:
        shown.append((snapshot.doing, scheduler.is_real_time))

    stage.run(Attendant(stage, sees, ends_in="holding"))
    assert slow == {name: True for _, name in slow_works}
    assert set(shown) == {(Doing.SESSION, True)}
    assert record_of(stage).outcome == "stopped"


def test_a_program_that_was_lost_is_an_alarm_until_a_named_person_takes_note(
    stage: ControlStage,
) -> None:
    stage.leave_open()
    seen = list[Snapshot]()
    outcomes = list[tuple[str, str]]()

    def ask(request: SessionRequest) -> None:
        message = MadeRequest(id=stage.new_id(), session_id=LEFT_OPEN, request=request)
        outcomes.extend(each[1:] for each in stage.say(message).outcomes)

    def play(snapshot: Snapshot) -> None:
        if snapshot.doing is not Doing.IDLE or snapshot.message:
            return
        seen.append(snapshot)
        if len(seen) == 1:
            (alarm,) = snapshot.alarms_on_screen
            ask(CheckIn(by=ASKER))
            ask(AcknowledgeAlarms(by=ASKER, alarms=(replace(alarm, number=alarm.number + 1),)))
            ask(PauseSound(by=ASKER))
        if len(seen) == 3:
            ask(AcknowledgeAlarms(by=ASKER, alarms=snapshot.alarms_on_screen))
        if len(seen) == 5:
            ask(AcknowledgeAlarms(by=ASKER, alarms=()))
            stage.leave()

    stage.run(play)
    assert outcomes == [
        ("refused", "the session is over"),
        ("refused", OTHER_ALARMS),
        ("followed", f"no tones for 120 s, by {ASKER}"),
        ("followed", f"acknowledged by {ASKER}: control gone"),
        ("refused", f"session {LEFT_OPEN} is not open on Table 1"),
    ]
    assert [[one.code for one in shown.alarms] for shown in seen[:5]] == [["control_gone"]] * 3 + [
        [],
        [],
    ]
    assert [shown.session_id for shown in seen[2:4]] == [LEFT_OPEN, ""]
    assert [shown.tone for shown in stage.desk.shown].count(True) == 1, "then its sound is paused"
    assert seen[2].sound_paused_s == pytest.approx(119.9, abs=0.2)
    assert f"closed as interrupted: session {LEFT_OPEN}" in stage.logged
    record = record_of(stage)
    assert record.outcome == "interrupted"
    (raised,) = record.of_kind(EventKind.ALARM_RAISED)
    assert raised.said(AlarmRaised).code == "control_gone"


def idle_alarms(stage: ControlStage, *, acknowledge: bool = False) -> list[str]:
    """Start the program of the unit; returns the alarms of the unit once it is watched."""
    seen = list[Snapshot]()

    def play(snapshot: Snapshot) -> None:
        if snapshot.doing is not Doing.IDLE or snapshot.message or seen:
            return
        seen.append(snapshot)
        if acknowledge:
            request = AcknowledgeAlarms(by=ASKER, alarms=snapshot.alarms_on_screen)
            stage.say(
                MadeRequest(id=stage.new_id(), session_id=snapshot.session_id, request=request)
            )
        stage.leave()

    stage.restart()
    stage.run(play)
    return [one.code for one in seen[0].alarms]


def test_a_lost_program_stays_an_alarm_over_every_start_until_a_named_person_takes_note(
    stage: ControlStage,
) -> None:
    stage.leave_open()
    assert idle_alarms(stage) == ["control_gone"]
    assert idle_alarms(stage) == ["control_gone"]
    assert idle_alarms(stage, acknowledge=True) == ["control_gone"]
    assert f"session {LEFT_OPEN}: control_gone acknowledged by {ASKER}" in stage.logged
    wait_for_notes()
    assert idle_alarms(stage) == []
    for kept in station_folder(stage.folder.path).glob("*.noted"):
        kept.unlink()
    assert idle_alarms(stage) == ["control_gone"], "without the file it is raised once more"


@pytest.mark.parametrize("names_its_unit", [True, False])
def test_a_lost_program_is_an_alarm_before_its_unit_can_be_reached(
    stage: ControlStage, *, names_its_unit: bool
) -> None:
    stage.leave_open()
    if not names_its_unit:
        keep(stage.folder, example("unit", address=ADDRESS), made_from=1)
    stage.unreachable = LinkLost("nothing answers at 192.0.2.5")
    alarms = list[list[str]]()

    def play(snapshot: Snapshot) -> None:
        if snapshot.doing is not Doing.IDLE:
            return
        alarms.append([one.code for one in snapshot.alarms])
        if stage.unreachable is None and not snapshot.message:
            stage.leave()
        elif len(alarms) == 5:
            request = AcknowledgeAlarms(by=ASKER, alarms=snapshot.alarms_on_screen)
            stage.say(MadeRequest(id=stage.new_id(), session_id=LEFT_OPEN, request=request))
        elif len(alarms) == 10:
            stage.unreachable = None

    stage.run(play)
    wait_for_notes()
    assert alarms[:5] == [["control_gone"]] * 5
    assert not any(alarms[5:]), "who took note is not asked again when the unit answers"
    assert f"session {LEFT_OPEN}: control_gone acknowledged by {ASKER}" in stage.logged
    record = record_of(stage)
    assert record.outcome == "interrupted"
    assert record.of_kind(EventKind.ALARM_RAISED), "the record keeps that it was lost"
    assert idle_alarms(stage) == []


def test_a_session_that_had_ended_or_is_driven_is_not_taken_for_a_lost_one(
    stage: ControlStage,
) -> None:
    lost = LostPrograms(stage.folder, stage.unit_id)
    assert lost.left_open() is None, "there is no session on file"
    clock = stage.stage.clock
    unit = stage.stage.connect(ADDRESS, clock)
    planned = PlannedOrder.of(parse_order(SHORT_CERVICAL, "test"))
    opening = opening_of(LEFT_OPEN, ADDRESS, planned, unit, stage.workplace, "00" * 8)
    unit.close()
    journal = open_session(stage.folder, opening, clock, key=KEY)
    assert lost.left_open() is None, "its program runs"
    ended = SessionEnded(outcome=Outcome.STOPPED, reason="operator stop", reached_holding=False)
    journal.append_event(session_event(ended, at_ms=10), at_once=True)
    journal.sync()
    journal.abandon()
    assert lost.left_open() is None, "its end was written, only the seal is missing"


def wait_for_notes() -> None:
    for thread in threading.enumerate():
        if thread.name == NOTE_THREAD:
            thread.join()


def test_a_session_of_a_unit_that_another_program_keeps_is_left_to_that_program(
    stage: ControlStage,
) -> None:
    other = "00c0ffee00c0ffee"
    clock = stage.stage.clock
    unit = stage.stage.connect(ADDRESS, clock)
    planned = PlannedOrder.of(parse_order(SHORT_CERVICAL, "test"))
    opening = opening_of(LEFT_OPEN, ADDRESS, planned, unit, stage.workplace, "00" * 8)
    unit.close()
    opening = replace(opening, unit_id=other)
    open_session(stage.folder, opening, clock, key=KEY).abandon()
    kept = Held(stage.folder.station_lock(other), "x")
    looked = list[str]()

    def play(snapshot: Snapshot) -> None:
        if snapshot.doing is Doing.IDLE and not snapshot.message:
            looked.append(record_of(stage).outcome)
            stage.leave()

    stage.run(play)
    assert set(looked) == {"interrupted (not yet closed)"}
    kept.release()
    stage.desk.leaving = ""
    stage.run(play)
    assert record_of(stage).outcome == "interrupted"
    (raised,) = record_of(stage).of_kind(EventKind.ALARM_RAISED)
    assert raised.said(AlarmRaised).code == "control_gone"
    assert LostPrograms(stage.folder, other).unnoted() == LEFT_OPEN, "its own next program says it"


def test_who_begins_the_next_session_has_taken_note_by_name(stage: ControlStage) -> None:
    stage.leave_open()
    alarms, told = set[str](), list[str]()

    def sees(snapshot: Snapshot) -> None:
        alarms.update(one.code for one in snapshot.alarms)
        if not told:
            told.extend(stage.told)

    stage.run(Attendant(stage, sees, ends_in="holding"))
    assert "control_gone" not in alarms
    assert f"acknowledged by {ASKER}: control gone" in told


def test_the_log_has_what_was_said_of_unit_and_program_and_nothing_of_a_patient(
    stage: ControlStage,
) -> None:
    stage.unreachable = LinkLost("nothing answers at 192.0.2.5")

    def play(snapshot: Snapshot) -> None:
        if snapshot.message:
            stage.unreachable = None
        attendant(snapshot)

    attendant = Attendant(stage, ends_in="holding")
    stage.run(play)
    assert attendant.filed is not None
    assert stage.logged[:2] == ["Table 1: nothing answers at 192.0.2.5", NO_STATION]
    assert [line.partition(": ")[0] for line in stage.logged[2:]] == [
        f"session {attendant.filed.session_id}"
    ] * 2


def test_without_a_session_nothing_is_written_but_reads(stage: ControlStage) -> None:
    looks = []

    def play(snapshot: Snapshot) -> None:
        looks.append(snapshot)
        if len(looks) == 200:
            stage.leave()

    stage.run(play)
    assert list_sessions(stage.folder) == []
    assert looks[-1].doing is Doing.IDLE
    assert looks[-1].force_n is not None


@pytest.mark.parametrize(
    "phase",
    ["checking", "taking_up_slack", "ramping_up", "holding", "ramping_down", "resting"],
)
def test_a_stop_in_each_phase_releases_and_waits_for_a_named_person(
    stage: ControlStage, phase: str
) -> None:
    seen = list[str]()
    stops = list[tuple[str, str, str]]()

    def sees(snapshot: Snapshot) -> None:
        seen.append(snapshot.phase)
        if snapshot.phase == phase and not stops:
            press = OrderedStop(id="press", by="STOP from 127.0.0.1")
            stops.extend(stage.say(press, role=PeerRole.STATION).outcomes)

    stage.run(Attendant(stage, sees))
    assert stops == [("press", "followed", "")]
    record = record_of(stage)
    if phase == "checking":
        assert record.outcome == "refused"
        assert not record.of_kind(EventKind.UNIT_ARMED)
        return
    assert record.outcome == "stopped"
    assert reason_of(record) == "operator stop (STOP from 127.0.0.1)"
    after = seen[seen.index(phase) + 1 :]
    assert after[0] == "releasing"
    answers = [e.detail["question"] for e in record.of_kind(EventKind.QUESTION_ANSWERED)]
    assert answers[-1] == "end_acknowledged"


def test_a_leave_in_a_hold_releases_and_ends_the_process_without_a_question(
    stage: ControlStage,
) -> None:
    left = list[PaperPeer]()

    def sees(snapshot: Snapshot) -> None:
        if snapshot.phase == "holding" and not left:
            left.append(stage.leave())

    stage.run(Attendant(stage, sees))
    record = record_of(stage)
    assert record.outcome == "stopped"
    answers = [e.detail["question"] for e in record.of_kind(EventKind.QUESTION_ANSWERED)]
    assert "end_acknowledged" not in answers
    assert stage.desk.shown[-1].doing is Doing.BUSY, "sealing is the last thing"


def test_a_double_click_is_one_decrease(stage: ControlStage) -> None:
    outcomes = list[tuple[str, str, str]]()
    less = AdjustForce(by=ASKER, change_n=-5.0)

    def sees(snapshot: Snapshot) -> None:
        if snapshot.phase == "holding" and not outcomes:
            message = MadeRequest(id="click", session_id=snapshot.session_id, request=less)
            stage.say(message, message)
            outcomes.append(("sent", "", ""))
        if snapshot.phase == "resting" and len(outcomes) == 1:
            message = MadeRequest(id="click", session_id=snapshot.session_id, request=less)
            outcomes.extend(stage.say(message).outcomes)

    stage.run(Attendant(stage, sees, ends_in="resting"))
    (adjusted,) = record_of(stage).of_kind(EventKind.FORCE_ADJUSTED)
    said = adjusted.said(ForceAdjusted)
    assert (said.old_force_dn, said.new_force_dn) == (600, 550)
    assert [outcome[:2] for outcome in outcomes[1:]] == [("click", "followed")]


NOT_NOW: dict[str, tuple[SessionRequest, ...]] = {
    "checking": (Pause(by=ASKER), AdjustForce(by=ASKER, change_n=-5.0), EndEarly(by=ASKER)),
    "taking_up_slack": (Resume(by=ASKER),),
    "holding": (Resume(by=ASKER), AdjustForce(by=ASKER, change_n=500.0)),
    "releasing": (Pause(by=ASKER), AdjustForce(by=ASKER, change_n=-5.0)),
    "completed": (Pause(by=ASKER), CheckIn(by=ASKER)),
}


def test_what_is_not_possible_now_is_refused_with_its_reason(stage: ControlStage) -> None:
    """One session: a request that is refused changes nothing for those behind it."""
    asked = dict[str, list[MadeRequest]]()

    def sees(snapshot: Snapshot) -> None:
        if snapshot.phase in NOT_NOW and snapshot.phase not in asked:
            asked[snapshot.phase] = [
                MadeRequest(id=stage.new_id(), session_id=snapshot.session_id, request=request)
                for request in NOT_NOW[snapshot.phase]
            ]
            stage.say(*asked[snapshot.phase])

    stage.run(Attendant(stage, sees))
    assert record_of(stage).outcome == "completed"
    assert asked.keys() == NOT_NOW.keys()
    for messages in asked.values():
        outcomes = stage.say(*messages).outcomes
        assert [outcome[0] for outcome in outcomes] == [message.id for message in messages]
        assert all(result == "refused" and reason for _, result, reason in outcomes), outcomes


def test_who_asks_while_a_session_runs_is_told_who_has_the_table(stage: ControlStage) -> None:
    told = list[tuple[str, str, str]]()

    def sees(snapshot: Snapshot) -> None:
        if snapshot.phase == "holding" and not told:
            told.extend(stage.prepare(stage.file(), by="B. Person").outcomes)

    stage.run(Attendant(stage, sees, ends_in="holding"))
    assert [outcome[1:] for outcome in told] == [
        ("refused", f"{ASKER} has been responsible at Table 1 since 14:01.")
    ]
    assert len(list_sessions(stage.folder)) == 1


def test_an_order_that_is_not_on_file_begins_nothing(stage: ControlStage) -> None:
    peers = list[PaperPeer]()

    def play(snapshot: Snapshot) -> None:
        if snapshot.doing is Doing.IDLE and not snapshot.message:
            if peers:
                stage.leave()
            else:
                filed = stage.file()
                peers.append(stage.prepare(filed, order_digest="00" * 32))

    stage.run(play)
    assert list_sessions(stage.folder) == []
    ((_, result, reason),) = stage.say(*peers[0].said[1:]).outcomes
    assert result == "refused"
    assert "is not the one that was asked for" in reason


def test_a_unit_that_cannot_be_reached_is_told_once_and_tried_again(stage: ControlStage) -> None:
    stage.unreachable = LinkLost("nothing answers at 192.0.2.5")
    began_s = stage.stage.clock.now_s()

    def play(snapshot: Snapshot) -> None:
        waited_s = stage.stage.clock.now_s() - began_s
        if waited_s > 20.0 and stage.unreachable is not None:
            press = stage.say(OrderedStop(id="press", by="door"))
            assert press.outcomes == [("press", "nothing_open", "")]
            assert press.heard[-1].force_n is None  # type: ignore[attr-defined]
            stage.unreachable = None
        if snapshot.doing is Doing.IDLE and not snapshot.message:
            stage.leave()

    stage.run(play)
    assert stage.told.count("Table 1: nothing answers at 192.0.2.5") == 1
    messages = {snapshot.message for snapshot in stage.desk.shown}
    assert "the unit does not answer" in messages


def test_a_unit_that_another_program_keeps_is_not_driven(stage: ControlStage) -> None:
    path = stage.folder.station_lock(stage.unit_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    other = Held(path, "x")
    began_s = stage.stage.clock.now_s()

    def play(snapshot: Snapshot) -> None:
        if stage.stage.clock.now_s() - began_s > 3.0:
            stage.leave()

    stage.run(play)
    other.release()
    assert f"Table 1: unit {stage.unit_id} is kept by another program of the station" in stage.told
    assert all(snapshot.force_n is None for snapshot in stage.desk.shown)


SAYS = {
    Hearing.HEARD: ("loudspeaker", True, ""),
    Hearing.WITHOUT: ("it is being repaired", False, ""),
    Hearing.NOT_HEARD: ("loudspeaker", True, "nobody heard the sound today"),
    Hearing.NOT_ASKED: ("", True, "nobody has said today whether the sound is heard"),
}


@pytest.mark.parametrize("hearing", SAYS)
def test_a_station_starts_nothing_where_nobody_would_hear_its_alarms(
    stage: ControlStage, hearing: Hearing
) -> None:
    detail, sounds, refusal = SAYS[hearing]
    stage.say(Heartbeat(live_pages=0, sounds=sounds), role=PeerRole.STATION)
    if hearing is not Hearing.NOT_ASKED:
        keep_hearing(stage.folder, stage.author(), stage.today(), hearing, detail)
    reason = refused_because(stage)
    assert bool(reason) == bool(refusal)
    assert refusal in reason


def test_a_loudspeaker_that_was_heard_and_has_gone_refuses_too(stage: ControlStage) -> None:
    keep_hearing(stage.folder, stage.author(), stage.today(), Hearing.HEARD, "loudspeaker")
    stage.say(Heartbeat(live_pages=0, sounds=False), role=PeerRole.STATION)
    assert refused_because(stage).startswith("NO SOUND")


def test_without_a_station_it_is_said_that_alarms_sound_nowhere(stage: ControlStage) -> None:
    assert refused_because(stage) == ""
    assert NO_STATION in stage.texts


def refused_because(stage: ControlStage) -> str:
    """Why a session that was asked for did not begin; "" where it did, and was stopped."""
    asked = list[PaperPeer]()

    def play(snapshot: Snapshot) -> None:
        if snapshot.doing is Doing.SESSION:
            stage.leave()
        elif snapshot.doing is Doing.IDLE and not snapshot.message:
            if asked:
                stage.leave()
            else:
                asked.append(stage.prepare(stage.file()))

    stage.run(play)
    stage.texts = stage.told
    ((_, result, reason),) = stage.say(*asked[0].said[1:]).outcomes
    assert (result == "refused") == bool(reason)
    return reason


def test_a_stop_while_the_order_is_read_begins_no_session(
    stage: ControlStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    pressed = list[PaperPeer]()

    def read_slowly(workplace: Workplace, filed: FiledSession) -> object:
        press = OrderedStop(id="press", by="STOP from 127.0.0.1")
        pressed.append(stage.say(press, role=PeerRole.STATION))
        return read_filed(workplace, filed)

    monkeypatch.setattr("workstation.station.control_process.read_filed", read_slowly)
    assert refused_because(stage) == "stopped by STOP from 127.0.0.1 before it began"
    assert pressed[0].outcomes == [("press", "nothing_open", "")]
    assert list_sessions(stage.folder) == []

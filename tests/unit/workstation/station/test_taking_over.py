"""Another person takes over a session: where that is possible, and what is known of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest

from controller.event_details.treatment import RefusalRecorded, ResponsibilityTaken
from controller.events import EventKind
from controller.requests import Pause, Resume, TakeOver
from controller.snapshot import Doing, Snapshot
from records.store.record_folder import RecordFolder
from tests.support.control_stage import (
    ASKER,
    Attendant,
    ControlStage,
    control_stage,
    record_of,
)
from workstation.station.messages import MadeRequest, PeerRole
from workstation.station.responsible import responsible_words

PERSONS = {
    "checking": "B. Person",
    "taking_up_slack": "C. Person",
    "holding": "D. Person",
    "paused": "E. Person",
    "releasing": "F. Person",
}
"""Who takes over in which phase."""
TOO_LATE = "completed"


class Handing:
    """In each phase of ``PERSONS`` another person takes over; the treatment is paused once.

    While the unit is checked and in the first hold somebody else wants the table: ``told`` is why
    they do not get it.
    """

    def __init__(self, stage: ControlStage) -> None:
        self.stage = stage
        self.told: dict[str, str] = {}
        self.shown: dict[str, list[Snapshot]] = {}
        self.asked: dict[str, MadeRequest] = {}
        self.first_stay: dict[str, Snapshot] = {}
        """How each phase was shown last before it ended for the first time."""
        self._paused = False
        self._phase = ""
        self._left = set[str]()

    def __call__(self, snapshot: Snapshot) -> None:
        phase = snapshot.phase
        self.shown.setdefault(phase, []).append(snapshot)
        if phase != self._phase:
            self._left.add(self._phase)
        if phase not in self._left:
            self.first_stay[phase] = snapshot
        self._phase = phase
        by = PERSONS.get(phase, "G. Person" if phase == TOO_LATE else "")
        if by and phase not in self.asked:
            self.asked[phase] = self.stage.request(snapshot.session_id, TakeOver(by=by))
        elif phase == "resting" and not self._paused:
            self._paused = True
            self.stage.request(snapshot.session_id, Pause(by="D. Person"))
        elif phase == "paused" and len(self.shown[phase]) == 10:
            self.stage.request(snapshot.session_id, Resume(by="E. Person"))
        if phase in ("checking", "holding") and len(self.shown[phase]) == 5:
            ((_, _, reason),) = self.stage.prepare(self.stage.file(), by="X. Person").outcomes
            self.told[phase] = reason


@pytest.fixture(scope="module")
def handing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handing]:
    """One session in which everybody takes over in turn, for all tests that look at it."""
    with control_stage(RecordFolder(tmp_path_factory.mktemp("handing"))) as stage:
        handing = Handing(stage)
        stage.run(Attendant(stage, handing))
        yield handing


def test_who_takes_over_is_responsible_from_then_on_in_every_phase(handing: Handing) -> None:
    record = record_of(handing.stage)
    taken = [e.said(ResponsibilityTaken) for e in record.of_kind(EventKind.RESPONSIBILITY_TAKEN)]
    persons = [ASKER, *PERSONS.values()]
    assert [(each.from_by, each.by) for each in taken] == list(pairwise(persons))
    assert record.outcome == "completed", "it changes no force"
    for phase, message in handing.asked.items():
        ((_, result, reason),) = handing.stage.say(message).outcomes
        assert result == ("refused" if phase == TOO_LATE else "followed"), reason
    ends = {phase: shown.responsible for phase, shown in handing.first_stay.items()}
    assert ends == {**ends, **PERSONS, TOO_LATE: "F. Person"}
    since_ms = [shown.responsible_since_ms or 0 for shown in handing.first_stay.values()]
    assert since_ms == sorted(since_ms)
    assert len(set(since_ms)) == len(PERSONS)


def test_what_is_followed_says_who_was_responsible_until_then(handing: Handing) -> None:
    said = handing.stage.say(handing.asked["paused"]).outcomes
    told = "E. Person is responsible from now on, until now D. Person"
    assert [each[1:] for each in said] == [("followed", told)]


def test_the_same_id_is_one_taking_over_and_nobody_takes_over_from_themselves(
    stage: ControlStage,
) -> None:
    sent = list[MadeRequest]()

    def sees(snapshot: Snapshot) -> None:
        if snapshot.phase == "holding" and not sent:
            for request_id, by in (
                ("one", "B. Person"),
                ("one", "B. Person"),
                ("two", "B. Person"),
            ):
                sent.append(
                    MadeRequest(
                        id=request_id, session_id=snapshot.session_id, request=TakeOver(by=by)
                    )
                )
            stage.say(*sent)

    stage.run(Attendant(stage, sees, ends_in="holding"))
    record = record_of(stage)
    assert len(record.of_kind(EventKind.RESPONSIBILITY_TAKEN)) == 1
    (refused,) = record.of_kind(EventKind.REQUEST_REFUSED)
    assert refused.said(RefusalRecorded) == RefusalRecorded(
        request="take_over", by="B. Person", reason="B. Person is responsible already"
    )
    assert [each[:2] for each in stage.say(sent[0], sent[2]).outcomes] == [
        ("one", "followed"),
        ("two", "refused"),
    ]


def test_before_a_session_is_begun_and_behind_it_nobody_takes_over(stage: ControlStage) -> None:
    outcomes = dict[Doing, tuple[str, str]]()
    over = list[Snapshot]()

    def play(snapshot: Snapshot) -> None:
        filed = attendant.filed
        if snapshot.doing is Doing.SESSION:
            over.append(snapshot)
        elif filed is not None and snapshot.doing not in outcomes:
            request = TakeOver(by="B. Person")
            asked = MadeRequest(id=stage.new_id(), session_id=filed.session_id, request=request)
            ((_, *became),) = stage.say(asked).outcomes
            outcomes[snapshot.doing] = (became[0], became[1])
        attendant(snapshot)

    attendant = Attendant(stage, ends_in="holding")
    stage.run(play)
    assert over
    assert attendant.filed is not None
    reason = f"session {attendant.filed.session_id} is not open on Table 1"
    assert outcomes == dict.fromkeys((Doing.BUSY, Doing.IDLE), ("refused", reason))
    assert not record_of(stage).of_kind(EventKind.RESPONSIBILITY_TAKEN)


def test_who_only_watches_takes_nothing_over(stage: ControlStage) -> None:
    refusals = list[str]()

    def sees(snapshot: Snapshot) -> None:
        if snapshot.phase == "holding" and not refusals:
            request = TakeOver(by="B. Person")
            message = MadeRequest(id="x", session_id=snapshot.session_id, request=request)
            refusals.extend(stage.say(message, role=PeerRole.WATCH).refusals)

    stage.run(Attendant(stage, sees, ends_in="holding"))
    assert len(refusals) == 1
    assert "kind watch may not send MadeRequest" in refusals[0]
    assert not record_of(stage).of_kind(EventKind.RESPONSIBILITY_TAKEN)


def test_who_wants_the_table_is_told_who_has_it_now(handing: Handing) -> None:
    assert handing.told == {
        "checking": "B. Person has been preparing Table 1 since 14:01.",
        "holding": "D. Person has been responsible at Table 1 since 14:01.",
    }


def test_a_session_says_who_is_responsible_from_its_first_moment_to_its_seal(
    stage: ControlStage,
) -> None:
    stage.run(Attendant(stage, ends_in="holding"))
    shown = [each for each in stage.desk.shown if each.session_id]
    words = [responsible_words(each, "Table 1", lambda utc_ms: "14:01") for each in shown]
    in_order = list(dict.fromkeys(words))
    assert in_order == [
        f"{ASKER} has been preparing Table 1 since 14:01.",
        f"{ASKER} has been responsible at Table 1 since 14:01.",
        "",
    ]
    sealing = [each for each in shown if each.busy_with == "sealing the record"]
    assert sealing, "behind the treatment nobody prepares"
    assert {each.responsible for each in sealing} == {""}
    idle = replace(shown[-1], doing=Doing.IDLE)
    assert responsible_words(idle, "Table 1", lambda utc_ms: "14:01") == ""

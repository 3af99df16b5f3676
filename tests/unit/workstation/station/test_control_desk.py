"""What the desk of a unit takes from whom, and what it answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from controller.errors import RequestRefused
from controller.ports import NOBODY_WATCHES
from controller.questions import Question
from controller.requests import CheckIn, EndEarly, RequestSettled
from controller.runtime.clock import VirtualClock
from controller.snapshot import Doing, Said, SettledCheck, Snapshot
from tests.support.real_time import wait_until
from tests.support.station_peers import PaperPeer
from workstation.station.asked_messages import REMEMBERED
from workstation.station.control_desk import BUSY_EVERY_S, ControlDesk
from workstation.station.messages import (
    FRESH_S,
    LAST_SAID,
    VERSION,
    Announce,
    Followed,
    GivenAnswer,
    Heartbeat,
    Hello,
    Leave,
    MadeRequest,
    OrderedStop,
    PeerRole,
    Prepare,
    RequestOutcome,
    TraceOn,
    encoded,
)
from workstation.station.remote_operator import (
    REQUESTS_AT_A_TIME,
    REQUESTS_WAITING,
    RemoteOperator,
)

SHOWN = Snapshot(number=0, utc_ms=0, doing=Doing.IDLE, phase="idle", force_n=1.8, reading_age_s=0.0)
PREPARE = Prepare(id="p1", session_id="s1", patient_key="aa", order_digest="bb", by="A. Example")


class Bench:
    """A desk, and connections to it that say something and go."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.traced: list[str] = []
        self.desk = ControlDesk("Table 1", self.clock, lambda utc_ms: "14:01", self.trace)

    def trace(self, by: str) -> Path:
        """The file of a trace; there is no room for a second one."""
        self.traced.append(by)
        if len(self.traced) > 1:
            raise RequestRefused("no room")
        return Path("line.capture")

    def say(self, *messages: object, role: PeerRole = PeerRole.CONSOLE) -> PaperPeer:
        peer = PaperPeer(Hello(version=VERSION, role=role), *messages)
        self.desk.serve(peer)
        return peer

    def begin(self) -> RemoteOperator:
        """A session that runs; returns who answers in it."""
        self.say(PREPARE)
        operator = self.desk.begin(PREPARE)
        assert operator is not None
        return operator

    def wait(self, seconds: float) -> None:
        self.clock.sleep_until(self.clock.now_s() + seconds)


class WatchingPeer(PaperPeer):
    """Stays connected while the process works, and then shows what comes behind it."""

    def __init__(self, bench: Bench) -> None:
        super().__init__(Hello(version=VERSION, role=PeerRole.WATCH))
        self._bench = bench

    def receive(self, timeout_s: float | None = None) -> bytes | None:
        if self.says:
            return super().receive(timeout_s)
        desk = self._bench.desk
        desk.show_busy("checking the records")
        desk.repeat_busy()
        for _ in range(3):
            self._bench.wait(BUSY_EVERY_S)
            desk.repeat_busy()
        desk.show(SHOWN)
        self._bench.wait(1.0)
        desk.repeat_busy()
        raise EOFError


def answered(question: Question, by: str, number: str, *, yes: bool = True) -> GivenAnswer:
    return GivenAnswer(id=number, session_id="s1", question=question, accepted=yes, by=by)


def requested(number: str, session_id: str = "s1") -> MadeRequest:
    return MadeRequest(id=number, session_id=session_id, request=CheckIn(by="A. Example"))


def test_who_connects_is_told_the_unit_what_was_said_and_the_present() -> None:
    bench = Bench()
    bench.desk.unit_id = "00aa"
    for number in range(LAST_SAID + 5):
        bench.desk.tell(f"text {number}")
    bench.desk.show(SHOWN)
    peer = bench.say()
    assert (peer.welcome.unit, peer.welcome.unit_id) == ("Table 1", "00aa")
    assert peer.texts == [f"text {number}" for number in range(5, LAST_SAID + 5)]
    assert [each.force_n for each in peer.snapshots] == [1.8]


def test_items_of_the_self_check_are_told_again_however_many_there_were() -> None:
    bench = Bench()
    bench.begin()
    bench.desk.tell("before")
    checks = [SettledCheck(name=f"item {n}", state="passed", value="x") for n in range(LAST_SAID)]
    for check in checks:
        bench.desk.tell_check(check)
    bench.desk.tell("behind")
    peer = bench.say()
    assert peer.texts == ["before", *(check.told for check in checks), "behind"]
    assert [each.check for each in peer.all_of(Said) if each.check] == checks
    assert {each.session_id for each in peer.all_of(Said)[1:]} == {"s1"}


@pytest.mark.parametrize("first", [Heartbeat(live_pages=1), OrderedStop(id="s", by="x"), b"", b"["])
def test_a_connection_that_does_not_say_hello_first_gets_nothing(first: object) -> None:
    bench = Bench()
    peer = PaperPeer(first, OrderedStop(id="s1", by="x"))
    bench.desk.serve(peer)
    assert peer.outcomes == []
    assert not bench.desk.take_idle_stop()
    assert peer.says, "nothing more was read"


def test_another_version_is_refused_by_name() -> None:
    peer = PaperPeer(encoded(Hello(version=VERSION, role=PeerRole.CONSOLE)).replace(b":1", b":2"))
    Bench().desk.serve(peer)
    assert len(peer.refusals) == 1
    assert "version 2" in peer.refusals[0]


@pytest.mark.parametrize(
    ("role", "message"),
    [
        (PeerRole.WATCH, PREPARE),
        (PeerRole.WATCH, requested("r")),
        (PeerRole.WATCH, answered(Question.LIFT_LOCKED, "A", "a")),
        (PeerRole.WATCH, Leave(id="l", by="A")),
        (PeerRole.WATCH, Announce(text="x")),
        (PeerRole.WATCH, TraceOn(id="t", by="A")),
        (PeerRole.STATION, PREPARE),
        (PeerRole.STATION, requested("r")),
        (PeerRole.STATION, answered(Question.LIFT_LOCKED, "A", "a")),
        (PeerRole.CONSOLE, Leave(id="l", by="A")),
    ],
)
def test_a_role_may_send_what_its_row_says_and_the_connection_stays(
    role: PeerRole, message: object
) -> None:
    bench = Bench()
    peer = bench.say(message, OrderedStop(id="stop", by="A"), role=role)
    assert len(peer.refusals) == 1
    assert f"kind {role.value} may not send {type(message).__name__}" in peer.refusals[0]
    assert peer.outcomes == [("stop", "nothing_open", "")]
    assert bench.desk.asked_session() is None
    assert not bench.desk.leaving


def test_rubbish_is_refused_and_what_comes_behind_it_is_heard() -> None:
    peer = Bench().say(b"\xff", b'{"kind":"nosuch"}', OrderedStop(id="stop", by="A"))
    assert len(peer.refusals) == 2
    assert peer.outcomes == [("stop", "nothing_open", "")]


def test_one_session_at_a_time_and_the_second_is_told_who_has_the_table() -> None:
    bench = Bench()
    first = bench.say(PREPARE)
    assert bench.desk.asked_session() == PREPARE
    assert first.outcomes == [], "whether it begins is still to be seen"
    second = bench.say(replace(PREPARE, id="p2", session_id="s2", by="B. Person"))
    told = "A. Example has been preparing Table 1 since 14:01."
    assert second.outcomes == [("p2", "refused", told)]
    bench.desk.begin(PREPARE)
    assert bench.desk.asked_session() is None
    third = bench.say(replace(PREPARE, id="p3", session_id="s3", by="B. Person"))
    assert third.outcomes == [("p3", "refused", told)]
    bench.desk.end()
    bench.say(replace(PREPARE, id="p4", session_id="s4"))
    asked = bench.desk.asked_session()
    assert asked is not None
    assert asked.session_id == "s4"


def test_a_message_that_comes_twice_is_done_once_and_answered_twice() -> None:
    bench = Bench()
    operator = bench.begin()
    waiting = bench.say(requested("r1"), requested("r1"))
    assert [asked.id for asked in operator.requests()] == ["r1"]
    assert waiting.outcomes == []
    operator.settle("r1", RequestSettled(followed=True, text="noted"))
    again = bench.say(requested("r1"))
    assert again.outcomes == [("r1", "followed", "noted")]
    assert operator.requests() == []
    late = bench.say(PREPARE)
    assert late.outcomes == [("p1", "followed", "")]


def test_ids_are_remembered_in_bounds() -> None:
    bench = Bench()
    bench.say(PREPARE)
    bench.say(*(OrderedStop(id=f"n{number}", by="A") for number in range(REMEMBERED)))
    forgotten = bench.say(replace(PREPARE, by="B. Person"))
    assert forgotten.outcomes == [], "its id is as new: so many have come since"
    assert bench.desk.asked_session() == replace(PREPARE, by="B. Person")


def test_a_flood_of_stops_drives_out_no_request_that_waits() -> None:
    bench = Bench()
    operator = bench.begin()
    bench.say(requested("r1"))
    bench.say(*(OrderedStop(id=f"n{number}", by="A") for number in range(REMEMBERED)))
    assert [asked.id for asked in operator.requests()] == ["r1"]
    operator.settle("r1", RequestSettled(followed=True, text="noted"))
    again = bench.say(requested("r1"))
    assert again.outcomes == [("r1", "followed", "noted")]
    assert operator.requests() == []


def test_an_answer_goes_to_a_question_that_is_open_and_the_first_one_stands() -> None:
    bench = Bench()
    operator = bench.begin()
    early = bench.say(answered(Question.LIFT_LOCKED, "A. Example", "a0"))
    assert early.outcomes == [("a0", "refused", "the question is not open (any more)")]
    operator.ask(Question.LIFT_LOCKED, "Is the lift locked?", person_only=True)
    both = bench.say(
        answered(Question.LIFT_LOCKED, "A. Example", "a1", yes=False),
        answered(Question.LIFT_LOCKED, "B. Person", "a2"),
    )
    assert both.outcomes == [
        ("a1", "followed", ""),
        ("a2", "refused", "A. Example has answered it already with no"),
    ]
    answer = operator.answer(Question.LIFT_LOCKED)
    assert answer is not None
    assert (answer.accepted, answer.answered_by) == (False, "A. Example")
    operator.ask(Question.LIFT_LOCKED, "Is the lift locked now?", person_only=True)
    assert operator.answer(Question.LIFT_LOCKED) is None, "asked anew, answered anew"
    operator.withdraw(Question.LIFT_LOCKED)
    late = bench.say(answered(Question.LIFT_LOCKED, "A. Example", "a3"))
    assert late.outcomes == [("a3", "refused", "the question is not open (any more)")]


@pytest.mark.parametrize(
    "message",
    [requested("r1", "s2"), replace(answered(Question.LIFT_LOCKED, "A", "r1"), session_id="s2")],
)
def test_what_is_meant_for_another_session_reaches_none(message: object) -> None:
    bench = Bench()
    bench.begin()
    told = ("r1", "refused", "session s2 is not open on Table 1")
    assert bench.say(message).outcomes == [told]
    bench.desk.end()
    assert bench.say(replace(message, id="r2")).outcomes == [("r2", *told[1:])]  # type: ignore[type-var]


def test_many_requests_make_no_tick_late() -> None:
    bench = Bench()
    operator = bench.begin()
    peer = bench.say(*(requested(f"r{number}") for number in range(REQUESTS_WAITING + 1)))
    assert peer.outcomes == [(f"r{REQUESTS_WAITING}", "refused", "50 requests wait already")]
    assert len(operator.requests()) == REQUESTS_AT_A_TIME


def test_a_stop_is_taken_from_everybody_and_says_when_and_at_which_force() -> None:
    bench = Bench()
    operator = bench.begin()
    bench.desk.show(replace(SHOWN, doing=Doing.SESSION, force_n=59.2))
    ordered_ms = bench.clock.utc_ms()
    first = bench.say(OrderedStop(id="s1", by="door"), role=PeerRole.STATION)
    assert operator.stop_requested() is not None
    bench.wait(2.0)
    bench.desk.show(replace(SHOWN, doing=Doing.SESSION, force_n=1.8))
    second = bench.say(OrderedStop(id="s2", by="B. Person"), role=PeerRole.WATCH)
    assert first.outcomes == [("s1", "followed", "")]
    assert second.outcomes == [("s2", "already", "")]
    for peer in (first, second):
        (outcome,) = peer.all_of(RequestOutcome)
        assert (outcome.utc_ms, outcome.force_n) == (ordered_ms, 59.2)
    stop = operator.stop_requested()
    assert stop is not None
    assert (stop.by, stop.fast) == ("door", False)
    bench.say(OrderedStop(id="s3", by="C", fast=True))
    stop = operator.stop_requested()
    assert stop is not None
    assert stop.fast


def test_a_stop_with_nothing_open_is_handed_to_the_watch_and_ends_a_preparation() -> None:
    bench = Bench()
    bench.desk.show(SHOWN)
    assert bench.say(OrderedStop(id="s1", by="door")).outcomes == [("s1", "nothing_open", "")]
    assert bench.desk.take_idle_stop()
    assert not bench.desk.take_idle_stop(), "once"
    preparing = PaperPeer(
        Hello(version=VERSION, role=PeerRole.CONSOLE), PREPARE, OrderedStop(id="s2", by="door")
    )
    bench.desk.serve(preparing)
    assert preparing.outcomes == [
        ("p1", "refused", "stopped by door before it began"),
        ("s2", "nothing_open", ""),
    ]
    assert bench.desk.asked_session() is None
    assert bench.desk.take_idle_stop()


def test_a_stop_while_the_records_are_looked_at_leaves_nothing_to_begin() -> None:
    bench = Bench()
    bench.say(PREPARE)
    assert bench.desk.asked_session() == PREPARE, "whoever drives has taken it and looks"
    bench.say(OrderedStop(id="s1", by="door"))
    assert bench.desk.begin(PREPARE) is None
    bench.say(replace(PREPARE, id="p2", session_id="s2"))
    assert bench.desk.begin(PREPARE) is None, "another one was asked for since"
    assert bench.desk.begin(replace(PREPARE, id="p2", session_id="s2")) is not None


def test_a_stop_of_before_the_session_is_not_its_first_one() -> None:
    bench = Bench()
    bench.desk.show(replace(SHOWN, force_n=1.8))
    bench.say(OrderedStop(id="s0", by="door"))
    bench.begin()
    bench.wait(5.0)
    bench.desk.show(replace(SHOWN, doing=Doing.SESSION, force_n=59.2))
    ordered_ms = bench.clock.utc_ms()
    bench.say(OrderedStop(id="s1", by="door"))
    bench.wait(1.0)
    (again,) = bench.say(OrderedStop(id="s2", by="door")).all_of(RequestOutcome)
    assert (again.result, again.utc_ms, again.force_n) == (Followed.ALREADY, ordered_ms, 59.2)


def test_a_force_that_is_not_fresh_is_not_told() -> None:
    bench = Bench()
    bench.desk.show(SHOWN)
    bench.wait(FRESH_S + 0.1)
    peer = bench.say(OrderedStop(id="s1", by="door"))
    assert [each.force_n for each in peer.all_of(RequestOutcome)] == [None]
    bench.desk.show(replace(SHOWN, reading_age_s=FRESH_S + 0.1))
    peer = bench.say(OrderedStop(id="s2", by="door"))
    assert [each.force_n for each in peer.all_of(RequestOutcome)] == [None]
    bench.desk.show(SHOWN)
    peer = bench.say(OrderedStop(id="s3", by="door"))
    assert [each.force_n for each in peer.all_of(RequestOutcome)] == [1.8]


def test_leaving_stops_the_session_and_takes_no_other_one() -> None:
    bench = Bench()
    operator = bench.begin()
    peer = bench.say(Leave(id="l1", by="the station ends"), role=PeerRole.STATION)
    assert peer.outcomes == [("l1", "followed", "")]
    assert operator.leave_requested() == "the station ends"
    assert operator.stop_requested() is not None
    bench.desk.end()
    refused = bench.say(replace(PREPARE, id="p2"))
    assert refused.outcomes == [("p2", "refused", "the program of Table 1 is ending")]


def test_a_leave_in_the_moment_of_the_beginning_is_not_lost() -> None:
    bench = Bench()
    bench.say(PREPARE)
    bench.desk.leave("SIGTERM")
    operator = bench.desk.begin(PREPARE)
    assert operator is not None
    assert operator.leave_requested() == "SIGTERM"


def test_busy_is_repeated_until_something_else_is_shown() -> None:
    bench = Bench()
    watching = WatchingPeer(bench)
    bench.desk.serve(watching)
    shown = watching.snapshots
    assert [each.busy_with for each in shown[:4]] == ["checking the records"] * 4
    assert [each.number for each in shown[:4]] == [1, 2, 3, 4], "not in the moment of the first"
    assert shown[0].force_n is None
    assert [each.doing for each in shown[4:]] == [Doing.IDLE]


def test_ages_are_those_of_the_last_word_and_none_where_there_was_none() -> None:
    bench = Bench()
    assert bench.desk.attendance() == NOBODY_WATCHES
    bench.say(Heartbeat(live_pages=0))
    bench.wait(1.0)
    bench.say(Heartbeat(live_pages=2), role=PeerRole.WATCH)
    bench.wait(2.0)
    bench.say(Heartbeat(live_pages=0), role=PeerRole.STATION)
    bench.wait(4.0)
    heard = bench.desk.attendance()
    assert heard.console_age_s == pytest.approx(7.0)
    assert heard.page_age_s == pytest.approx(6.0)
    assert heard.station_age_s == pytest.approx(4.0)


def test_a_console_that_never_had_a_page_misses_one_from_its_hello_on() -> None:
    bench = Bench()
    bench.say(role=PeerRole.WATCH)
    assert bench.desk.attendance().page_age_s is None
    bench.say(Heartbeat(live_pages=0))
    bench.wait(16.0)
    bench.say(Heartbeat(live_pages=0))
    assert bench.desk.attendance().page_age_s == pytest.approx(16.0)


def test_a_connection_that_has_gone_is_shown_nothing_more() -> None:
    bench = Bench()
    peer = bench.say(PREPARE)
    count = len(peer.heard)
    bench.desk.show(SHOWN)
    bench.desk.tell("said behind it")
    bench.desk.settle("p1", Followed.FOLLOWED)
    assert len(peer.heard) == count


def test_words_of_another_program_are_told_to_all() -> None:
    bench = Bench()
    bench.say(Announce(text="a page of elsewhere tried to stop"), role=PeerRole.STATION)
    assert bench.say().texts == ["a page of elsewhere tried to stop"]


def test_a_trace_is_begun_for_who_asks_and_its_file_or_its_refusal_is_told() -> None:
    bench = Bench()
    bench.say(TraceOn(id="t1", by="A. Example"), TraceOn(id="t2", by="B. Person"))

    def told(number: str) -> list[tuple[str, str, str]]:
        return bench.say(TraceOn(id=number, by="C")).outcomes

    wait_until(lambda: bool(told("t1")) and bool(told("t2")), "both outcomes")
    assert sorted(bench.traced) == ["A. Example", "B. Person"]
    results = {told("t1")[0][1:], told("t2")[0][1:]}
    kept = ("followed", "the bytes of the line are kept in line.capture")
    assert results == {kept, ("refused", "no room")}


def test_a_second_hello_is_refused() -> None:
    peer = Bench().say(Hello(version=VERSION, role=PeerRole.STATION), Leave(id="l", by="A"))
    assert len(peer.refusals) == 2, "nobody takes another role later"


def test_ending_early_is_a_request_like_any_other() -> None:
    bench = Bench()
    operator = bench.begin()
    bench.say(MadeRequest(id="e1", session_id="s1", request=EndEarly(by="A. Example")))
    (asked,) = operator.requests()
    assert asked.request == EndEarly(by="A. Example")

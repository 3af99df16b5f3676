"""A double click is one request, and whoever asks is told what became of it."""

from __future__ import annotations

import pytest

from controller.errors import RequestRefused
from controller.events import EventKind
from controller.requests import (
    AdjustForce,
    AskedRequest,
    Pause,
    Remark,
    RequestSettled,
    Resume,
    SessionRequest,
)
from controller.runtime.asked_requests import REMEMBERED, AskedRequests
from tests.unit.controller.runtime.loop_parts import HOLD_S, Bench, Once
from tests.unit.controller.runtime.runtime_parts import Answers
from tests.unit.controller.runtime.test_session import SessionBench

WHO = "A. Person"
LESS = AdjustForce(by=WHO, change_n=-5.0)


def asked(request_id: str, request: SessionRequest = LESS) -> AskedRequest:
    return AskedRequest(id=request_id, request=request)


class Clicked(Bench):
    """A loop in whose hold somebody asks for things."""

    def asks(self, *requests: AskedRequest) -> Clicked:
        queue, due = list(requests), Once(HOLD_S)
        plain = self.operator.requests

        def taken() -> list[AskedRequest]:
            now = due(self.clock.now_s() - self.started_s)
            return [*plain(), *(queue if now else [])]

        self.operator.requests = taken  # type: ignore[method-assign]
        self.ends_at_s = HOLD_S + 2.0
        self.run()
        return self


def test_the_same_id_twice_is_one_decrease_with_one_answer_for_each_click() -> None:
    bench = Clicked().asks(asked("a"), asked("a"))
    assert len(bench.details(EventKind.FORCE_ADJUSTED)) == 1
    (first, second) = [outcome for key, outcome in bench.operator.settled if key == "a"]
    assert first == second
    assert first.followed
    assert first.text.startswith("hold 60.0 N -> 55.0 N")


def test_two_ids_are_two_decreases() -> None:
    bench = Clicked().asks(asked("a"), asked("b"))
    assert len(bench.details(EventKind.FORCE_ADJUSTED)) == 2


def test_a_refusal_is_settled_with_its_reason_and_recorded_once() -> None:
    bench = Clicked().asks(asked("a", Resume(by=WHO)), asked("a", Resume(by=WHO)))
    assert len(bench.details(EventKind.REQUEST_REFUSED)) == 1
    refused = RequestSettled(followed=False, text="not possible while holding")
    assert [outcome for key, outcome in bench.operator.settled if key == "a"] == [refused] * 2


def test_before_and_behind_the_treatment_requests_are_settled_too() -> None:
    bench = SessionBench()
    bench.operator.queue = [Pause(by=WHO), Remark(by=WHO, text="early")]
    bench.run()
    outcomes = [outcome for _, outcome in bench.operator.settled[:2]]
    assert outcomes == [
        RequestSettled(followed=False, text="not possible before the treatment"),
        RequestSettled(followed=True, text=f"recorded, by {WHO}: early"),
    ]


def test_the_ids_that_are_remembered_are_bounded_and_the_newest() -> None:
    operator = Answers()
    requests = AskedRequests(operator)
    outcome = RequestSettled(followed=True, text="")
    for number in range(REMEMBERED + 1):
        requests.settle(asked(str(number)), outcome)
    operator.queue = [asked("0"), asked("1"), asked(str(REMEMBERED))]
    assert [each.id for each in requests.take()] == ["0"]
    assert [key for key, _ in operator.settled[-2:]] == ["1", str(REMEMBERED)]


@pytest.mark.parametrize("request_id", ["x" * 65, "two\nlines"])
def test_an_id_is_a_short_line(request_id: str) -> None:
    with pytest.raises(RequestRefused, match="id"):
        asked(request_id)

"""What a unit's page sends to its program, and what becomes of what is no request."""

from __future__ import annotations

import re
from html import unescape

import pytest

from controller.questions import Question
from controller.requests import (
    AcknowledgeAlarms,
    AdjustForce,
    AlarmOnScreen,
    CheckIn,
    EndEarly,
    Pause,
    PauseSound,
    Remark,
    Resume,
    SessionRequest,
    TakeOver,
)
from tests.support.console_bench import PERSON, ConsoleBench, StandInLink
from tests.support.unit_stages import CHECKING, HOLDING, LOCKED, SESSION, START, asked
from workstation.console.unit_view import seen_digest
from workstation.station.messages import Followed, GivenAnswer, MadeRequest, RequestOutcome

PAGE = "/units/Table%201"
REQUESTS = f"{PAGE}/requests"
ANSWERS = f"{PAGE}/answers"
TAKEN = {
    "id": {"1e999", "-5", "nan"},
    "session": {"1e999", "-5", "nan"},
    "words": {"1e999", "-5", "nan", "<script>alert(1)</script>"},
}
"""Odd, and still a name or words."""
HOSTILE = ["", "x" * 10_000, "<script>alert(1)</script>", "\u202etxt", "1e999", "-5", "nan"]


@pytest.fixture
def link(bench: ConsoleBench) -> StandInLink:
    """A treatment is in its hold, and somebody sits there."""
    bench.sit_down()
    bench.links["Table 1"].show(**HOLDING)
    return bench.links["Table 1"]


def request_of(link: StandInLink) -> SessionRequest:
    """The one request that was sent."""
    (made,) = link.asked
    assert isinstance(made, MadeRequest)
    assert made.session_id == SESSION
    return made.request


def outcome(page: str) -> str:
    found = re.search(r'<p id="asked"[^>]*>(.*?)</p>', page, re.DOTALL)
    assert found is not None
    return unescape(found[1])


@pytest.mark.parametrize(
    ("fields", "request_made"),
    [
        ({"act": "less"}, AdjustForce(by=PERSON, change_n=-4.4482216152605)),
        (
            {"act": "more", "change_n": "4.448", "words": "tolerates well"},
            AdjustForce(by=PERSON, change_n=4.448, reason="tolerates well"),
        ),
        ({"act": "pause"}, Pause(by=PERSON)),
        ({"act": "resume"}, Resume(by=PERSON)),
        ({"act": "check_in"}, CheckIn(by=PERSON)),
        ({"act": "remark", "words": "turned head"}, Remark(by=PERSON, text="turned head")),
        ({"act": "end", "words": "enough"}, EndEarly(by=PERSON, reason="enough")),
        ({"act": "silence"}, PauseSound(by=PERSON)),
        (
            {"act": "acknowledge", "alarm": "harness_slipping:2"},
            AcknowledgeAlarms(
                by=PERSON, alarms=(AlarmOnScreen(code="harness_slipping", number=2),)
            ),
        ),
    ],
)
def test_a_button_asks_for_one_thing(
    bench: ConsoleBench, link: StandInLink, fields: dict[str, str], request_made: SessionRequest
) -> None:
    assert bench.post(REQUESTS, session=SESSION, id="r1", **fields) == f"{PAGE}?asked=r1"
    assert request_of(link) == request_made


def test_the_outcome_stands_on_the_page(bench: ConsoleBench, link: StandInLink) -> None:
    told = "hold 102.3 N -> 97.3 N, by Pat Jones"
    link.follows = RequestOutcome(
        id="x", result=Followed.FOLLOWED, reason=told, utc_ms=bench.clock.utc_ms(), force_n=None
    )
    at = bench.post(REQUESTS, session=SESSION, id="r1", act="less")
    assert outcome(bench.page(at)) == (
        "18:00:00 hold 23.0 lbf (102.3 N) -> 21.9 lbf (97.3 N), by Pat Jones"
    )
    link.follows = RequestOutcome(
        id="x",
        result=Followed.REFUSED,
        reason="not possible while releasing",
        utc_ms=0,
        force_n=None,
    )
    at = bench.post(REQUESTS, session=SESSION, id="r2", act="pause")
    assert outcome(bench.page(at)) == "Not done: not possible while releasing"
    link.follows = None
    at = bench.post(REQUESTS, session=SESSION, id="r3", act="pause")
    assert "there is no answer yet" in outcome(bench.page(at))


def test_a_double_click_is_one(bench: ConsoleBench, link: StandInLink) -> None:
    for _ in range(3):
        bench.post(REQUESTS, session=SESSION, id="r1", act="less")
    assert len(link.asked) == 1


@pytest.mark.parametrize(("late_s", "is_taken"), [(2.9, True), (3.1, False), (-3.1, False)])
@pytest.mark.parametrize(
    "fields",
    [
        {"act": "more", "change_n": "1", "words": "tolerates well"},
        {"act": "resume"},
        {"question": Question.START_TRACTION.value, "seen": seen_digest(START), "accepted": "yes"},
    ],
)
def test_a_press_that_puts_force_on_does_not_come_late(
    bench: ConsoleBench, link: StandInLink, fields: dict[str, str], late_s: float, is_taken: bool
) -> None:
    """Behind a console that hung it would start what nobody expects any more."""
    link.show(questions=(START,))
    pressed_ms = str(bench.clock.utc_ms() - round(late_s * 1000))
    posted = {"session": SESSION, "id": "r1", "pressed_ms": pressed_ms, **fields}
    answer = bench.client.post(ANSWERS if "question" in fields else REQUESTS, data=posted)
    assert bool(link.asked) is is_taken
    if not is_taken:
        assert answer.status_code == 422
        assert "look at the patient, then press again" in outcome(answer.text)


@pytest.mark.parametrize("act", ["less", "pause", "end", "silence"])
def test_what_leads_to_less_is_never_too_late(
    bench: ConsoleBench, link: StandInLink, act: str
) -> None:
    pressed_ms = str(bench.clock.utc_ms() - 3_600_000)
    bench.post(REQUESTS, session=SESSION, id="r1", act=act, words="x", pressed_ms=pressed_ms)
    assert len(link.asked) == 1


@pytest.mark.parametrize("text", ["now", "-5", "1e999", "9" * 5000, "\u0663"])
def test_a_press_at_no_time_puts_no_force_on(
    bench: ConsoleBench, link: StandInLink, text: str
) -> None:
    posted = {"session": SESSION, "id": "r1", "act": "resume", "pressed_ms": text}
    answer = bench.client.post(REQUESTS, data=posted)
    assert answer.status_code == 422
    assert "is no time" in outcome(answer.text)
    assert link.asked == []


def test_every_form_of_a_page_has_an_id_of_its_own(bench: ConsoleBench, link: StandInLink) -> None:
    ids = re.findall(r'name="id" value="([0-9a-f]{32})"', bench.page(PAGE))
    assert len(ids) == len({*ids}) > 4
    assert ids[0] not in bench.page(PAGE)


def test_what_is_posted_goes_to_the_page_s_session_or_nowhere(
    bench: ConsoleBench, link: StandInLink
) -> None:
    bench.post(REQUESTS, session="another-session", id="r1", act="less")
    (made,) = link.asked
    assert isinstance(made, MadeRequest)
    assert made.session_id == "another-session"


@pytest.mark.parametrize(
    ("responsible", "by"),
    [
        ("A. Example", "at Table 1, signed out; session of A. Example"),
        ("A" * 64 + " Example", f"at Table 1, signed out; session of {'A' * 64}"),
    ],
)
def test_signed_out_it_says_whose_session_it_is_in_a_name_s_length(
    bench: ConsoleBench, responsible: str, by: str
) -> None:
    link = bench.links["Table 1"]
    link.show(**HOLDING, responsible=responsible)
    bench.post(REQUESTS, session=SESSION, id="r1", act="pause")
    assert request_of(link) == Pause(by=by)


def test_signed_out_what_leads_to_less_is_done_and_says_where(bench: ConsoleBench) -> None:
    link = bench.links["Table 1"]
    link.show(**HOLDING)
    bench.post(REQUESTS, session=SESSION, id="r1", act="pause")
    assert request_of(link) == Pause(by="at Table 1, signed out")
    for act in ("more", "resume"):
        answer = bench.client.post(REQUESTS, data={"session": SESSION, "id": "r2", "act": act})
        assert answer.status_code == 422
        assert outcome(answer.text) == "Not done: Say who sits here first."
    assert len(link.asked) == 1


def test_what_was_typed_is_kept_beside_a_refusal(bench: ConsoleBench, link: StandInLink) -> None:
    long = "y" * 2001
    answer = bench.client.post(
        REQUESTS, data={"session": SESSION, "id": "r1", "act": "remark", "words": long}
    )
    assert answer.status_code == 422
    assert "text" in outcome(answer.text)
    assert f'value="{long}"' in answer.text
    assert link.asked == []


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("field", ["session", "id", "act", "change_n", "words", "alarm"])
def test_no_field_takes_what_is_none(
    bench: ConsoleBench, link: StandInLink, field: str, text: str
) -> None:
    act = {"words": "remark", "alarm": "acknowledge"}.get(field, "more")
    fields = {
        "session": SESSION,
        "id": "r1",
        "act": act,
        "change_n": "1",
        "words": "because",
        "alarm": "harness_slipping:2",
        field: text,
    }
    answer = bench.client.post(REQUESTS, data=fields)
    assert "<script>alert" not in answer.text
    if field in TAKEN and text in TAKEN[field]:
        assert answer.status_code == 303
        return
    assert answer.status_code == 422
    assert outcome(answer.text).startswith("Not done: ")
    assert link.asked == []


def test_more_is_at_most_the_step_of_the_clinic(bench: ConsoleBench, link: StandInLink) -> None:
    fields = {"session": SESSION, "id": "r1", "act": "more", "words": "because"}
    answer = bench.client.post(REQUESTS, data={**fields, "change_n": "4.5"})
    assert answer.status_code == 422
    assert "change_n='4.5' is not between 0 and 4.4 N" in answer.text.replace("&#39;", "'")
    assert link.asked == []


# --- answers ----------------------------------------------------------------------------------


def test_an_answer_names_its_question_and_its_words(bench: ConsoleBench, link: StandInLink) -> None:
    link.show(**CHECKING, questions=(LOCKED,))
    form = {
        "session": SESSION,
        "id": "a1",
        "question": "lift_locked",
        "seen": seen_digest(LOCKED),
        "accepted": "yes",
    }
    assert bench.post(ANSWERS, **form) == f"{PAGE}?asked=a1"
    assert link.asked == [
        GivenAnswer(
            id="a1", session_id=SESSION, question=Question.LIFT_LOCKED, accepted=True, by=PERSON
        )
    ]


def test_the_form_of_a_question_is_such_an_answer(bench: ConsoleBench, link: StandInLink) -> None:
    link.show(**CHECKING, questions=(LOCKED,))
    page = bench.page(PAGE)
    forms = re.findall(rf'<form class="act" method="post" action="{ANSWERS}".*?</form>', page, re.S)
    yes, no = forms
    for form, value in ((yes, "yes"), (no, "no")):
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form))
        bench.post(ANSWERS, **fields)
        assert isinstance(link.asked[-1], GivenAnswer)
        assert link.asked[-1].accepted is (value == "yes")


def test_a_question_that_was_put_anew_is_another_one(
    bench: ConsoleBench, link: StandInLink
) -> None:
    first = asked(Question.ACKNOWLEDGE_LATCHED_UNIT, "first fault 3. Acknowledge it?")
    then = asked(Question.ACKNOWLEDGE_LATCHED_UNIT, "first fault 4. Acknowledge it?")
    link.show(**CHECKING, questions=(then,))
    form = {
        "session": SESSION,
        "id": "a1",
        "question": first.question.value,
        "seen": seen_digest(first),
        "accepted": "yes",
    }
    answer = bench.client.post(ANSWERS, data=form)
    assert answer.status_code == 422
    assert "the question has changed since" in outcome(answer.text)
    assert link.asked == []


def test_only_a_yes_needs_a_name(bench: ConsoleBench) -> None:
    link = bench.links["Table 1"]
    link.show(**CHECKING, questions=(LOCKED,))
    form = {"session": SESSION, "question": "lift_locked", "seen": seen_digest(LOCKED)}
    refused = bench.client.post(ANSWERS, data={**form, "id": "a1", "accepted": "yes"})
    assert refused.status_code == 422
    bench.post(ANSWERS, **form, id="a2", accepted="no")
    (given,) = link.asked
    assert isinstance(given, GivenAnswer)
    assert (given.accepted, given.by) == (False, "at Table 1, signed out")


@pytest.mark.parametrize("text", HOSTILE)
def test_no_question_is_made_up(bench: ConsoleBench, link: StandInLink, text: str) -> None:
    form = {"session": SESSION, "id": "a1", "question": text, "seen": "", "accepted": "yes"}
    answer = bench.client.post(ANSWERS, data=form)
    assert answer.status_code == 422
    assert link.asked == []


def test_a_get_asks_for_nothing(bench: ConsoleBench, link: StandInLink) -> None:
    for path in (REQUESTS, ANSWERS):
        assert bench.client.get(path, params={"act": "less"}).status_code == 405
    foreign = {"origin": "http://evil.example"}
    answer = bench.client.post(REQUESTS, data={"act": "end"}, headers=foreign)
    assert answer.status_code == 403
    assert link.asked == []


RESPONSIBLE = "B. Other has been responsible at Table 1 since "


def test_another_person_takes_over_in_their_own_name(
    bench: ConsoleBench, link: StandInLink
) -> None:
    link.show(responsible="B. Other", responsible_since_ms=0)
    page = bench.page(PAGE)
    assert RESPONSIBLE in page
    assert "<button>Take over</button>" in page
    assert RESPONSIBLE in bench.page("/")
    at = bench.post(f"{PAGE}/take-over", session=SESSION, id="r1")
    assert at == f"{PAGE}?asked=r1"
    assert request_of(link) == TakeOver(by=PERSON)
    link.show(responsible=PERSON)
    page = bench.page(PAGE)
    assert "Pat Jones has been responsible at Table 1 since " in page
    assert "Take over" not in page


def test_who_prepares_is_said_before_the_treatment(bench: ConsoleBench, link: StandInLink) -> None:
    link.show(**CHECKING, responsible="B. Other", responsible_since_ms=0)
    page = bench.page(PAGE)
    assert "B. Other has been preparing Table 1 since " in page
    assert "<button>Take over</button>" in page


def test_nobody_takes_over_without_a_name(bench: ConsoleBench) -> None:
    link = bench.links["Table 1"]
    link.show(**HOLDING, responsible="B. Other", responsible_since_ms=0)
    answer = bench.client.post(f"{PAGE}/take-over", data={"session": SESSION, "id": "r1"})
    assert answer.status_code == 422
    assert "Not done: Say who sits here first." in answer.text
    assert link.asked == []

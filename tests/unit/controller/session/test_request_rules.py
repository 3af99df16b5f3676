"""Which request is heard in which phase: less force and the end always, more only in treatment."""

from __future__ import annotations

from controller.order.phases import FORCE_PHASES, TREATING_PHASES, Phase
from controller.requests import AdjustForce, CheckIn, EndEarly, Pause, Remark, Resume
from controller.session.request_rules import phases_for

DRIVEN = FORCE_PHASES | {Phase.ARMED}


def test_a_pause_needs_a_treatment_and_a_resume_a_pause() -> None:
    assert phases_for(Pause(by="A")) == TREATING_PHASES
    assert phases_for(Resume(by="A")) == {Phase.PAUSED}


def test_less_force_and_the_end_are_heard_from_the_arming_to_the_release() -> None:
    assert phases_for(AdjustForce(by="A", change_n=-0.1)) == DRIVEN
    assert phases_for(EndEarly(by="A")) == DRIVEN


def test_the_smallest_increase_is_an_increase() -> None:
    assert phases_for(AdjustForce(by="A", change_n=0.1)) == TREATING_PHASES | {Phase.PAUSED}


def test_a_change_of_nothing_is_no_increase() -> None:
    assert phases_for(AdjustForce(by="A", change_n=0.0)) == DRIVEN


def test_words_are_heard_in_the_release_too() -> None:
    assert phases_for(CheckIn(by="A")) == DRIVEN | {Phase.RELEASING}
    assert phases_for(Remark(by="A", text="x")) == DRIVEN | {Phase.RELEASING}

"""The self-check's items on the wall clock: the calibration's date, and a clock that was set."""

from __future__ import annotations

import pytest

from controller.errors import RequestRefused
from controller.events import EventKind
from controller.ports import LastArming
from controller.questions import Question
from controller.runtime.clock import VirtualClock
from controller.safety.limits import SafetyLimits
from tests.unit.controller.builders import start_facts
from tests.unit.controller.runtime.runtime_parts import IDENTITY, Answers
from tests.unit.controller.runtime.test_questions_before_arming import GO_ON, Stage
from tests.unit.controller.start.test_last_look import Ready

CLOCK_STEP_MS = round(SafetyLimits().clock_step_s * 1000)


@pytest.mark.parametrize(
    ("today", "state"),
    [("2027-01-01", "passed"), ("2027-01-02", "failed")],
)
def test_a_calibration_is_good_to_the_end_of_its_last_day_at_the_clinic(
    today: str, state: str
) -> None:
    assert IDENTITY.calibration_due == "2027-01-01"
    stage = Stage(Answers(**GO_ON))
    stage.facts = start_facts(day_at=lambda utc_ms: today)
    stage.prepare()
    recorded = [e.detail for e in stage.journal.events if e.kind is EventKind.SELF_CHECK_RECORDED]
    assert [item["state"] for item in recorded if item["item"] == "calibration"] == [state]


@pytest.mark.parametrize("step_ms", [CLOCK_STEP_MS - 1, CLOCK_STEP_MS + 1])
@pytest.mark.parametrize("forwards", [1, -1])
def test_a_clock_that_was_asked_about_may_step_by_2_s_and_not_by_more(
    step_ms: int, forwards: int
) -> None:
    in_doubt = start_facts(last_record_utc_ms=VirtualClock(start_s=0.0).utc_ms() + 600_000)
    ready = Ready(facts=in_doubt)
    assert Question.CLOCK_IN_DOUBT in ready.operator.asked
    ready.clock.utc_origin_ms += forwards * step_ms
    if step_ms < CLOCK_STEP_MS:
        ready.preparation.last_look()
    else:
        with pytest.raises(RequestRefused, match=r"clock failed.*changed since the self-check"):
            ready.preparation.last_look()


def test_a_sound_clock_that_is_set_changes_nothing_about_what_else_was_answered_for() -> None:
    other = LastArming(firmware="0.9.0", firmware_crc=99, gross_zero_n=0.2, armed_on="2026-11-01")
    ready = Ready(facts=start_facts(last_arming=other))
    assert Question.FIRMWARE_CHANGED in ready.operator.asked
    ready.clock.utc_origin_ms += 60_000
    ready.preparation.last_look()
    assert [item["state"] for item in ready.items("last_look")] == ["passed"]

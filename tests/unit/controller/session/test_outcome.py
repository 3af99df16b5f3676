"""Outcome and reason of a session, and whether its hold was reached."""

from __future__ import annotations

import pytest

from controller.events import Outcome, StopCause
from controller.order.phases import Phase
from controller.session.inputs_and_effects import Ending
from controller.session.outcome import TELLING_CODES, EndReason, HoldSeen


def test_a_session_that_ran_to_its_end_is_completed() -> None:
    end = EndReason()
    end.release_begins(StopCause.TREATMENT_OVER, vague=False)
    assert (end.outcome, end.text) == (Outcome.COMPLETED, StopCause.TREATMENT_OVER)


def test_without_a_word_of_it_nothing_was_reached_and_no_release_was_seen() -> None:
    refused = Ending(outcome=Outcome.REFUSED, reason="no unit")
    assert (refused.reached_holding, refused.release_seen) == (False, False)


def test_any_other_reason_stops_it() -> None:
    end = EndReason()
    end.release_begins("operator stop (P. Jones)", vague=False)
    assert (end.outcome, end.text) == (Outcome.STOPPED, "operator stop (P. Jones)")


@pytest.mark.parametrize("code", sorted(TELLING_CODES))
@pytest.mark.parametrize(
    ("reason", "vague"), [("link silent", False), ("unit stopped", False), ("no answer", True)]
)
def test_a_symptom_gives_way_to_its_cause_once(code: str, reason: str, vague: bool) -> None:
    end = EndReason()
    end.release_begins(reason, vague=vague)
    end.found("force_risen_fast")
    assert end.text == reason
    end.found(code)
    assert end.text == code.replace("_", " ")
    end.found(next(iter(TELLING_CODES - {code})))
    assert end.text == code.replace("_", " ")


def test_what_is_found_behind_a_cause_or_a_full_treatment_changes_nothing() -> None:
    for reason in (StopCause.TREATMENT_OVER, "over force"):
        end = EndReason()
        end.release_begins(reason, vague=False)
        end.found("patient_switch_pressed")
        assert end.text == reason


def test_an_unseen_release_keeps_what_it_came_from() -> None:
    end = EndReason()
    end.release_begins("over force", vague=False)
    end.unseen(Outcome.STOPPED, "; P. Jones says that the patient is free")
    assert end.outcome == Outcome.STOPPED
    assert end.text == (
        "release not seen after: over force; P. Jones says that the patient is free"
    )
    lost = EndReason()
    lost.unseen(Outcome.LINK_LOST)
    assert (lost.outcome, lost.text) == (
        Outcome.LINK_LOST,
        f"release not seen after: {StopCause.TREATMENT_OVER}",
    )


def test_a_port_that_is_gone_is_the_reason_itself() -> None:
    end = EndReason()
    end.link_gone("the port is gone")
    assert (end.outcome, end.text) == (Outcome.LINK_LOST, "the port is gone")


# --- the hold ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target_n", "force_n", "reached"),
    [
        (60.0, 50.0, True),
        (60.0, 49.9, False),
        (60.0, 70.0, True),
        (60.0, 70.1, False),
        (200.0, 180.0, True),
        (200.0, 179.9, False),
        (60.0, None, False),
    ],
)
def test_a_hold_counts_when_a_reading_is_within_10_n_or_a_tenth(
    target_n: float, force_n: float | None, reached: bool
) -> None:
    hold = HoldSeen()
    hold.enter(Phase.HOLDING, target_n)
    hold.read(force_n)
    assert hold.reached is reached


def test_the_phase_alone_reaches_nothing_and_what_was_reached_stays() -> None:
    hold = HoldSeen()
    hold.read(60.0)
    hold.enter(Phase.RAMPING_UP, 60.0)
    hold.read(60.0)
    hold.enter(Phase.HOLDING, 60.0)
    assert not hold.reached
    hold.read(60.0)
    hold.enter(Phase.RELEASING, 0.0)
    hold.read(0.0)
    assert hold.reached


@pytest.mark.parametrize(("top_n", "reached"), [(91.0, False), (92.0, True)])
def test_a_ramp_that_turns_at_once_is_judged_by_its_highest_reading(
    top_n: float, reached: bool
) -> None:
    hold = HoldSeen()
    hold.enter(Phase.RAMPING_UP, 102.0)
    for force_n in (50.0, top_n, 80.0):
        hold.read(force_n)
    hold.enter(Phase.RAMPING_DOWN, 51.0)
    assert hold.reached is reached


def test_a_ramp_that_leads_into_a_hold_or_a_pause_is_no_peak() -> None:
    for phase in (Phase.HOLDING, Phase.PAUSED, Phase.RELEASING):
        hold = HoldSeen()
        hold.enter(Phase.RAMPING_UP, 102.0)
        hold.read(102.0)
        hold.enter(phase, 102.0)
        assert not hold.reached


def test_a_rest_that_ends_downwards_is_no_peak() -> None:
    hold = HoldSeen()
    hold.enter(Phase.RESTING, 30.0)
    hold.read(30.0)
    hold.enter(Phase.RAMPING_DOWN, 20.0)
    assert not hold.reached


def test_a_ramp_without_a_reading_has_reached_nothing() -> None:
    hold = HoldSeen()
    hold.enter(Phase.RAMPING_UP, 10.5)
    hold.enter(Phase.RAMPING_DOWN, 0.0)
    assert not hold.reached

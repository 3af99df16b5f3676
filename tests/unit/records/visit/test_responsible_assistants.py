"""An assistant's time is offered to the claim from who was responsible; a person decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controller.events import EventKind
from records.claim.context_file import parse_context
from records.store.record_folder import RecordFolder
from records.visit.billing import ClaimCode, accept, billed
from records.visit.load import load_visit
from records.visit.responsible_assistants import assistant_time_of
from records.visit.visit import Visit
from tests.support.commands import said
from tests.support.notes import ADJUSTED_AND_PAUSED, BEGAN_MS, Happened, author, recorded
from tests.support.sessions import SETTINGS
from tests.support.standing import example, keep
from tests.support.visits import BACK, LATER_MS, LUMBAR, NECK, joined

pytestmark = pytest.mark.usefixtures("code_list_of_any_day")

THERAPIST, ASSISTANT = "Pat Jones", "Kim Ray"
TEN_MINUTES_MS = 10 * 60_000
ENDED_MS = 2_000 + TEN_MINUTES_MS
"""Traction begins at 1 s."""


def handed(*moments: tuple[int, str, str]) -> Happened:
    """Who took over from whom, and when."""
    return [
        (at_ms, EventKind.RESPONSIBILITY_TAKEN, {"from": before, "by": by})
        for at_ms, before, by in moments
    ]


def on_file(folder: RecordFolder, **assistant: Any) -> None:
    keep(folder, example("person"))
    values = {
        "initials": "KR",
        "first_name": "Kim",
        "last_name": "Ray",
        "credentials": "PTA",
        "role": "PTA",
        "npi": None,
        **assistant,
    }
    keep(folder, example("person", **values))


def visit_of(folder: RecordFolder) -> Visit:
    return load_visit(folder, "s-1", SETTINGS)


def treated(folder: RecordFolder, at_ms: int = 301_000, by: str = ASSISTANT) -> Visit:
    """A session of ten minutes that somebody else took over."""
    recorded(folder, happened=handed((at_ms, THERAPIST, by)), held_ms=TEN_MINUTES_MS)
    return visit_of(folder)


def offered(folder: RecordFolder, visit: Visit) -> set[str]:
    made = billed(folder, visit, payer="medicare_b")
    return {offer.key for offer in made.offers} & {"97012:CQ", "97012:CO"}


def test_an_assistant_who_took_over_is_offered_with_the_minutes(folder: RecordFolder) -> None:
    on_file(folder)
    visit = treated(folder)
    time = assistant_time_of(folder, visit)
    assert time is not None
    assert time.said == "Kim Ray (PTA) 5 min 1 s of 10 min 1 s under traction"
    assert (time.role, time.minutes) == ("PTA", 5)
    assert offered(folder, visit) == {"97012:CQ"}


def test_several_times_of_a_person_are_one_without_the_pauses(folder: RecordFolder) -> None:
    on_file(folder)
    moments = handed(
        (12_000, THERAPIST, "KR"), (22_000, "KR", THERAPIST), (40_000, THERAPIST, "Kim Ray, PTA")
    )
    happened = sorted((*ADJUSTED_AND_PAUSED, *moments), key=lambda each: each[0])
    recorded(folder, happened=happened)
    time = assistant_time_of(folder, visit_of(folder))
    assert time is not None
    assert time.people == ("Kim Ray (PTA) 0 min 30 s",), "8 s before the pause, 22 s to the end"
    assert time.traction_ms == 56_000


@pytest.mark.parametrize(("left_ms", "found"), [(60_000, set()), (60_200, {"97012:CQ"})])
def test_the_line_is_a_tenth_of_the_traction(
    folder: RecordFolder, left_ms: int, found: set[str]
) -> None:
    """Of 10 min and 1 s."""
    on_file(folder)
    assert offered(folder, treated(folder, ENDED_MS - left_ms)) == found


def test_the_offer_changes_no_claim_until_it_is_accepted(folder: RecordFolder) -> None:
    on_file(folder)
    visit = billed(folder, treated(folder), payer="medicare_b")
    assert visit.context is not None
    assert visit.context.lines[0].assistant_min is None
    assert "CQ" not in visit.context.lines[0].modifiers
    accept(folder, visit, author(folder), ClaimCode(modifier="CQ"))
    again = billed(folder, visit_of(folder), payer="medicare_b")
    assert again.context is not None
    assert again.context.lines[0].modifiers == ("CQ",)
    (kept,) = again.acceptances
    assert kept.evidence[0].startswith("for: the record: Kim Ray (PTA) 5 min 1 s")
    assert offered(folder, visit_of(folder)) == set()


def test_a_claim_context_has_the_minutes_proposed_with_their_source(folder: RecordFolder) -> None:
    on_file(folder)
    treated(folder)
    text = said(folder, "claim", "new", "s-1")
    (line,) = [each for each in text.splitlines() if each.startswith("assistant_min = ")]
    source = "the record of who was responsible (Kim Ray (PTA) 5 min 1 s of 10 min 1 s under"
    assert line.startswith(f"assistant_min = 5                   # PROPOSED by {source}")
    assert line.endswith("check it; minutes that an assistant did alone")
    assert parse_context(text, "claim.toml").lines[0].assistant_min == 5


@pytest.mark.parametrize(
    "assistant",
    [
        pytest.param({"last_name": "Roy"}, id="not on file"),
        pytest.param({"role": None}, id="no role on file"),
        pytest.param({"role": "PT"}, id="no assistant"),
        pytest.param({"in_use": False}, id="no longer here"),
    ],
)
def test_nothing_is_offered_of_people_who_are_not_on_file_as_assistants(
    folder: RecordFolder, assistant: dict[str, Any]
) -> None:
    on_file(folder, **assistant)
    visit = treated(folder)
    assert assistant_time_of(folder, visit) is None
    assert offered(folder, visit) == set()
    assert "# assistant_min = 0" in said(folder, "claim", "new", "s-1")


def test_a_stranger_among_the_responsible_leaves_everything_open(folder: RecordFolder) -> None:
    on_file(folder)
    moments = handed((200_000, THERAPIST, ASSISTANT), (400_000, ASSISTANT, "A. Stranger"))
    recorded(folder, happened=moments, held_ms=TEN_MINUTES_MS)
    assert assistant_time_of(folder, visit_of(folder)) is None


def test_nothing_is_offered_of_a_visit_that_was_altered(folder: RecordFolder) -> None:
    on_file(folder)
    altered = replace(treated(folder), altered="the seal: another one")
    assert assistant_time_of(folder, altered) is None
    assert offered(folder, altered) == set()


def test_a_session_that_nobody_took_over_offers_nothing(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_file(folder)
    recorded(folder, held_ms=TEN_MINUTES_MS)
    visit = visit_of(folder)
    monkeypatch.delattr("records.standing.versions.read_standing")
    assert assistant_time_of(folder, visit) is None


@pytest.mark.parametrize("first_too", [True, False])
def test_every_session_of_a_visit_must_tell_whose_it_was(
    folder: RecordFolder, *, first_too: bool
) -> None:
    """4 min and 6 min with a second of ramp each; the assistant took over a minute into each."""
    on_file(folder)
    taken = handed((61_000, THERAPIST, ASSISTANT))
    recorded(folder, NECK, held_ms=4 * 60_000, happened=taken if first_too else ())
    later: dict[str, Any] = {"order": LUMBAR, "began_ms": BEGAN_MS + LATER_MS}
    recorded(folder, BACK, happened=taken, held_ms=6 * 60_000, **later)
    joined(folder)
    time = assistant_time_of(folder, visit_of(folder))
    assert (time and time.said) == (
        "Kim Ray (PTA) 8 min 2 s of 10 min 2 s under traction" if first_too else None
    )

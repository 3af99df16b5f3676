"""Offers show what speaks for and against; without an acceptance nothing is on the claim."""

from __future__ import annotations

from typing import Any

import pytest

from controller.errors import JournalCorrupt
from records.claim.charge_line import accepted_modifiers, claim_modifiers, with_accepted
from records.claim.rules.assistant_time import AssistantTime
from records.claim.rules.facts import Facts
from records.claim.rules.offers import Offer, offers_of
from records.clinic.acceptance import Acceptance
from records.note.event_texts import clock_text
from tests.unit.records.claim.rules.builders import Visit, at, party, quarter, service, visit

LATE, SAME_TIME = at("10:20", "10:35"), at("10:05", "10:20")


def offers(made: Visit) -> dict[str, Offer]:
    facts = Facts(made.note, made.record, made.context, made.profile, made.tables, made.beside)
    return {offer.key: offer for offer in offers_of(facts)}


def accepted(*values: str, what: str = "modifier") -> list[Acceptance]:
    return [
        Acceptance(
            session_id="S-1",
            what=what,
            value=value,
            accepted=True,
            by="P. Jones",
            at_utc_ms=0,
            evidence=(),
        )
        for value in values
    ]


def test_a_right_claim_is_offered_nothing() -> None:
    assert offers(visit()) == {}
    assert offers(visit(without="line", same_day=[service("97140")])) == {}


def test_the_discipline_comes_from_the_plan_or_from_who_treated() -> None:
    bare: dict[str, object] = {"modifiers": []}
    planned = offers(visit(line=bare))["97012:GP"]
    assert planned.speaks_for == ("the plan of care says GP", "the service was done by: PT")
    assert planned.speaks_against == ()
    other = offers(visit(line={**bare, "performed_by_role": "OT"}))["97012:GP"]
    assert other.speaks_against == ("the service was done by: OT",)
    unplanned = visit(line={**bare, "performed_by_role": "OTA"}, claim={"plan": None})
    guessed = offers(unplanned)["97012:GO"]
    assert guessed.speaks_against == ("no plan of care with a discipline is recorded",)
    assert offers(visit(line=bare, payer="commercial")) == {}


@pytest.mark.parametrize(
    ("partner", "speaks_for", "speaks_against"),
    [
        (
            service("97140", "GP", body_region="cervical", **LATE),
            (
                "the device's clock: no minute of 97140 was under traction",
                "regions: traction lumbar, 97140 cervical",
            ),
            (),
        ),
        (
            service("97140", "GP", body_region="lumbar", **SAME_TIME),
            (),
            (
                "the device pulled during 10 min of 97140",
                "regions: traction lumbar, 97140 lumbar",
            ),
        ),
        (service("97140", "GP"), (), ("start and end of 97140 are not known",)),
        (
            service("97164", "GP", **LATE),
            ("the device's clock: no minute of 97164 was under traction",),
            ("a re-evaluation is not routine: the note must say what had changed",),
        ),
    ],
)
def test_the_device_s_clock_speaks_for_or_against_a_separate_service(
    partner: dict[str, object], speaks_for: tuple[str, ...], speaks_against: tuple[str, ...]
) -> None:
    code = str(partner["cpt"])
    loaded = {"pairs": quarter(("97012", code, 1))}
    offer = offers(visit(same_day=[partner], tables=loaded))[f"{code}:XU"]
    assert offer.speaks_for == speaks_for
    assert offer.speaks_against == speaks_against
    ranges = {field.name: field.journal_range for field in offer.evidence}
    assert ranges["started_at"] is not None


def test_a_pair_of_an_old_file_speaks_against_and_59_is_offered_where_x_is_not_taken() -> None:
    doubtful = offers(visit(same_day=[service("97140", "GP", **LATE)]))["97140:XU"]
    assert "pair known from 2024-07-01" in doubtful.speaks_against[-1]
    assert "97140:59" in offers(visit(same_day=[service("97140", **LATE)], payer="wa_lni"))
    assert offers(visit(same_day=[service("97110", "GP", **SAME_TIME)])) == {}


def test_an_assistant_and_the_threshold_are_offered_with_their_numbers() -> None:
    helped = offers(visit(line={"assistant_min": 2}))["97012:CQ"]
    assert helped.speaks_for == ("share of the assistant: 13 %",)
    above = offers(visit(claim={"therapy_ytd_allowed": "2480.01"}))["97012:KX"]
    assert above.speaks_for == (
        "Allowed therapy amounts of the year ($2,480.01) and this day ($0.00) come to $2,480.01, "
        "above $2,480.00",
    )
    assert "only a person can judge" in above.speaks_against[0]


def recorded(assistant_ms: int, **changes: Any) -> AssistantTime:
    said = {"people": (f"B. Person (PTA) {clock_text(assistant_ms)}",), "role": "PTA", **changes}
    return AssistantTime(assistant_ms=assistant_ms, traction_ms=15 * 60_000, **said)


@pytest.mark.parametrize("assistant_ms", [90_000, 45_000, 0])
def test_up_to_a_tenth_of_an_assistant_on_record_is_offered_nothing(assistant_ms: int) -> None:
    assert offers(visit(assistant_time=recorded(assistant_ms))) == {}


def test_more_than_a_tenth_of_an_assistant_on_record_is_offered_and_never_a_finding() -> None:
    made = visit(assistant_time=recorded(90_001), words={"responsible": "B. Person from 10:13"})
    offer = offers(made)["97012:CQ"]
    assert offer.speaks_for == (
        "the record: B. Person (PTA) 1 min 30 s of 15 min 0 s under traction, 10 %",
    )
    assert offer.speaks_against == (
        "who was responsible need not be who treated",
        "minutes together with the therapist count as the therapist's",
    )
    assert next(field.name for field in offer.evidence) == "responsible"
    assert made.context.lines[0].assistant_min is None
    for word in (None, "PT"):
        line = {"performed_by_role": word}
        told = visit(line=line, assistant_time=recorded(600_000)).report().result("T-033")
        assert told == visit(line=line).report().result("T-033")


def test_an_assistant_of_occupational_therapy_is_offered_co() -> None:
    assert list(offers(visit(assistant_time=recorded(600_000, role="OTA")))) == ["97012:CO"]
    planned = party("plan", discipline="GO")
    line: dict[str, object] = {"modifiers": ["GO"]}
    made = visit(line=line, claim=planned, assistant_time=recorded(600_000))
    assert list(offers(made)) == ["97012:CO"]


@pytest.mark.parametrize(
    "more",
    [
        {"line": {"assistant_min": 0}},
        {"line": {"assistant_min": 1}},
        {"line": {"modifiers": ["GP", "CQ"]}},
        {"payer": "commercial"},
    ],
)
def test_what_the_claim_says_of_an_assistant_goes_before_the_record(more: dict[str, Any]) -> None:
    assert offers(visit(assistant_time=recorded(600_000), **more)) == {}


def test_who_treated_by_the_claim_is_offered_once() -> None:
    made = visit(line={"performed_by_role": "PTA"}, assistant_time=recorded(600_000))
    assert offers(made)["97012:CQ"].speaks_for == ("share of the assistant: 100 %",)


def test_a_diagnosis_of_the_note_is_offered_with_its_region() -> None:
    made = offers(visit(words={"diagnosis": "M51.16, M54.50, M54.2"}))
    assert made["M5450"].speaks_for == (
        "the clinician's note",
        "the device treated the lumbar region",
    )
    assert "not one of that region" in made["M542"].speaks_against[0]
    assert "M5116" not in made


def test_what_is_accepted_stands_on_its_own_line_in_the_usual_order() -> None:
    context = visit(line={"modifiers": ["GP"]}, same_day=[service("97140", "GP")]).context
    said = [*accepted("97012:KX", "97140:XU"), *accepted("M5450", what="diagnosis")]
    claim = with_accepted(context, said)
    assert [line.modifiers for line in claim.lines] == [("GP", "KX"), ("XU", "GP")]
    assert claim.diagnoses == ("M5116", "M5450")
    assert [line.dx_pointers for line in claim.lines] == [(1, 2), (1,)]
    assert with_accepted(context, []) == context


def test_the_practice_s_own_order_is_left_alone() -> None:
    context = visit(line={"modifiers": ["KX", "GP"]}).context
    assert with_accepted(context, []).lines[0].modifiers == ("KX", "GP")
    assert claim_modifiers(context, []) == ("KX", "GP")
    assert claim_modifiers(context, ["59"]) == ("59", "GP", "KX")
    assert accepted_modifiers(accepted("97140:XU", "97012:GP")) == ("GP",)


@pytest.mark.parametrize("value", ["GP", "97012:"])
def test_an_accepted_modifier_of_no_line_is_refused_by_name(value: str) -> None:
    with pytest.raises(JournalCorrupt, match=f"acceptance of '{value}' .* names no line"):
        accepted_modifiers(accepted(value))


def test_a_wrong_number_of_pointers_stays_visible() -> None:
    context = visit(line={"dx_pointers": [1, 2, 3, 4, 5]}).context
    claim = with_accepted(context, accepted("M5450", what="diagnosis"))
    assert claim.lines[0].dx_pointers == (1, 2, 3, 4, 5)


def test_no_offer_needs_a_note() -> None:
    made = visit(line={"modifiers": []}, claim=party("plan", discipline="GO"), without="note")
    assert list(offers(made)) == ["97012:GO"]

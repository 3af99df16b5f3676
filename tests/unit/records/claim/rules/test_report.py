"""The report in words: verdict, evidence with its journal range or file, advice at the end."""

from __future__ import annotations

from records.claim.rules.facts import Facts
from records.claim.rules.offers import offers_of
from records.claim.rules.report import report_document, report_text, verdict
from records.claim.rules.scrubber import ADVICE
from tests.unit.records.claim.rules.builders import Visit, service, visit


def text(made: Visit) -> str:
    facts = Facts(made.note, made.record, made.context, made.profile, made.tables)
    return report_text("S-1", made.report(), offers_of(facts))


def test_the_verdict_counts() -> None:
    assert verdict(visit().report()) == "READY: 0 errors, 0 warnings, 0 notes"
    made = visit(words={"rationale": None}, dose={"delivered_minutes": 7})
    assert verdict(made.report()) == "NOT READY: 1 error, 0 warnings, 1 note"


def test_evidence_names_its_journal_range_or_its_file() -> None:
    shown = text(visit(claim={"date_of_service": "2026-11-25", "source": "claim.json"}))
    assert "evidence: started_at: 2026-11-24 10:00:04-06:00 [device, events 1-9]" in shown
    assert "evidence: date_of_service: 2026-11-25 [from claim.json]" in shown
    assert shown.endswith(f"{ADVICE}\n")


def test_an_offer_says_how_it_is_accepted() -> None:
    shown = text(visit(line={"modifiers": []}, same_day=[service("97140", "GP")]))
    assert 'accept with: traction accept S-1 --modifier GP --by "NAME"' in shown
    assert 'accept with: traction accept S-1 --modifier XU --line 97140 --by "NAME"' in shown
    assert "against: start and end of 97140 are not known" in shown


def test_conditions_and_what_was_not_checked_are_shown() -> None:
    shown = text(visit(payer="cigna_ash"))
    assert "condition of the payer: Other therapy must have failed" in shown
    assert "not checked: NCCI pairs" in shown


def test_the_document_holds_what_the_text_shows() -> None:
    made = visit(words={"region": "cervical"})
    document = report_document("S-1", made.report(), ())
    (finding,) = document["findings"]
    assert (finding["rule"], finding["severity"]) == ("T-057", "warn")
    region = finding["evidence"][0]
    assert (region["value"], region["records"], region["origin"]) == (
        "cervical",
        ["event", 1, 9],
        "device",
    )
    assert document["ready"]

"""The report in words: verdict, evidence with its journal range or file, advice at the end."""

from __future__ import annotations

from dataclasses import replace

from records.claim.rules.facts import Facts
from records.claim.rules.offers import offers_of
from records.claim.rules.report import report_document, report_text, verdict
from records.claim.rules.scrubber import ADVICE
from records.claim.rules.tables import shipped_tables
from records.visit.face import face_of
from tests.unit.records.claim.rules.builders import Visit, at, quarter, service, visit

AT_ANOTHER_TIME = at("10:20", "10:35")
PAIR = quarter(("97012", "97140", 1))


def text(made: Visit) -> str:
    facts = Facts(made.note, made.record, made.context, made.profile, made.tables)
    return report_text("S-1", made.report(), offers_of(facts))


def test_the_verdict_counts() -> None:
    assert verdict(visit().report()) == (
        "READY: 0 errors found by the rules, 0 errors not judged; 0 warnings, 0 notes; "
        "115 rules: 71 held, 0 failed, 44 not applicable, 0 not judged"
    )
    made = visit(words={"rationale": None}, dose={"delivered_minutes": 7})
    assert verdict(made.report()) == (
        "NOT READY: 1 error found by the rules, 0 errors not judged; 0 warnings, 1 note; "
        "115 rules: 69 held, 2 failed, 44 not applicable, 0 not judged"
    )


def test_an_open_rule_of_severity_error_keeps_the_claim_back_and_says_what_is_missing() -> None:
    made = visit(line={"technique": None}, claim={"visits_97012_this_episode": None})
    back = "NOT READY: 0 errors found by the rules, 2 errors not judged"
    assert verdict(made.report()).startswith(f"{back}; 0 warnings, 0 notes; 115 rules")
    assert made.note is not None
    assert face_of(made.note, made.report()).verdict == back
    assert verdict(made.report()).endswith("3 not judged (2 errors)")
    shown = text(made)
    assert "error T-006  not judged: lines.technique is missing: the claim does not say" in shown
    assert "warn  T-009  not judged: visits_97012_this_episode is missing" in shown
    warned = visit(claim={"visits_97012_this_episode": None})
    assert verdict(warned.report()).startswith("READY: 0 errors")
    assert verdict(warned.report()).endswith("1 not judged (0 errors)")


def test_the_first_line_says_by_which_older_data_was_judged() -> None:
    older = "judged by data of 2024-07-01 (NCCI pairs), 2024-09-30 (daily limit of 97012)"
    assert older in text(visit()).splitlines()[0]
    then = visit(claim={"date_of_service": "2024-08-01"})
    assert "judged by" not in text(replace(then, tables=shipped_tables())).splitlines()[0]


def test_older_pairs_block_only_a_day_with_a_code_of_one_of_them() -> None:
    for code in ("97110", "97530", "98941"):
        assert not visit(same_day=[service(code, "GP", **AT_ANOTHER_TIME)]).report().blocked, code
    with_a_pair = visit(same_day=[service("97140", "XU", "GP", **AT_ANOTHER_TIME)])
    assert [r.rule_id for r in with_a_pair.report().not_judged if r.blocks] == ["T-026"]
    loaded = replace(with_a_pair, tables=replace(with_a_pair.tables, pairs=PAIR))
    assert not loaded.report().blocked


def test_reasons_for_which_rules_do_not_apply_are_shown_once() -> None:
    shown = text(visit())
    assert "not applicable: T-028, T-029: no pair carries 59 or an X modifier" in shown


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
    assert "not checked: " not in shown
    elsewhere = visit(claim={"other_lines_same_day": [service("97530")]})
    assert "not checked: modifiers: not looked at on 97530" in text(elsewhere)


def test_the_document_holds_what_the_text_shows() -> None:
    made = visit(words={"region": "cervical"}, line={"body_region": None})
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
    assert document["counts"] == {
        "held": 69,
        "failed": 1,
        "not_applicable": 45,
        "not_judged": 0,
    }
    assert document["older_data"][0] == {"what": "NCCI pairs", "of": "2024-07-01"}
    (region_rule,) = (rule for rule in document["rules"] if rule["rule"] == "T-057")
    assert region_rule == {"rule": "T-057", "outcome": "failed", "severity": "warn", "why": []}

"""Where harder sources correct the trade page, the correction holds: severities, limits, words."""

from __future__ import annotations

from datetime import date

import pytest

from records.claim.code_sets import in_order
from records.claim.rules.npi import npi_is_sound
from tests.unit.records.claim.rules.builders import (
    PATIENT_STOP,
    Visit,
    at,
    fee_row,
    fee_table,
    party,
    quarter,
    service,
    visit,
)

LATE, SAME_TIME = at("10:20", "10:35"), at("10:05", "10:20")
IN_THE_FILE_S_QUARTER = {
    "claim": {"date_of_service": "2024-08-01"},
    "words": {"started_at": "2024-08-01 10:00:04-06:00", "ended_at": "2024-08-01 10:15:07-06:00"},
}
DC = party("rendering", taxonomy="111N00000X")
PLAIN = service("97140", "GP", **LATE)


def severities(made: Visit, rule_id: str) -> list[str]:
    return [finding.severity for finding in made.found(rule_id)]


def message(made: Visit, rule_id: str) -> str:
    (finding,) = made.found(rule_id)
    return finding.message


def test_a_short_treatment_is_never_an_error() -> None:
    for payer in ("medicare_b", "commercial", "uhc_commercial", "cigna_ash", "wa_lni", "va"):
        report = visit(payer=payer, dose={"delivered_minutes": 1}).report()
        minutes = [f for f in report.findings if f.rule_id in ("T-011", "T-012")]
        assert {f.severity for f in minutes} <= {"warn", "info"}
    assert severities(visit(dose={"delivered_minutes": 7}), "T-012") == ["info"]
    assert visit(dose={"delivered_minutes": 1}).found("T-011") == []


def test_the_partner_is_denied_and_not_97012() -> None:
    assert "97140 will be denied" in message(visit(same_day=[PLAIN]), "T-026")
    home = visit(same_day=[service("G0151", **LATE)])
    assert "97012 will be denied" in message(home, "T-026")


def test_shipped_pairs_only_warn_outside_of_their_quarter() -> None:
    today = visit(same_day=[PLAIN])
    assert severities(today, "T-026") == ["warn"]
    assert "pair known from 2024-07-01, check the quarter's file" in message(today, "T-026")
    assert "not checked" in message(today, "T-026")
    then = visit(same_day=[service("97140", "GP")], **IN_THE_FILE_S_QUARTER)  # type: ignore[arg-type]
    assert severities(then, "T-026") == ["error"]
    assert "check the quarter" not in message(then, "T-026")


def test_the_file_of_the_quarter_makes_it_an_error_or_nothing() -> None:
    loaded = visit(same_day=[PLAIN], tables={"pairs": quarter(("97012", "97140", 1))})
    assert severities(loaded, "T-026") == ["error"]
    other = visit(same_day=[PLAIN], tables={"pairs": quarter(("97012", "97018", 1))})
    assert other.found("T-026") == []
    assert [each.what for each in other.report().older_data] == ["daily limit of 97012"]


@pytest.mark.parametrize("code", ["97110", "97112", "97530", "98941", "G0283", "97035"])
def test_time_may_be_shared_with_a_code_that_is_no_pair(code: str) -> None:
    together = visit(same_day=[service(code, "59", "GP", **SAME_TIME)])
    assert together.found("T-026") == together.found("T-028") == []


def test_59_at_the_same_time_is_an_error_and_another_region_is_allowed() -> None:
    loaded = {"pairs": quarter(("97012", "97140", 1))}
    same = visit(same_day=[service("97140", "59", "GP", **SAME_TIME)], tables=loaded)
    assert severities(same, "T-028") == ["error"]
    assert "10:05 to 10:20: 10 min at the same time" in message(same, "T-028")
    elsewhere = service("97140", "XS", "GP", body_region="cervical", **SAME_TIME)
    assert severities(visit(same_day=[elsewhere], tables=loaded), "T-028") == ["info"]


def test_one_after_the_other_supports_59() -> None:
    after = visit(same_day=[service("97140", "59", "GP", **LATE)])
    assert "traction 10:00 to 10:15, 97140 10:20 to 10:35" in message(after, "T-029")


def test_re_evaluation_and_drawing_are_reported_once() -> None:
    re_evaluation = visit(same_day=[service("97164", "GP")])
    assert re_evaluation.found("T-026") == []
    assert len(re_evaluation.found("T-072")) == 1
    drawing = visit(same_day=[service("36591")])
    assert drawing.found("T-027") == []
    assert len(drawing.found("T-074")) == 1


def test_a_chiropractor_under_medicare_needs_gp_and_should_have_gy() -> None:
    bare = visit(claim=DC, line={"modifiers": []})
    assert severities(bare, "T-039") == ["error", "warn"]
    assert bare.found("T-021") == []
    assert severities(visit(claim=DC), "T-039") == ["warn"]
    assert visit(claim=DC, payer="commercial").found("T-039") == []
    by_profile = visit(payer="medicare_chiropractic")
    assert severities(by_profile, "T-039") == ["warn"]


def test_what_medicare_s_sources_say_only_warns_elsewhere() -> None:
    two = visit(line={"modifiers": ["GP", "GO"]}, payer="commercial")
    assert severities(two, "T-022") == ["warn"]
    assert severities(visit(line={"modifiers": ["GP", "GO"]}), "T-022") == ["error"]
    alone = visit(line={"modifiers": ["CQ"]}, payer="commercial")
    assert severities(alone, "T-034") == ["warn"]
    wrong = visit(line={"modifiers": ["GO"]}, payer="commercial")
    assert severities(wrong, "T-024") == ["warn"]


def test_gx_with_ga_is_returned() -> None:
    made = visit(line={"modifiers": ["GP", "GX", "GA"]}, claim={"abn_on_file": True})
    assert severities(made, "T-040") == ["error"]


def test_sourced_rules_are_errors() -> None:
    assert severities(visit(claim={"referring": None}), "T-067") == ["error"]
    assert severities(visit(line={"modifiers": ["GP", "GY", "GZ"]}), "T-041") == ["error"]
    both = visit(same_day=[service("97140", "59", "XU", "GP", **LATE)])
    assert severities(both, "T-030") == ["error"]
    assert severities(visit(same_day=[service("97014", "GP")]), "T-050") == ["error"]


def test_a_diagnosis_is_only_doubted_outside_of_the_list_s_year() -> None:
    later = visit(claim={"diagnoses": ["M5136"], "date_of_service": "2027-10-01"})
    assert severities(later, "T-052") == ["warn"]
    assert "list not valid for this date" in message(later, "T-052")
    inside = visit(claim={"diagnoses": ["M5136"]})
    assert severities(inside, "T-052") == ["error"]
    assert "only a category" in message(inside, "T-052")
    unknown = visit(tables={"code_list": None}, claim={"diagnoses": ["M5136"]})
    assert unknown.found("T-052") == []
    assert unknown.report().result("T-052").why == ("list of diagnosis codes is missing",)
    assert [each.what for each in later.report().older_data][-1] == "diagnosis codes"


def test_the_cut_falls_on_97012_only_when_another_code_has_no_lower_expense() -> None:
    for code in ("97016", "97018", "97024", "97026", "97028"):
        assert visit(same_day=[service(code, "59", "GP")]).found("T-048") == []
    assert "97032 has 0.18" in message(visit(same_day=[service("97032", "GP")]), "T-048")
    early = visit(same_day=[service("97110", "GP")], claim={"date_of_service": "2021-03-01"})
    assert "not checked who is cut" in message(early, "T-048")


def test_the_threshold_is_that_of_the_year_and_names_its_source() -> None:
    made = visit(claim={"therapy_ytd_allowed": "2400"})
    assert made.found("T-036") == []
    year = visit(claim={"therapy_ytd_allowed": "2400", "date_of_service": "2024-11-24"})
    assert "above $2,330.00" in message(year, "T-036")
    assert "CR 13371" in message(year, "T-036")
    unknown = visit(claim={"therapy_ytd_allowed": "9999", "date_of_service": "2019-11-24"})
    assert unknown.found("T-036") == []
    open_rule = unknown.report().result("T-036")
    assert open_rule.why == ("therapy threshold of 2019 is missing: no table holds it",)
    assert open_rule.blocks


def test_the_day_counts_towards_the_threshold_with_a_fee_table() -> None:
    ytd = {"therapy_ytd_allowed": "2470"}
    assert visit(claim=ytd).found("T-036") == []
    priced = visit(claim=ytd, tables={"fees": fee_table(fee_row())})
    assert "this day ($14.36) come to $2,484.36" in message(priced, "T-036")


def test_thoracic_traction_is_refused_by_the_profile_that_excludes_it() -> None:
    made = visit(payer="cigna_ash", words={"region": None}, line={"body_region": "thoracic"})
    assert severities(made, "T-058") == ["error"]


def test_a_payer_may_see_a_rule_otherwise() -> None:
    made = visit(line={"technique": "y_strap"}, profile={"severities": {"T-002": "warn"}})
    assert severities(made, "T-002") == ["warn"]
    off = visit(line={"technique": "y_strap"}, profile={"severities": {"T-002": "off"}})
    assert off.found("T-002") == []


def test_rules_hold_only_within_their_dates() -> None:
    early = {"date_of_service": "2021-12-31"}
    modifiers = {"modifiers": ["GP", "CQ"]}
    assert visit(line=modifiers, claim=early).found("T-035") == []
    assert visit(line=modifiers).found("T-035") != []


def test_a_profile_of_another_time_says_so() -> None:
    ended = visit(profile={"valid_to": date(2026, 6, 30)}).report()
    assert "This profile ended on 2026-06-30" in ended.conditions[-1]
    begins = visit(claim={"date_of_service": "2025-12-31"}).report()
    assert "begins on 2026-01-01" in begins.conditions[-1]


def test_a_patient_s_stop_is_told_with_its_time_and_its_event() -> None:
    (finding,) = visit(dose={"stops": (PATIENT_STOP,)}).found("N-07")
    assert "pressed stop at 10:05" in finding.message
    span = finding.evidence[0].journal_range
    assert span is not None
    assert (span.records, span.first, span.last) == ("event", 41, 41)
    tolerated = visit(dose={"stops": (PATIENT_STOP,)}, words={"tolerance": "not tolerated"})
    assert tolerated.found("N-07") == []


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"authorization": {"number": "A", "valid_to": "2026-11-23"}}, "it ended on 2026-11-23"),
        ({"authorization": {"number": "A", "valid_from": "2026-11-25"}}, "it begins on"),
        ({"authorization": {"number": "A", "cpt_codes": ["97140"]}}, "it names 97140, not 97012"),
        (
            {"authorization": {"number": "A", "visits_allowed": 6, "visits_used": 6}},
            "6 of 6 visits are used up",
        ),
        ({"authorization": {"number": "A"}, "referral_number": "A"}, "the referral's number"),
    ],
)
def test_an_authorization_that_does_not_hold_says_why(claim: dict[str, object], words: str) -> None:
    assert words in message(visit(claim=claim), "T-066")


def test_the_plan_may_be_uncertified_when_it_was_sent_in_time() -> None:
    late = {"certified_on": None, "established": "2026-10-01", "signed_order_on_file": True}
    sent = visit(claim=party("plan", **late, sent_to_referrer_on="2026-11-01"))
    assert severities(sent, "T-062") == ["error"]
    in_time = visit(claim=party("plan", **late, sent_to_referrer_on="2026-10-31"))
    assert in_time.found("T-062") == []


@pytest.mark.parametrize(
    ("plan", "found", "words"),
    [
        # no end is written: 90 days from the first treatment, with the evaluation
        (("2026-08-25", "2026-08-30", None), ["error"], "from 2026-08-25 ended on 2026-11-23"),
        (("2026-08-26", "2026-08-30", None), [], ""),
        # signed within 30 days: the initial interval, counted from the treatment
        (("2026-08-25", "2026-09-24", "2026-12-20"), ["error"], "ended on 2026-11-23"),
        # signed later: taken for a recertification, counted from the signature
        (("2026-08-25", "2026-09-25", "2026-12-20"), [], ""),
        (("2026-01-05", "2026-11-05", "2027-02-03"), [], ""),
        (("2026-01-05", "2026-11-05", "2027-02-04"), ["warn"], "written for 91 days"),
        # within its 90 days, and written for longer
        (("2026-11-01", "2026-11-05", "2027-01-30"), [], ""),
        (("2026-11-01", "2026-11-05", "2027-01-31"), ["warn"], "2026-11-01 to 2027-01-31"),
        ((None, "2026-11-05", "2027-02-04"), ["warn"], "91 days"),
        # its own end counts first; without a signature nothing says where it began
        (("2026-11-01", "2026-11-05", "2026-11-23"), ["error"], "ended on 2026-11-23: recertify"),
        (("2026-01-05", None, "2027-02-22"), [], ""),
        (("2026-01-05", None, "2027-02-23"), ["warn"], "91 days, 2026-11-24 to 2027-02-23"),
        (("2026-01-05", None, "2026-11-23"), ["error"], "ended on 2026-11-23"),
        # dates that no calendar reaches are no reason to fail
        (("9999-12-31", "9999-12-31", "9999-12-31"), [], ""),
        (("0001-01-01", "0001-01-01", "9999-12-31"), ["error"], "ended on 0001-04-01"),
    ],
)
def test_a_certification_holds_at_most_90_days(
    plan: tuple[str | None, ...], found: list[str], words: str
) -> None:
    dates = dict(zip(("established", "certified_on", "cert_through"), plan, strict=True))
    made = visit(claim=party("plan", **dates))
    assert severities(made, "T-063") == found
    assert words in "".join(finding.message for finding in made.found("T-063"))


def test_the_90_days_are_medicare_s_and_another_payer_is_warned_of_them() -> None:
    over = party("plan", cert_through=None, established="2026-08-25", certified_on="2026-08-30")
    assert severities(visit(claim=over, payer="commercial"), "T-063") == ["warn"]
    ended = party("plan", cert_through="2026-11-23")
    assert severities(visit(claim=ended, payer="commercial"), "T-063") == ["error"]


@pytest.mark.parametrize("npi", ["1234567893", "1679576722", "1003000126"])
def test_an_npi_has_a_check_digit(npi: str) -> None:
    assert npi_is_sound(npi)
    for digit in "0123456789":
        changed = npi[:9] + digit
        assert npi_is_sound(changed) == (changed == npi)
    assert not npi_is_sound(npi[:9])
    assert not npi_is_sound(npi[:9] + "x")


def test_modifiers_are_put_into_the_payer_s_order() -> None:
    assert in_order(["KX", "CO", "GO", "XU"]) == ["XU", "GO", "CO", "KX"]
    assert in_order(["76", "GP", "59"], ("GP", "59")) == ["GP", "59", "76"]


WHOLE_MINUTES = {"pairs": quarter(("97012", "97140", 1))}


@pytest.mark.parametrize(
    ("start", "end", "rule"),
    [
        ("10:15", "10:30", "T-029"),  # the log ends at 10:15:07
        ("10:14", "10:30", "T-029"),
        ("10:13", "10:30", "T-028"),
        ("09:45", "10:00", "T-029"),  # the log begins at 10:00:04
        ("09:45", "10:01", "T-029"),
        ("09:45", "10:02", "T-028"),
        ("10:05", "10:06", "T-028"),  # within the traction, however short
        ("10:05", "10:05", "T-028"),
        ("09:00", "11:00", "T-028"),
    ],
)
def test_a_minute_at_the_edge_is_rounding_and_two_are_not(start: str, end: str, rule: str) -> None:
    """Practice systems keep whole minutes; the tolerance is that of T-016."""
    partner = service("97140", "59", "GP", **at(start, end))
    made = visit(same_day=[partner], tables=WHOLE_MINUTES)
    assert {f.rule_id for f in made.report().findings} & {"T-028", "T-029"} == {rule}


@pytest.mark.parametrize(
    ("modifier", "region", "severity", "words"),
    [
        ("59", "cervical", "info", "on another region (lumbar, cervical), which is allowed"),
        ("XS", "cervical", "info", "on another region (lumbar, cervical), which is allowed"),
        ("XS", "lumbar", "info", "no region on the claim shows it"),
        ("XS", None, "info", "no region on the claim shows it"),
        ("59", "lumbar", "error", "10 min at the same time."),
        ("59", None, "error", "10 min at the same time."),
        ("59", "other", "error", "10 min at the same time."),
    ],
)
def test_another_region_is_said_only_where_both_are_named_and_differ(
    modifier: str, region: str | None, severity: str, words: str
) -> None:
    partner = service("97140", modifier, "GP", body_region=region, **SAME_TIME)
    made = visit(same_day=[partner], tables=WHOLE_MINUTES)
    assert severities(made, "T-028") == [severity]
    assert words in message(made, "T-028")
    assert ("another region (" in message(made, "T-028")) == (region == "cervical")


def test_an_unknown_region_of_the_device_is_not_another_one() -> None:
    partner = service("97140", "59", "GP", body_region="cervical", **SAME_TIME)
    nowhere = {"words": {"region": None}, "line": {"body_region": None}}
    made = visit(same_day=[partner], tables=WHOLE_MINUTES, **nowhere)  # type: ignore[arg-type]
    assert severities(made, "T-028") == ["error"]


def test_manual_therapy_without_an_end_has_no_times_and_no_region_is_invented() -> None:
    begun = service("97140", "GP", started_at="2026-11-24T10:20:00-06:00")
    assert "perhaps the same region" in message(visit(same_day=[begun]), "T-046")
    named = service("97140", "GP", body_region="lumbar")
    assert "the same region (lumbar)" in message(visit(same_day=[named]), "T-046")


def test_a_diagnosis_of_another_region_is_named_with_its_own() -> None:
    made = visit(claim={"diagnoses": ["M542"]}, words={"diagnosis": "M54.2"})
    assert "M542 (cervical)" in message(made, "T-057")
    one_fits = visit(claim={"diagnoses": ["M542", "M5116"]}, line={"dx_pointers": [1, 2]})
    assert one_fits.found("T-057") == []
    unlisted = visit(claim={"diagnoses": ["M9999"]})
    assert unlisted.found("T-057") == []
    assert visit(claim={"diagnoses": ["M542"]}, tables={"code_list": None}).found("T-057") == []


def test_every_line_s_npi_is_checked_also_of_two_lines_with_one_code() -> None:
    lines = [service("97110", "GP", rendering_npi=npi) for npi in ("1234567890", "1234567893")]
    assert "1234567890 (lines.2.rendering_npi)" in message(visit(same_day=lines), "T-068")

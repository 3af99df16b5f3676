"""The scrub report as HTML, PDF and JSON: the same findings, escaped, nothing from elsewhere."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from records.claim.rules.findings import RuleFinding, RuleResult
from records.claim.rules.scrubber import ADVICE, ScrubReport
from records.exports.note.pdf import note_pdf
from records.exports.note.summary import note_summary
from records.exports.note.text import note_text
from records.exports.scrub.html import scrub_html
from records.exports.scrub.json import scrub_json, scrub_values
from records.exports.scrub.pdf import scrub_pdf
from records.exports.session.schema import ScrubPart
from records.visit.visit import Visit
from tests.support.documents import SESSION_ID
from tests.support.pdfs import TEXTS, pages_of, solid, text_of
from tests.support.reports import made_finding, made_report, visit_with_offer

HOSTILE = "<script>alert('x')</script> & {{ 7*7 }} \"q\""
REPORT = made_report(
    made_finding("T-021", "error", "97012 needs GP or GO."),
    made_finding("T-011", "warn", f"10 minutes. {HOSTILE}"),
    made_finding("T-018", "info", "Write the duration."),
)
VISIT = visit_with_offer(REPORT)
VOID_TAGS = {"meta"}


class _Tags(HTMLParser):
    """Collects tags, attributes and text; every tag must be closed in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.addresses: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.addresses += [str(value) for name, value in attrs if name in ("src", "href")]
        if tag not in VOID_TAGS:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(report: ScrubReport) -> _Tags:
    tags = _Tags()
    tags.feed(scrub_html(visit_with_offer(report)))
    tags.close()
    assert tags.open == []
    return tags


def pdf_text(report: ScrubReport) -> str:
    return text_of(scrub_pdf(visit_with_offer(report)))


def with_findings(findings: list[RuleFinding]) -> Visit:
    return visit_with_offer(made_report(*findings))


def test_html_holds_every_finding_escaped_and_loads_nothing() -> None:
    tags = page_of(REPORT)
    assert tags.seen.isdisjoint({"script", "link", "img", "iframe", "object"})
    assert tags.addresses == []
    assert HOSTILE in tags.text
    for finding in REPORT.findings:
        assert finding.rule_id in tags.text
        assert finding.message in tags.text
        assert finding.source in tags.text
    assert "NOT READY: 1 error found by the rules" in tags.text
    assert "device, events 3-9" in tags.text
    assert ADVICE in tags.text
    for word in ("For: the plan is a PT plan", "Against: nobody", "modifier GP by P. Jones, PT"):
        assert word in tags.text
    assert SESSION_ID in tags.text
    page = scrub_html(VISIT)
    assert re.search(r"url\(|@import|https?://", page) is None


def test_pdf_holds_every_finding_and_can_be_searched() -> None:
    text = pdf_text(REPORT)
    for word in (
        "T-021 ERROR",
        "97012 needs GP or GO.",
        "T-011 WARN",
        "alert('x')",
        "T-018 INFO",
        "Delivered traction: 10 min (10 min 4 s) [device, events 3-9]",
        "Symptoms: open",
        "invented source",
        "Other therapy was tried before.",
        "code pairs: no file",
        "NOT READY: 1 error found by the rules, 0 errors not judged",
        "ask a medical billing specialist",
        SESSION_ID,
        "Offered: modifier GP of 97012",
        "for: the plan is a PT plan",
        "against: nobody signed it",
        "modifier GP by P. Jones, PT",
    ):
        assert word in text


def test_a_report_without_an_error_says_so_in_the_words_of_the_scrub() -> None:
    report = made_report(made_finding("T-018", "info", "Write the duration."))
    for text in (page_of(report).text, pdf_text(report)):
        assert "READY: 0 errors found by the rules, 0 errors not judged" in " ".join(text.split())
    assert "NOT READY" not in pdf_text(report)


OPEN = RuleResult(
    rule_id="T-036",
    outcome="not_judged",
    severity="error",
    why=("therapy_ytd_allowed is missing",),
)
BESIDE = RuleResult(
    rule_id="T-008", outcome="not_applicable", severity="warn", why=("no payer asks for it",)
)
HELD = RuleResult(rule_id="T-003", outcome="held", severity="error")


def test_how_many_rules_ended_in_each_way_stands_on_the_face_of_every_document() -> None:
    visit = visit_with_offer(made_report(results=(OPEN, BESIDE, HELD)))
    counts = "3 rules: 1 held, 0 failed, 1 not applicable, 1 not judged (1 error)"
    documents = {
        "text": note_text(visit),
        "summary": note_summary(visit.note, visit.face),
        "note": text_of(note_pdf(visit)),
        "scrub": text_of(scrub_pdf(visit)),
        "html": page_of(visit.report).text if visit.report else "",
    }
    for name, text in documents.items():
        assert counts in " ".join(text.split()), name
        said = "T-036: not judged, therapy_ytd_allowed is missing" in " ".join(text.split())
        assert said == (name in ("text", "summary", "note")), name
        assert "NOT READY: 0 errors found by the rules, 1 error not judged" in " ".join(
            text.split()
        ), name


def test_rules_that_are_open_or_do_not_apply_stand_in_the_report_with_the_reason() -> None:
    report = made_report(results=(OPEN, BESIDE, HELD))
    for text in (page_of(report).text, pdf_text(report)):
        assert "T-036 (error): therapy_ytd_allowed is missing" in text
        assert "T-008: no payer asks for it" in text
        assert "T-003" not in text
    values = json.loads(scrub_json(visit_with_offer(report)))
    assert values["counts"] == {"held": 1, "failed": 0, "not_applicable": 1, "not_judged": 1}
    assert values["rules"][0]["why"] == ["therapy_ytd_allowed is missing"]
    assert values["ready"] is False


def test_a_long_report_breaks_into_pages_that_name_their_session() -> None:
    many = [made_finding(f"T-{n:03}", "warn", "words " * 40) for n in range(40)]
    pages = [page.extract_text() for page in pages_of(scrub_pdf(with_findings(many)))]
    assert len(pages) > 3
    written = " ".join(pages)
    assert all(f"T-{n:03}" in written for n in range(40))
    for number, page in enumerate(pages, start=1):
        assert f"Session {SESSION_ID}, note draft, not signed" in page
        assert f"page {number} of {len(pages)}" in page


@settings(max_examples=15, deadline=None)
@given(st.lists(TEXTS, max_size=4))
def test_every_character_of_a_finding_is_on_the_pages(messages: list[str]) -> None:
    findings = [made_finding(f"T-{n:03}", "error", text) for n, text in enumerate(messages)]
    written = solid(
        "".join(page.extract_text() for page in pages_of(scrub_pdf(with_findings(findings))))
    )
    assert Counter(solid("".join(messages))) <= Counter(written)


def test_json_is_the_report_and_follows_the_schema() -> None:
    document = json.loads(scrub_json(VISIT))
    assert document["session_id"] == SESSION_ID
    assert document["ready"] is False
    assert [f["rule"] for f in document["findings"]] == ["T-021", "T-011", "T-018"]
    assert ScrubPart.model_validate(scrub_values(VISIT)).ready is False

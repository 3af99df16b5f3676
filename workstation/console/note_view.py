"""A note as its page shows it: every field with its source, pending text and rule findings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from records.claim.rules.findings import RuleFinding, RuleResult
from records.claim.rules.report import OPEN, STRENGTHS, where_from
from records.claim.rules.scrubber import ScrubReport
from records.note.as_read import field_as_read
from records.note.device_fields import Field
from records.note.fields import PATIENT_REFERENCE, REMARK, TOLERANCE
from records.note.treatment_note import TreatmentNote
from records.note.typed import TypedText
from records.provenance import NOT_ASSESSED_TEXT, OPEN_TEXT, Origin
from records.visit.note_hints import repetition_text
from records.visit.note_status import moment_text
from workstation.console.note_form import (
    REASON,
    PostedNote,
    asks_both_minutes,
    mark_of,
    word_mark,
)
from workstation.visit.completing import MINUTES

ORIGINS: Final[Mapping[Origin, str]] = {
    Origin.DEVICE: "recorded by the device",
    Origin.PRESCRIPTION: "ordered",
    Origin.CLINICIAN: "a person's word",
    Origin.IMPORTED: "imported",
    Origin.DERIVED: "computed from the record",
}
SEVERITY_WORDS: Final = {"error": "error", "warn": "warning", "info": "note"}
NOT_ASKED: Final = "not asked"
"""The order names the patient; another patient is an amendment, with the reason."""
NUMBERS: Final = ("pain_before", "pain_after", *MINUTES)
LONG_TEXTS: Final = (
    "symptoms",
    "rationale",
    "positioning",
    "screening",
    "patient_response",
    "stop_comment",
    "adjustment_comment",
    "plan_next",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """A rule's finding, with its source and evidence in words; no evidence where not judged."""

    rule: str
    severity: str
    message: str
    source: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """A field of the note. ``kind`` is how it is asked: text, long, number, choice, or not.

    ``shown`` is the note's value, ``text`` the text of the entry, ``typed`` who typed that and
    when. ``proposed`` is the last visit's entry, ``since`` the day from which it is unchanged.
    ``seen`` comes back with what is posted, ``also_seen`` for other fields in the same entry.
    """

    name: str
    label: str
    unit: str = ""
    shown: str = ""
    is_open: bool = True
    source: tuple[tuple[str, str], ...] = ()
    where_from: str = ""
    by_device: bool = False
    findings: tuple[FindingView, ...] = ()
    kind: str = "text"
    choices: tuple[str, ...] = ()
    text: str = ""
    typed: str = ""
    proposed: str = ""
    proposed_by: str = ""
    since: str = ""
    repeated: str = ""
    fault: str = ""
    seen: str = ""
    also_seen: tuple[tuple[str, str], ...] = ()
    confirmed: bool = False
    nothing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteView:
    """The parts of the page, in its order; ``general`` are faults that belong to no field."""

    open_fields: tuple[FieldView, ...]
    said_fields: tuple[FieldView, ...]
    fixed_fields: tuple[FieldView, ...]
    remark: FieldView
    reason: FieldView
    signature_findings: tuple[FindingView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideWords:
    """What is shown beside the note's entries: pending texts, the rules, and a refused post."""

    typed: Mapping[str, TypedText] = field(default_factory=dict)
    report: ScrubReport | None = None
    posted: PostedNote | None = None
    faults: Mapping[str, str] = field(default_factory=dict)


def note_view(note: TreatmentNote, beside: BesideWords) -> NoteView:
    """Returns the whole view."""
    asked = [*_asked(note, beside)]
    return NoteView(
        open_fields=tuple(each for each in asked if each.is_open),
        said_fields=tuple(each for each in asked if not each.is_open),
        fixed_fields=tuple(_fixed(note, each, beside) for each in note.fixed_fields),
        remark=_new_remark(note, beside),
        reason=_reason(note, beside),
        signature_findings=tuple(_about("signature", beside.report)),
    )


def finding_view(finding: RuleFinding) -> FindingView:
    """Returns a finding in words."""
    return FindingView(
        rule=finding.rule_id,
        severity=SEVERITY_WORDS[finding.severity],
        message=finding.message,
        source=f"{STRENGTHS[finding.strength]}, {finding.source_date}: {finding.source}",
        evidence=tuple(
            f"{each.label}: {OPEN if each.is_open else each.value} [{where_from(each)}]"
            for each in finding.evidence
        ),
    )


def source_rows(note: TreatmentNote, each: Field) -> Iterator[tuple[str, str]]:
    """Returns origin, evidence, document, who and when, as far as they are known."""
    yield "Origin", ORIGINS[each.origin]
    if each.journal_range is not None:
        span = each.journal_range
        yield "Evidence", f"{span.records}s {span.first} to {span.last} of the session's record"
    for label, text in (
        ("How", each.method),
        ("Came as", each.source),
        ("Stands in", each.document),
        ("Digest", each.digest),
        ("Who", each.attested_by),
    ):
        if text:
            yield label, text
    if each.attested_utc_ms is not None:
        yield "When", moment_text(note, each.attested_utc_ms)


def _plain(note: TreatmentNote, each: Field, beside: BesideWords) -> FieldView:
    shown = each.value or (NOT_ASSESSED_TEXT if each.not_assessed else OPEN_TEXT)
    by_device = each.origin in (Origin.DEVICE, Origin.DERIVED)
    return FieldView(
        name=each.name,
        label=each.label,
        unit=each.unit,
        shown=shown,
        is_open=each.needs_a_word,
        source=tuple(source_rows(note, each)),
        where_from=each.where_from,
        by_device=by_device,
        findings=tuple(_about(each.name, beside.report)),
    )


def _fixed(note: TreatmentNote, each: Field, beside: BesideWords) -> FieldView:
    return _plain(note, field_as_read(each, note), beside)


def _asked(note: TreatmentNote, beside: BesideWords) -> Iterator[FieldView]:
    """Returns every field of the clinician with its entry."""
    repeated = {each.name: repetition_text(each) for each in note.repetitions}
    proposals = {each.name: each.value or "" for each in note.proposals}
    both = asks_both_minutes(note)
    for each in note.clinician_fields:
        if both and each.name == MINUTES[1]:
            continue
        view = _with_entry(note, each, beside)
        if both and each.name == MINUTES[0]:
            view = _both_minutes(view, note, beside)
        yield replace(
            view,
            repeated=repeated.get(each.name, ""),
            proposed=proposals.get(each.name, ""),
            proposed_by=note.proposed_by_session,
            since=note.proposed_since.get(each.name, ""),
        )


def _with_entry(note: TreatmentNote, each: Field, beside: BesideWords) -> FieldView:
    typed, posted = beside.typed.get(each.name), beside.posted
    text = typed.text if typed else each.value or ""
    if posted is not None:
        text = posted.texts.get(each.name, text)
    return replace(
        _plain(note, each, beside),
        kind=_kind(note, each),
        choices=TOLERANCE if each.name == "tolerance" else (),
        text=text,
        typed=_typed_words(note, typed),
        fault=beside.faults.get(each.name, ""),
        seen=f"{word_mark(each)}-{mark_of(typed.text if typed else each.value or '')}",
        confirmed=posted is not None and each.name in posted.confirmed,
        nothing=posted is not None and each.name in posted.nothing,
    )


def _both_minutes(view: FieldView, note: TreatmentNote, beside: BesideWords) -> FieldView:
    """Returns timed codes and all treatment in one line, as a visit at a terminal asks them."""
    return replace(
        view,
        label="Minutes of the visit: timed codes, then all treatment, as in 0 25",
        kind="text",
        also_seen=((MINUTES[1], f"{word_mark(note.field(MINUTES[1]))}-{mark_of('')}"),),
        findings=(*view.findings, *_about(MINUTES[1], beside.report)),
    )


def _new_remark(note: TreatmentNote, beside: BesideWords) -> FieldView:
    """Returns an entry for a remark on a measured value, named after what it is about."""
    known = {each.name for each in note.clinician_fields}
    waiting = {
        name: each
        for name, each in beside.typed.items()
        if name.startswith(REMARK) and name not in known
    }
    name, typed = next(iter(waiting.items()), ("", None))
    upon, text = name.removeprefix(REMARK), typed.text if typed else ""
    if beside.posted is not None and beside.posted.remark:
        upon, text = beside.posted.remark_upon, beside.posted.remark
    return FieldView(
        name=upon,
        label="Remark",
        text=text,
        typed=_typed_words(note, typed),
        fault=beside.faults.get(REMARK, ""),
    )


def _reason(note: TreatmentNote, beside: BesideWords) -> FieldView:
    typed = beside.typed.get(REASON)
    kept = typed.text if typed else ""
    return FieldView(
        name=REASON,
        label="Reason of the amendment",
        text=beside.posted.reason if beside.posted else kept,
        typed=_typed_words(note, typed),
        fault=beside.faults.get(REASON, ""),
        seen=f"-{mark_of(kept)}",
    )


def _typed_words(note: TreatmentNote, typed: TypedText | None) -> str:
    if typed is None:
        return ""
    by = typed.by or "somebody who had given no name"
    return f"typed by {by}, {moment_text(note, typed.at_utc_ms)}, not in the note yet"


def _about(name: str, report: ScrubReport | None) -> Iterator[FindingView]:
    """Returns what rules say of a field, or could not judge without it.

    A claim's own name of the patient is the note's reference.
    """
    names = {name, *(("patient_ref",) if name == PATIENT_REFERENCE.name else ())}
    for finding in report.findings if report else ():
        if finding.field in names:
            yield finding_view(finding)
    for result in report.not_judged if report else ():
        if not names.isdisjoint(result.missing):
            yield _not_judged(result)


def _not_judged(result: RuleResult) -> FindingView:
    return FindingView(
        rule=result.rule_id,
        severity=SEVERITY_WORDS[result.severity],
        message=f"not judged: {'; '.join(result.why)}",
    )


def _kind(note: TreatmentNote, each: Field) -> str:
    name = each.name
    if name == PATIENT_REFERENCE.name and each.value and not note.versions:
        return NOT_ASKED
    if name == "tolerance":
        return "choice"
    if name in NUMBERS:
        return "number"
    return "long" if name in LONG_TEXTS or name.startswith(REMARK) else "text"

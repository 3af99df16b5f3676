"""The note's life: completed, confirmed, signed, amended; nothing signed is ever lost."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.errors import NoteRefused
from controller.events import EventKind, JsonValue
from records.clinic.clinic_verify import verify_clinic
from records.evidence.reader import read_session
from records.note.delivered_dose import compute_dose
from records.note.fields import clinician_fields, open_in_words
from records.note.lifecycle import amend, complete, confirm, mark_not_assessed, sign
from records.note.responsible import responsible_spans
from records.note.treatment_note import TreatmentNote
from records.note.words import NoteVersion
from records.provenance import Origin
from records.store.clinic_chain import entries_of_session
from records.store.clinic_file import clinic_reading
from records.store.record_folder import RecordFolder
from tests.support.notes import (
    ADJUSTED_AND_PAUSED,
    ALL_WORDS,
    BEGAN_MS,
    DAY_MS,
    HOUR_MS,
    Happened,
    author,
    note_of,
    recorded,
)

READY = [("complete", "pain_after", "1"), ("complete", "harness", "text"), ("sign", "", "PT")]


@pytest.fixture
def data(folder: RecordFolder) -> RecordFolder:
    recorded(folder)
    return folder


def signed(
    data: RecordFolder, session_id: str = "s-1", at_ms: int = BEGAN_MS + HOUR_MS
) -> TreatmentNote:
    complete(data, note_of(data, session_id), ALL_WORDS, author(data, at_ms=at_ms))
    sign(data, note_of(data, session_id), "PT", author(data, at_ms=at_ms + 1))
    return note_of(data, session_id)


def test_a_fresh_note_is_a_draft_that_only_says_what_is_known(data: RecordFolder) -> None:
    note = note_of(data)
    assert (note.status, note.signature, note.versions) == ("draft", None, ())
    assert note.field("symptoms").where_from == "order, filed by P. Jones"
    assert set(note.open_fields) == set(ALL_WORDS)
    assert "stop_comment" not in note.open_fields
    assert note.field("adjustments").value == "none"


def test_a_completed_field_says_who_said_it_and_when(data: RecordFolder) -> None:
    complete(data, note_of(data), {"pain_before": " 06 "}, author(data, by="A. Ray"))
    field = note_of(data).field("pain_before")
    assert (field.value, field.where_from) == ("6", "typed by A. Ray, draft")
    assert field.attested_utc_ms == BEGAN_MS + HOUR_MS
    assert "pain_before" not in note_of(data).open_fields


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("peak_force", "99 N", "peak_force was recorded by the device.*remark.peak_force"),
        ("pain_before", "11", r"pain_before=\"11\" is not a whole number from 0 to 10"),
        ("pain_after", "²", "pain_after"),
        ("tolerance", "fine", "tolerance=.*not one of tolerated"),
        ("diagnosis", "back pain", "diagnosis.*shape of an ICD-10-CM code"),
        ("total_timed_minutes", "-1", "total_timed_minutes"),
        ("rationale", "  ", "rationale is empty"),
        ("symptoms", "x" * 2001, "symptoms has 2001 characters"),
        ("stop_comment", "belt", "stop_comment is not a field of this note"),
        ("shoe_size", "43", "shoe_size is not a field of this note; known are"),
        ("patient_reference", "TEST-2", "patient_reference is 'TEST-1' by the order"),
    ],
)
def test_what_may_not_be_said_is_refused_by_name(
    data: RecordFolder, name: str, value: str, message: str
) -> None:
    with pytest.raises(NoteRefused, match=message):
        complete(data, note_of(data), {"harness": "halter", name: value}, author(data))
    assert note_of(data).field("harness").value is None, "all or nothing"


def test_device_fields_may_be_remarked_upon(data: RecordFolder) -> None:
    before = note_of(data).device_fields
    complete(data, note_of(data), {"remark.peak_force": "cable touched"}, author(data))
    note = note_of(data)
    assert note.field("remark.peak_force").value == "cable touched"
    assert note.device_fields == before


def test_open_fields_keep_a_note_from_being_signed(data: RecordFolder) -> None:
    complete(data, note_of(data), {"pain_before": "6"}, author(data))
    with pytest.raises(NoteRefused, match=r"open fields: .*rationale.*not assessed"):
        sign(data, note_of(data), "PT", author(data))
    assert note_of(data).status == "draft"


def test_a_field_may_be_marked_as_not_assessed_and_stays_without_a_value(
    data: RecordFolder,
) -> None:
    words = {k: v for k, v in ALL_WORDS.items() if k != "angle_of_pull"}
    complete(data, note_of(data), words, author(data))
    mark_not_assessed(data, note_of(data), ["angle_of_pull"], author(data))
    sign(data, note_of(data), "PT", author(data))
    field = note_of(data).field("angle_of_pull")
    assert (field.value, field.is_open, field.not_assessed) == (None, True, True)
    assert field.where_from == "typed by P. Jones, note version 1"
    with pytest.raises(NoteRefused, match="cannot be completed"):
        mark_not_assessed(data, note_of(data), ["angle_of_pull"], author(data))


def test_a_value_is_not_marked_away(data: RecordFolder) -> None:
    with pytest.raises(NoteRefused, match="symptoms has the value 'left arm pain'"):
        mark_not_assessed(data, note_of(data), ["symptoms"], author(data))


def test_a_signature_keeps_everything_and_says_who(data: RecordFolder) -> None:
    note = signed(data)
    assert note.status == "signed"
    assert note.signature is not None
    assert (note.signature.signed_by, note.signature.credentials) == ("P. Jones", "PT")
    assert note.signature_checkpoint
    (version,) = note.versions
    assert set(version.changes) == {field.name for field in note.clinician_fields}
    assert note.field("symptoms").where_from == "order, filed by P. Jones"
    assert note.field("rationale").where_from == "typed by P. Jones, note version 1"
    assert not note.open_fields


@pytest.mark.parametrize(("by", "credentials"), [("", "PT"), ("P. Jones", " ")])
def test_a_signature_needs_name_and_credentials(
    data: RecordFolder, by: str, credentials: str
) -> None:
    complete(data, note_of(data), ALL_WORDS, author(data))
    with pytest.raises(NoteRefused, match="is empty; a signature needs"):
        sign(data, note_of(data), credentials, author(data, by=by))


def test_a_note_is_not_signed_before_its_session_ended(folder: RecordFolder) -> None:
    recorded(folder)
    complete(folder, note_of(folder), ALL_WORDS, author(folder))
    with pytest.raises(NoteRefused, match="not signed before its treatment ended"):
        sign(folder, note_of(folder), "PT", author(folder, at_ms=BEGAN_MS + 63_999))
    sign(folder, note_of(folder), "PT", author(folder, at_ms=BEGAN_MS + 64_000))
    assert note_of(folder).status == "signed"


def test_an_open_session_s_note_is_not_signed(folder: RecordFolder) -> None:
    recorded(folder, closed=False)
    complete(folder, note_of(folder), ALL_WORDS, author(folder))
    with pytest.raises(NoteRefused, match="no end and no seal yet"):
        sign(folder, note_of(folder), "PT", author(folder))


def test_a_signed_note_is_only_amended(data: RecordFolder) -> None:
    note = signed(data)
    with pytest.raises(NoteRefused, match=r"signed by P\. Jones \(version 1\) .* amend it"):
        complete(data, note, {"pain_after": "2"}, author(data))
    with pytest.raises(NoteRefused, match="cannot be signed again"):
        sign(data, note, "PT", author(data))
    amend(data, note, {"pain_after": "2"}, "slip of the pen", author(data))
    note = note_of(data)
    assert (note.status, note.field("pain_after").value) == ("amended", "2")
    first, second = note.versions
    assert first.changes["pain_after"].value == "3"
    assert (second.by, second.credentials, second.reason) == ("P. Jones", "PT", "slip of the pen")
    assert list(second.changes) == ["pain_after"]


def test_an_amendment_is_refused_without_reason_change_or_credentials(data: RecordFolder) -> None:
    with pytest.raises(NoteRefused, match="is a draft; complete it"):
        amend(data, note_of(data), {"pain_after": "2"}, "why", author(data))
    note = signed(data)
    for values, reason, by, message in (
        ({"pain_after": "2"}, " ", "P. Jones", "reason is empty"),
        ({"pain_after": "3"}, "why", "P. Jones", "pain_after is '3' already"),
        ({}, "why", "P. Jones", "nothing to amend"),
        ({"peak_force": "1 N"}, "why", "P. Jones", "recorded by the device"),
        ({"pain_after": "2"}, "why", "A. Ray", "credentials is empty"),
    ):
        with pytest.raises(NoteRefused, match=message):
            amend(data, note, values, reason, author(data, by=by))
    assert note_of(data).versions == note.versions


def test_the_wrong_patient_reference_is_amended_with_a_reason(data: RecordFolder) -> None:
    amend(data, signed(data), {"patient_reference": "TEST-9"}, "wrong chart", author(data))
    note = note_of(data)
    assert note.field("patient_reference").value == "TEST-9"
    assert note.versions[0].changes["patient_reference"].value == "TEST-1"


def test_two_people_do_not_overwrite_each_other(data: RecordFolder) -> None:
    complete(data, note_of(data), ALL_WORDS, author(data))
    mine = theirs = note_of(data)
    complete(data, theirs, {"pain_after": "8"}, author(data, by="A. Ray", at_ms=BEGAN_MS + DAY_MS))
    with pytest.raises(NoteRefused, match="changed by somebody else"):
        sign(data, mine, "PT", author(data))
    sign(data, note_of(data), "PT", author(data, at_ms=BEGAN_MS + DAY_MS))
    with pytest.raises(NoteRefused, match="signed meanwhile"):
        complete(data, mine, {"pain_after": "1"}, author(data))
    read = note_of(data)
    amend(data, read, {"pain_after": "7"}, "one", author(data))
    with pytest.raises(NoteRefused, match="changed by somebody else"):
        amend(data, read, {"pain_after": "6"}, "two", author(data))


def test_a_remark_is_not_marked_as_not_assessed(data: RecordFolder) -> None:
    with pytest.raises(NoteRefused, match=r"remark\.peak_force is a remark; leave it out"):
        mark_not_assessed(data, note_of(data), ["remark.peak_force"], author(data))


# --- the last visit ---------------------------------------------------------------------------


def test_the_last_visit_s_words_are_proposed_and_confirmed_one_by_one(folder: RecordFolder) -> None:
    recorded(folder)
    signed(folder)
    recorded(folder, "s-2", began_ms=BEGAN_MS + DAY_MS)
    note = note_of(folder, "s-2")
    assert [f.name for f in note.proposals] == ["positioning", "harness", "angle_of_pull"]
    assert note.field("positioning").value is None, "proposed, never filled"
    later = author(folder, by="A. Ray", at_ms=BEGAN_MS + DAY_MS + HOUR_MS)
    confirm(folder, note, "harness", later)
    note = note_of(folder, "s-2")
    assert note.field("harness").value == ALL_WORDS["harness"]
    day = "2025-12-31"  # of the first visit, at the clinic's offset of six hours
    source = f"confirmed from session s-1, unchanged since {day}"
    assert note.field("harness").where_from == f"{source} by A. Ray, draft"
    assert [f.name for f in note.proposals] == ["positioning", "angle_of_pull"]
    with pytest.raises(NoteRefused, match=r"patient_response: .* proposes nothing .*positioning"):
        confirm(folder, note, "patient_response", later)


def test_a_word_that_is_confirmed_again_keeps_the_day_since_which_it_is_unchanged(
    folder: RecordFolder,
) -> None:
    recorded(folder)
    signed(folder)
    sources = []
    for number in (2, 3):
        began_ms = BEGAN_MS + number * DAY_MS
        recorded(folder, f"s-{number}", began_ms=began_ms)
        said_at = author(folder, by="A. Ray", at_ms=began_ms + HOUR_MS)
        confirm(folder, note_of(folder, f"s-{number}"), "harness", said_at)
        sources.append(note_of(folder, f"s-{number}").field("harness").source)
    since = "unchanged since 2025-12-31"
    assert sources == [f"confirmed from session s-{n}, {since}" for n in (1, 2)]


def test_proposals_come_from_the_same_patient_s_last_treatment_only(folder: RecordFolder) -> None:
    recorded(folder)
    signed(folder)
    other = "\n".join(['patient_reference = "TEST-7"', *_bare_order()])
    nobody = "\n".join(_bare_order())
    recorded(folder, "other", reference="TEST-7", began_ms=BEGAN_MS + DAY_MS, order=other)
    recorded(folder, "n-1", reference="", began_ms=BEGAN_MS + DAY_MS, order=nobody)
    complete(folder, note_of(folder, "n-1"), {"harness": "x"}, author(folder))
    recorded(folder, "n-2", reference="", began_ms=BEGAN_MS + 2 * DAY_MS, order=nobody)
    assert not note_of(folder, "other").proposals
    assert not note_of(folder, "n-2").proposals, "no reference is no patient"
    recorded(folder, "refused", began_ms=BEGAN_MS + DAY_MS, outcome="refused")
    recorded(folder, "s-2", began_ms=BEGAN_MS + 2 * DAY_MS)
    assert "s-1" in note_of(folder, "s-2").proposals[0].source


def _bare_order() -> list[str]:
    return [
        'region = "cervical"',
        'mode = "static"',
        'hold_force = "60 N"',
        'treatment_time = "1 min"',
    ]


@pytest.mark.parametrize(
    ("text", "flagged"),
    [
        (ALL_WORDS["patient_response"], True),
        ("LESS  arm pain after the third hold.", True),
        ("more pain than before, the session was cut short", False),
    ],
)
def test_a_text_that_repeats_the_last_visit_is_flagged(
    folder: RecordFolder, text: str, flagged: bool
) -> None:
    recorded(folder)
    signed(folder)
    recorded(folder, "s-2", began_ms=BEGAN_MS + DAY_MS)
    later = author(folder, at_ms=BEGAN_MS + DAY_MS + HOUR_MS)
    complete(folder, note_of(folder, "s-2"), {"patient_response": text}, later)
    found = {r.name: r for r in note_of(folder, "s-2").repetitions}
    assert ("patient_response" in found) is flagged
    assert found["symptoms"].permille == 1000, "the order's words count too"
    assert all(repetition.session_id == "s-1" for repetition in found.values())


# --- what happened in the session -------------------------------------------------------------


def test_adjustments_pauses_and_remarks_stand_in_the_note_with_their_records(
    folder: RecordFolder,
) -> None:
    recorded(folder, happened=ADJUSTED_AND_PAUSED)
    note = note_of(folder)
    assert note.field("adjustments").value == (
        "18:00:10 (00:09 after traction began): hold 60.0 N (13.5 lbf) to 55.0 N (12.4 lbf) by "
        "P. Jones (belt)"
    )
    assert note.field("pauses").value == (
        "at 18:00:20 (00:19 after traction began) for 0 min 5 s by P. Jones (asked by the patient)"
    )
    assert note.field("check_ins").value == "18:00:30 (00:29 after traction began): P. Jones"
    assert note.field("remarks").value == (
        "18:00:31 (00:30 after traction began): A. Ray: patient talks"
    )
    for name, first, last in (("adjustments", 3, 3), ("pauses", 5, 6), ("remarks", 8, 8)):
        span = note.field(name).journal_range
        assert span is not None
        assert (span.records, span.first, span.last) == ("event", first, last)
    assert "adjustment_comment" in note.open_fields


def test_who_was_responsible_from_when_to_when_stands_in_the_note(folder: RecordFolder) -> None:
    taken = EventKind.RESPONSIBILITY_TAKEN
    handed: Happened = (
        (10_000, taken, {"from": "A. Example", "by": "B. Person"}),
        (25_000, taken, {"from": "B. Person", "by": "C. Ray"}),
    )
    recorded(folder, happened=handed)
    field = note_of(folder).field("responsible")
    first, second, third = (field.value or "").split("; ")
    change = "18:00:10 (00:09 after traction began)"
    assert first == f"A. Example from 18:00:00 (00:01 before traction began) to {change}"
    assert second.startswith(f"B. Person from {change} to 18:00:25 (00:24 after")
    assert third.startswith("C. Ray from 18:00:25 (00:24 after traction began) to 18:01:")
    assert field.journal_range is not None
    assert field.origin is Origin.DEVICE


def test_a_session_in_which_nobody_took_over_says_nothing_of_it(data: RecordFolder) -> None:
    assert "responsible" not in {each.name for each in note_of(data).device_fields}


def test_traction_is_shared_out_to_whoever_was_responsible_without_the_pauses(
    folder: RecordFolder,
) -> None:
    handed: Happened = (
        (24_000, EventKind.RESPONSIBILITY_TAKEN, {"from": "A. Example", "by": "B. Person"}),
    )
    happened = sorted((*ADJUSTED_AND_PAUSED, *handed), key=lambda each: each[0])
    recorded(folder, happened=tuple(happened))
    record = read_session(folder, "s-1")
    dose = compute_dose(record)
    spans = responsible_spans(record, dose)
    assert [each.by for each in spans] == ["A. Example", "B. Person"]
    assert sum(each.traction_ms for each in spans) == dose.traction_ms
    began_ms = dose.treatment_started_ms or 0
    assert spans[0].traction_ms == 20_000 - began_ms, "it was paused from 20 s to 25 s"


def test_a_signature_over_other_evidence_is_said_on_the_note(data: RecordFolder) -> None:
    from records.note.lifecycle import note_words_of
    from records.note.treatment_note import draft_note
    from records.visit.load import load_visit
    from tests.support.sessions import SETTINGS

    signed(data)
    visit = load_visit(data, "s-1", SETTINGS)
    with clinic_reading(data) as db:
        words = note_words_of(db, data, "s-1", entries_of_session(db, "s-1"))
    for spoken, message in (
        (replace(words, seal="00"), "its seal differs"),
        (replace(words, device={**words.device, "peak_force": "1 N"}), "differ.*: peak_force"),
    ):
        note = draft_note(visit.record, visit.order, spoken=spoken)
        assert any(message.split(".*")[0] in warning for warning in note.warnings)
    assert not draft_note(visit.record, visit.order, spoken=words).warnings[1:]


# --- the law ----------------------------------------------------------------------------------

NAMES = st.sampled_from(["pain_after", "harness", "remark.peak_force", "peak_force", "nonsense"])
ACTS = st.one_of(
    st.tuples(st.just("complete"), NAMES, st.sampled_from(["1", "2", "text"])),
    st.tuples(st.just("confirm"), NAMES, st.just("")),
    st.tuples(st.just("not assessed"), NAMES, st.just("")),
    st.tuples(st.just("sign"), st.just(""), st.sampled_from(["PT", ""])),
    st.tuples(st.just("amend"), NAMES, st.sampled_from(["1", "2", "text", ""])),
)


@pytest.fixture(scope="module")
def two_visits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = RecordFolder(tmp_path_factory.mktemp("visits"))
    recorded(folder)
    signed(folder)
    recorded(folder, "s-2", began_ms=BEGAN_MS + DAY_MS)
    words = {k: v for k, v in ALL_WORDS.items() if k not in ("pain_after", "harness")}
    complete(folder, note_of(folder, "s-2"), words, author(folder, at_ms=BEGAN_MS + 2 * DAY_MS))
    return folder.path


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(first=st.sampled_from([[], READY]), acts=st.lists(ACTS, max_size=10))
def test_no_sequence_of_acts_loses_a_version_or_moves_a_device_field(
    two_visits: Path, first: list[tuple[str, str, str]], acts: list[tuple[str, str, str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = RecordFolder(Path(folder) / "data")
        shutil.copytree(two_visits, data.path)
        note = note_of(data, "s-2")
        device = note.device_fields
        kept: tuple[NoteVersion, ...] = ()
        for number, act in enumerate([*first, *acts]):
            _perform(data, note, act, BEGAN_MS + 3 * DAY_MS + number)
            note = note_of(data, "s-2")
            assert note.device_fields == device
            assert note.versions[: len(kept)] == kept
            assert len(note.versions) - len(kept) in (0, 1)
            kept = note.versions
        assert not first or len(kept) >= 1
        assert not verify_clinic(data).alterations


def _perform(
    data: RecordFolder, note: TreatmentNote, act: tuple[str, str, str], at_ms: int
) -> None:
    what, name, value = act
    who = author(data, at_ms=at_ms)
    refused: str | None = None
    try:
        if what == "complete":
            complete(data, note, {name: value}, who)
        elif what == "confirm":
            confirm(data, note, name, who)
        elif what == "not assessed":
            mark_not_assessed(data, note, [name], who)
        elif what == "sign":
            sign(data, note, value, who)
        else:
            amend(data, note, {name: value}, "law", who)
    except NoteRefused as error:
        refused = str(error)
    assert refused != ""


def checked(*items: dict[str, JsonValue]) -> Happened:
    """Items of the self-check, a second apart."""
    return [(1_000 * (n + 3), EventKind.SELF_CHECK_RECORDED, item) for n, item in enumerate(items)]


def test_a_friction_table_and_one_that_moves_are_named(folder: RecordFolder) -> None:
    value = "friction table (flat)"
    friction: dict[str, JsonValue] = {"item": "table", "state": "not_covered", "value": value}
    moving: dict[str, JsonValue] = {
        "item": "table",
        "state": "confirmed",
        "value": "split table, moves with the body",
        "by": "P. Jones",
    }
    recorded(folder, "s-1", happened=checked(friction))
    recorded(folder, "s-2", happened=checked(moving))
    recorded(folder, "s-3")
    assert note_of(folder, "s-1").field("table").value == (
        "friction table (flat): force may stay in the body behind the release"
    )
    assert note_of(folder, "s-2").field("table").value == (
        "split table, moves with the body, confirmed by P. Jones"
    )
    assert "table" not in {field.name for field in note_of(folder, "s-3").device_fields}


def test_a_clock_in_doubt_is_a_line_of_the_note_and_a_sound_one_is_none(
    folder: RecordFolder,
) -> None:
    doubt: dict[str, JsonValue] = {
        "item": "clock",
        "state": "failed",
        "value": "2026-01-01; 1 h before the last record",
        "numbers": {"before_last_record_ms": 3_600_000},
    }
    going_on: dict[str, JsonValue] = {
        "item": "clock",
        "state": "confirmed",
        "value": "all the same",
        "by": "P. Jones",
    }
    sound: dict[str, JsonValue] = {"item": "clock", "state": "passed", "value": "2026-01-01"}
    recorded(folder, "s-1", happened=checked(doubt, going_on))
    recorded(folder, "s-2", happened=checked(doubt))
    recorded(folder, "s-3", happened=checked(sound))
    said = "in doubt: 2026-01-01; 1 h before the last record"
    assert note_of(folder, "s-1").field("clock").value == f"{said}; confirmed by P. Jones"
    assert note_of(folder, "s-2").field("clock").value == said
    assert "clock" not in {field.name for field in note_of(folder, "s-3").device_fields}


def test_steps_and_self_check_stand_among_the_device_s_facts(folder: RecordFolder) -> None:
    held = {"from": "ramping_up", "to": "holding"}
    up, down = {"from": "resting", "to": "ramping_up"}, {"from": "ramping_up", "to": "ramping_down"}
    by = {"state": "confirmed", "by": "P. Jones"}
    recorded(
        folder,
        happened=[
            (3_000, EventKind.SELF_CHECK_RECORDED, {"item": "zero", "state": "failed"}),
            (4_000, EventKind.SELF_CHECK_RECORDED, {"item": "zero", "state": "passed"}),
            (5_000, EventKind.SELF_CHECK_RECORDED, {"item": "limits", "state": "passed"}),
            (6_000, EventKind.SELF_CHECK_RECORDED, {"item": "call_bell", **by}),
            (7_000, EventKind.SELF_CHECK_RECORDED, {"item": "screening", "state": "not_covered"}),
            (10_000, EventKind.PHASE_CHANGED, {**held, "stage": "progressive", "target_dn": 300}),
            (20_000, EventKind.PHASE_CHANGED, {**held, "stage": "progressive", "target_dn": 450}),
            (30_000, EventKind.PHASE_CHANGED, {**held, "stage": "treatment", "target_dn": 600}),
            (40_000, EventKind.PHASE_CHANGED, {**held, "stage": "regressive", "target_dn": 450}),
            (41_000, EventKind.PHASE_CHANGED, {**up, "stage": "regressive", "target_dn": 350}),
            (42_000, EventKind.PHASE_CHANGED, {**down, "stage": "regressive", "target_dn": 175}),
        ],
    )
    note = note_of(folder)
    assert note.field("self_check").value == (
        "2 items passed; confirmed by P. Jones: call bell; not covered: screening"
    )
    assert note.field("steps").value == (
        "progressive 30.0 N (6.7 lbf), 45.0 N (10.1 lbf); regressive 45.0 N (10.1 lbf), "
        "35.0 N (7.9 lbf)"
    )
    span = note.field("steps").journal_range
    assert span is not None
    assert (span.first, span.last) == (8, 12)


def test_a_session_without_steps_says_nothing_of_them(folder: RecordFolder) -> None:
    recorded(folder)
    names = [field.name for field in note_of(folder).device_fields]
    assert "steps" not in names
    assert "outcome" in names


def test_open_fields_are_called_as_the_note_calls_them_with_their_names_behind() -> None:
    assert open_in_words(("plan_next", "remark.peak_force", "pain_after")) == (
        "Plan for next visit [plan_next], remark.peak_force, Pain after (0-10) [pain_after]"
    )
    every = clinician_fields(stopped=True, adjusted=True)
    assert open_in_words([each.name for each in every]).count(" [") == len(every)

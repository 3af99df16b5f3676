"""``traction note``: a visit's note by commands alone, from draft to amendment."""

from __future__ import annotations

import io
import json
import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pypdf import PdfReader

from controller.errors import NoteRefused
from controller.runtime.clock import SystemClock
from records.clinic.audit import accesses
from records.store.record_folder import RecordFolder
from tests.support.commands import said
from tests.support.notes import ALL_WORDS, BEGAN_MS, DAY_MS, note_of, recorded


@pytest.fixture
def data(folder: RecordFolder, monkeypatch: pytest.MonkeyPatch) -> RecordFolder:
    monkeypatch.setenv("TRACTION_TIME_ZONE", "America/Chicago")
    recorded(folder)
    return folder


def completions() -> list[str]:
    return [part for name, text in ALL_WORDS.items() for part in ("--complete", f"{name}={text}")]


def test_a_note_is_completed_signed_and_amended(data: RecordFolder) -> None:
    assert "TREATMENT NOTE (draft, not signed)" in said(data, "note", "s-1")
    said(data, "note", "s-1", *completions(), "--by", "P. Jones")
    text = said(data, "note", "s-1", "--sign", "--by", "P. Jones", "--credentials", "PT")
    assert "TREATMENT NOTE (signed)" in text
    assert "Signed by P. Jones, PT, " in text
    amended = ("--amend", "pain_after=2", "--reason", "slip of the pen", "--by", "P. Jones")
    text = said(data, "note", "s-1", *amended)
    assert "(amended, version 2)" in text
    assert "pain_after (slip of the pen)" in text
    history = said(data, "note", "s-1", "--history")
    assert "pain_after = '2' (was '3')" in history
    assert "peak_force               60.1 N (13.5 lbf)  <- device, samples 0-3" in said(
        data, "note", "s-1", "--sources"
    )


def test_the_signed_note_on_paper_has_signature_versions_and_checkpoint(
    data: RecordFolder,
) -> None:
    said(data, "note", "s-1", *completions(), "--by", "P. Jones")
    said(data, "note", "s-1", "--sign", "--by", "P. Jones", "--credentials", "PT")
    said(data, "note", "s-1", "--amend", "pain_after=2", "--reason", "slip", "--by", "P. Jones")
    out = data.path / "note.pdf"
    said(data, "export", "s-1", "--format", "pdf", "--out", str(out))
    pages = PdfReader(io.BytesIO(out.read_bytes())).pages
    assert len(pages) <= 2, "the errors of its claim and who said each word among them"
    text = "\n".join(page.extract_text() for page in pages)
    note = note_of(data)
    signed = "Signed by P. Jones, PT"
    for wanted in ("amended, version 2", signed, "pain_after", note.signature_checkpoint):
        assert wanted.lower() in text.lower()
    document = json.loads(said(data, "note", "s-1", "--json"))
    assert note.checkpoint in text
    assert document["status"] == "amended"
    assert document["signature_checkpoint"] == note.signature_checkpoint
    assert [version["number"] for version in document["versions"]] == [1, 2]


def test_the_template_holds_every_open_field_and_is_read_back(
    data: RecordFolder, tmp_path: Path
) -> None:
    template = said(data, "note", "s-1", "--template")
    assert set(tomllib.loads(template)) == set(ALL_WORDS)
    filled = template.replace('pain_before = ""', "pain_before = 7").replace(
        'harness = ""', 'harness = "head halter"'
    )
    path = tmp_path / "words.toml"
    path.write_text(filled)
    said(data, "note", "s-1", "--complete", str(path), "--by", "P. Jones")
    note = note_of(data)
    assert note.field("pain_before").value == "7"
    assert note.field("harness").value == "head halter"
    assert note.field("rationale").is_open, "what was left empty stays open"


def test_the_last_visit_is_offered_and_confirmed(data: RecordFolder) -> None:
    said(data, "note", "s-1", *completions(), "--by", "P. Jones")
    recorded(data, "s-2", began_ms=BEGAN_MS + DAY_MS)
    text = said(data, "note", "s-2")
    assert "the last visit says of harness: 'two-piece head halter'; confirm it" in text
    assert "symptoms repeats the text of session s-1 (100 % alike)" in text
    said(
        data,
        "note",
        "s-2",
        "--confirm",
        "harness",
        "--not-assessed",
        "angle_of_pull",
        "--by",
        "P. Jones",
    )
    text = said(data, "note", "s-2", "--sources")
    confirmed = "two-piece head halter (unchanged since {0})  <- confirmed from session s-1, "
    today = datetime.fromtimestamp(SystemClock().utc_ms() / 1000, UTC).date()
    days = [today - timedelta(days=1), today]
    assert any(f"{confirmed}unchanged since {{0}} by P. Jones".format(day) in text for day in days)
    assert "[not assessed]  <- typed by P. Jones" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--complete", "pain_before=6"), "by is empty"),
        (("--complete", "peak_force=1", "--by", "A"), "peak_force was recorded by the device"),
        (("--complete", "nothing.toml", "--by", "A"), "nothing.toml is neither FIELD=TEXT nor"),
        (
            ("--sign", "--by", "A", "--credentials", "PT"),
            r"open fields: Rationale for traction \[rationale\]",
        ),
        (("--amend", "pain_after=1", "--by", "A"), "is a draft; complete it"),
    ],
)
def test_refusals_name_the_field_and_leave_the_note_alone(
    data: RecordFolder, arguments: tuple[str, ...], message: str
) -> None:
    before = note_of(data)
    with pytest.raises(NoteRefused, match=message.replace("(", r"\(")):
        said(data, "note", "s-1", *arguments)
    assert note_of(data) == before


@pytest.mark.parametrize("content", ["pain_before = 1.5", "pain_before = true", "pain_before ="])
def test_a_file_of_words_is_checked(data: RecordFolder, tmp_path: Path, content: str) -> None:
    path = tmp_path / "words.toml"
    path.write_text(content)
    with pytest.raises(NoteRefused, match=r"words\.toml"):
        said(data, "note", "s-1", "--complete", str(path), "--by", "A")


def test_every_look_and_every_word_is_audited(data: RecordFolder) -> None:
    said(data, "show", "s-1")
    said(data, "note", "s-1", "--complete", "pain_before=6", "--by", "P. Jones")
    said(data, "export", "s-1", "--format", "json", "--out", str(data.path / "x.json"))
    assert [(a.what, a.kind, a.session_id) for a in accesses(data)] == [
        ("show", "record_read", "s-1"),
        ("note completed", "record_written", "s-1"),
        ("note", "record_read", "s-1"),
        ("export json", "record_read", "s-1"),
    ]
    assert accesses(data)[1].fields == ("pain_before",)
    assert accesses(data)[1].by == "P. Jones"
    assert all(access.user for access in accesses(data))

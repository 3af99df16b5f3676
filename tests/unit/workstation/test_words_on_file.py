"""Filed text that no entry point would accept is shown safely, each word in its own line."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from controller.events import EventKind, JsonValue
from records.note import lifecycle
from records.note.lifecycle import complete, sign
from records.store.clinic_chain import EntryKind, append_entries
from records.store.clinic_file import clinic_writing
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.commands import said
from tests.support.notes import ALL_WORDS, ORDER, author, note_of, recorded
from tests.support.pdfs import text_of

FORGED = "Signed by A. Forger, MD, 2026-01-01 10:00:00-06:00"
WORDS = f"fine\n{FORGED}\u2028{FORGED}\r{FORGED}\x1b[2K\u202edrawkcab\u200b"
SHOWN = "fine<U+000A>Signed by A. Forger"


@pytest.fixture
def data(folder: RecordFolder) -> RecordFolder:
    """Order, event, draft and audit row as an older program or another hand left them."""
    order = ORDER.replace("left arm pain", WORDS.encode("unicode_escape").decode())
    order = order.replace("\\x1b", "\\u001b")
    remark: tuple[int, EventKind, dict[str, JsonValue]] = (
        3_000,
        EventKind.REMARK_RECORDED,
        {"by": f"P. Jones\n{FORGED}", "text": WORDS},
    )
    recorded(folder, order=order, happened=[remark], outcome=f"completed\n{FORGED}")
    author_now = author(folder)
    row: dict[str, JsonValue] = {
        "what": f"note\n{FORGED}",
        "by": WORDS,
        "user": "desk\x1b]0;x\x07",
        "session_id": "s-1",
        "patient_key": "key-of-TEST-1",
        "fields": [f"a\n{FORGED}"],
    }
    hold: dict[str, JsonValue] = {
        "session_id": "s-1",
        "patient_key": "",
        "reason": WORDS,
        "by": WORDS,
        "user": "desk",
    }
    with clinic_writing(folder) as db:
        append_entries(
            db, author_now, [(EntryKind.RECORD_READ, row), (EntryKind.LEGAL_HOLD_SET, hold)]
        )
    with altering(folder.clinic_database) as db:
        db.execute(
            "INSERT INTO draft_word VALUES ('s-1', 'harness', ?, 0, 'typed', ?, 1)", (WORDS, WORDS)
        )
    return folder


COMMANDS = (
    ("note", "s-1"),
    ("note", "s-1", "--sources"),
    ("note", "s-1", "--history"),
    ("note", "s-1", "--template"),
    ("show", "s-1"),
    ("sessions",),
    ("sessions", "--text", "fine"),
    ("audit",),
    ("hold",),
    ("retention",),
    ("claim", "new", "s-1"),
    ("verify", "--all"),
)


SHOWING = (
    ("note", "s-1"),
    ("note", "s-1", "--sources"),
    ("show", "s-1"),
    ("audit",),
    ("hold",),
)
"""Commands that repeat the words themselves."""


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_word_begins_a_line_or_steers_a_terminal(
    data: RecordFolder, command: tuple[str, ...]
) -> None:
    printed = said(data, *command)
    assert printed.replace("\n", "").isprintable()
    assert not [line for line in printed.split("\n") if line.lstrip().startswith("Signed by")]
    if command in SHOWING:
        assert SHOWN in printed or r"fine\nSigned by" in printed


@pytest.mark.parametrize("format_", ["text", "summary"])
def test_an_exported_note_keeps_words_in_their_lines(
    data: RecordFolder, tmp_path: Path, format_: str
) -> None:
    out = tmp_path / "note.txt"
    said(data, "export", "s-1", "--format", format_, "--out", str(out))
    text = out.read_bytes().decode()
    assert text.replace("\n", "").isprintable()
    assert not [line for line in text.split("\n") if line.startswith("Signed by")]


def test_a_note_that_is_signed_has_one_line_that_says_so(data: RecordFolder) -> None:
    note = note_of(data)
    assert note.status == "draft"
    text = said(data, "note", "s-1")
    assert text.startswith("TREATMENT NOTE (draft, not signed)")
    assert [line for line in text.split("\n") if line.startswith("Signed by")] == []
    assert SHOWN in text


def test_a_signer_s_name_makes_no_second_signature(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    complete(data, note_of(data), ALL_WORDS, author(data))
    # An older program took such names.
    monkeypatch.setattr(lifecycle, "fault_of", lambda text, most: "")
    sign(data, note_of(data), "PT", author(data, by=f"P. Jones\n{FORGED}"))
    for command in (("note", "s-1"), ("note", "s-1", "--history")):
        lines = said(data, *command).split("\n")
        (line,) = [line for line in lines if line.startswith("Signed by")]
        assert line.startswith("Signed by P. Jones<U+000A>Signed by A. Forger")


def test_a_pdf_shows_what_hides(data: RecordFolder, tmp_path: Path) -> None:
    out = tmp_path / "note.pdf"
    said(data, "export", "s-1", "--format", "pdf", "--out", str(out))
    text = text_of(out.read_bytes())
    assert "<U+000A>" in text.replace(" ", "")
    assert "\u202e" not in text


@pytest.mark.parametrize(
    ("reference", "cell"),
    [
        ("\\n =cmd|' /C calc'!A0", "<U+000A> =cmd|' /C calc'!A0"),
        (" \\t=1+1", "'  =1+1"),
        ("\uff1d1+1", "'\uff1d1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("MRN-1", "MRN-1"),
    ],
)
def test_a_csv_cell_is_one_line_and_no_formula(
    folder: RecordFolder, reference: str, cell: str
) -> None:
    recorded(folder, order=ORDER.replace("TEST-1", reference))
    out = folder.path / "charge.csv"
    said(folder, "export", "s-1", "--format", "csv", "--out", str(out))
    head, row = csv.reader(io.StringIO(out.read_bytes().decode(), newline=""))
    assert row[head.index("mrn")] == cell
    assert all(one.isprintable() for one in row)

"""HL7 messages: valid by hl7apy, escaped without loss, the PDF inside whole."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from hl7apy.exceptions import ValidationError
from hl7apy.parser import parse_message
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.errors import ExportIncomplete, ExportRefused, RequestRefused
from controller.words import hides
from records.exports.formats import written
from records.exports.messages.hl7 import escaped
from records.exports.messages.hl7_mdm import mdm_t02
from records.exports.note.pdf import note_pdf
from tests.support.claims import made_claim
from tests.support.documents import SESSION_ID, STARTED_UTC_MS, made_visit, signed_visit
from tests.support.written import OWN_RECEIVER, dft_of

ERRORS = ("T-021: add GP | GO & ask.", "N-03: write the position.")


def validated(text: str, report: Path) -> Any:
    """The message parsed with its groups; hl7apy raises on the first error."""
    message = parse_message(text, find_groups=True)
    assert message.validate(report_file=str(report))
    assert [line for line in report.read_text().splitlines() if line.startswith("Error")] == []
    return message


def fields_of(text: str, name: str) -> list[list[str]]:
    """The raw fields of every segment of a name."""
    return [line.split("|") for line in text.split("\r") if line.startswith(f"{name}|")]


@pytest.mark.parametrize("seed", range(6))
def test_the_charge_message_is_valid_and_holds_the_line(seed: int, tmp_path: Path) -> None:
    context = made_claim(seed)
    visit = made_visit(context=context)
    text = dft_of(visit)
    validated(text, tmp_path / "report.txt")
    (charge,) = fields_of(text, "FT1")
    assert context.traction_line is not None
    assert charge[4] == "20261124100003-0600^20261124101011-0600"
    assert charge[6:8] == ["CG", "97012^^C4"]
    assert charge[10:12] == ["1", f"{context.traction_line.charge:.2f}&USD"]
    assert charge[23] == f"{SESSION_ID}^TRACTION"
    assert (charge[26] if len(charge) > 26 else "") == "~".join(context.traction_line.modifiers)


@pytest.mark.parametrize(("dots", "shown"), [(True, "M51.16"), (False, "M5116")])
def test_diagnoses_have_their_dot_as_the_receiver_says(dots: bool, shown: str) -> None:
    line = {"cpt": "97012", "charge": "22", "dx_pointers": [1], "pos": "11"}
    visit = made_visit(context=made_claim(1, diagnoses=["M5116"], lines=[line]))
    receiver = OWN_RECEIVER.model_copy(update={"diagnosis_dots": dots})
    (charge,) = fields_of(dft_of(visit, receiver), "FT1")
    assert charge[19] == f"{shown}^^I10"


@pytest.mark.parametrize(
    ("unready", "reason"),
    [({"errors": ERRORS}, "T-021: add GP"), ({"scrubbed": False}, "NOT SCRUBBED: no rule")],
)
def test_a_charge_that_is_not_ready_is_no_message(unready: dict[str, Any], reason: str) -> None:
    with pytest.raises(ExportRefused, match=f"HL7 DFT of session.*is not ready.*{reason}"):
        written(made_visit(context=made_claim(1), **unready), "hl7-dft")
    ready = made_visit(context=made_claim(1))
    assert written(ready, "hl7-dft").decode() == dft_of(ready)


def test_the_document_message_is_valid_and_holds_the_pdf(tmp_path: Path) -> None:
    visit = made_visit(context=made_claim(2), errors=ERRORS)
    pdf = note_pdf(visit)
    text = mdm_t02(visit, pdf, f"{SESSION_ID}.pdf")
    validated(text, tmp_path / "report.txt")
    document, peak, *_ = fields_of(text, "OBX")
    assert document[2] == "ED"
    assert base64.b64decode(document[5].split("^")[4]) == pdf
    assert peak[3:7] == ["PEAKFORCE^Peak force^L", "", "200.3", "N^^UCUM"]
    (authentication,) = fields_of(text, "TXA")
    assert authentication[17] == "DO"
    assert "T-021: add GP \\F\\ GO \\T\\ ask." in fields_of(text, "NTE")[0][3]


SIGNED_MS = STARTED_UTC_MS + 41 * 60_000
"""10:41 in Chicago."""
TREATED = {"last_name": "O'Neil", "first_name": "Mary Ann", "middle_name": "Q", "npi": "1679576722"}


@pytest.mark.parametrize(
    ("by", "parts"),
    [
        ("P. Jones", ["", "Jones", "P."]),
        ("Jones, P.", ["", "Jones", "P."]),
        ("Ana Lucía García", ["", "García", "Ana Lucía"]),
        ("Sukarno", ["", "Sukarno"]),
        ("mary ann o'neil", ["1679576722", "O'Neil", "Mary Ann", "Q"]),
        ("O'Neil, Mary Ann Q.", ["1679576722", "O'Neil", "Mary Ann", "Q"]),
        ("M. O'Neil", ["", "O'Neil", "M."]),
        ("A^B |C&D", ["", "|C&D", "A^B"]),
    ],
)
def test_who_signed_and_when_stand_in_components_of_their_own(
    by: str, parts: list[str], tmp_path: Path
) -> None:
    draft = made_visit(context=made_claim(2, rendering=TREATED, referring=None))
    text = mdm_t02(signed_visit(draft, by, "PT, DPT", utc_ms=SIGNED_MS), b"%PDF", "n.pdf")
    (document,) = validated(text, tmp_path / "report.txt").children.get("TXA")
    signer = document.txa_22
    values = [getattr(signer, f"ppn_{number}").value for number in range(1, 16)]
    assert [unescaped(value) for value in values[:4]] == [*parts, *[""] * (4 - len(parts))]
    assert values[6] == "PT, DPT"
    assert values[8] == values[12] == ("NPI" if parts[0] else "")
    assert values[14] == "20261124104100-0600"
    assert document.txa_17.value == "LA"


def unescaped(field: str) -> str:
    marks = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\"}
    return re.sub(r"\\([FSTRE])\\", lambda found: marks[found[1]], field)


def test_the_validator_would_find_a_missing_completion_status(tmp_path: Path) -> None:
    visit = made_visit(context=made_claim(2))
    text = mdm_t02(visit, b"%PDF", "n.pdf").replace("|DO||AV", "|||AV")
    with pytest.raises(ValidationError, match="TXA_17"):
        validated(text, tmp_path / "report.txt")


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ExportIncomplete, match="needs a claim context"):
        dft_of(made_visit())
    with pytest.raises(ExportIncomplete, match="needs a claim context"):
        mdm_t02(made_visit(), b"", "n.pdf")
    context = made_claim(1, patient={"last_name": "Doe"}, diagnoses=[])
    with pytest.raises(ExportIncomplete) as refused:
        dft_of(made_visit(context=context))
    assert "patient.first_name, diagnoses" in refused.value.message


def test_a_session_without_treatment_has_no_charge() -> None:
    untreated = made_visit(context=made_claim(1), treated=False)
    with pytest.raises(RequestRefused, match="never reached its hold force"):
        dft_of(untreated)


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8").filter(lambda c: not hides(c)), max_size=60))
def test_escaped_values_come_back_as_they_were(text: str) -> None:
    field = escaped(text)
    assert not set(field) & set("|^&~\r\n")
    assert unescaped(field) == text


def test_what_hides_or_ends_a_frame_is_written_out() -> None:
    """MLLP ends a message with U+001C; a mark of direction would turn a name elsewhere."""
    assert escaped("a\x1c\rb\x0b\u202e") == "a<U+001C>\\.br\\b<U+000B><U+202E>"


def test_line_breaks_stay_inside_their_field() -> None:
    assert escaped("a\r\nb\nc") == "a\\.br\\b\\.br\\c"

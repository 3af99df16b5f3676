"""``traction export`` and ``upload``: every format of a session, its file, and what is refused."""

from __future__ import annotations

import base64
import csv
import io
import json
import logging
from functools import partial
from pathlib import Path
from zipfile import ZipFile

import httpx
import pytest
from fhir.resources.R4B.bundle import Bundle
from hl7apy.parser import parse_message

from controller.errors import ExportRefused, ReceiverInvalid, RequestRefused, TractionError
from records.claim.account import account_number
from records.exports.formats import KINDS, file_name, refuse_other_session
from records.exports.session.schema import SessionDocument
from records.store.record_folder import RecordFolder
from records.visit import billing
from records.visit.load import load_visit
from tests.support.claims import WHOLE_CLAIM
from tests.support.code_lists import AnyDay
from tests.support.commands import run
from tests.support.outside import pyx12_faults
from tests.support.pdfs import text_of
from tests.support.sessions import SETTINGS, SHORT_CERVICAL, staged
from workstation import openemr
from workstation.commands.export import Format

pytestmark = pytest.mark.usefixtures("code_list_of_any_day", "clinic_time_zone")

SESSION = "session-1"
CLAIM = {**WHOLE_CLAIM, "related_causes": ["none"], "other_insurance_first": False}
NEEDS_A_CLAIM = {"837p", "cms1500", "cms1500-json", "fhir", "hl7-dft", "hl7-mdm"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> RecordFolder:
    """A data made with one completed session."""
    made = RecordFolder(tmp_path_factory.mktemp("exports"))
    with staged(made) as stage:
        stage.treat(SHORT_CERVICAL)
    return made


@pytest.fixture(scope="module")
def claim_file(folder: RecordFolder) -> Path:
    """The whole claim, as the practice's system would give it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(billing, "code_list_for", lambda *_: AnyDay())
        view = billing.billed(folder, load_visit(folder, SESSION, SETTINGS))
    assert view.context is not None
    known = view.context.model_dump(mode="json", exclude={"source", "source_digest"})
    (line,) = known["lines"]
    payer = {"kind": "medicare_b", "profile": "medicare_b", "name": "M", "payer_id": "06102"}
    line |= {"charge": "22.00", "pos": "11"}
    path = folder.path / "claim.json"
    path.write_text(json.dumps({**known, **CLAIM, "payer": payer}))
    return path


def exported(folder: RecordFolder, out: Path, *words: str) -> bytes:
    """The content of the one file that the command wrote into a folder of its own."""
    out.mkdir(exist_ok=True)
    result = run(folder, "export", SESSION, "--out", str(out), *words)
    assert result.exit_code == 0, result.exception
    (written,) = out.iterdir()
    assert written.name.startswith(SESSION)
    return written.read_bytes()


def test_the_command_offers_every_format_that_has_a_writer() -> None:
    assert [each.value for each in Format] == [*KINDS, "bundle"]


@pytest.mark.parametrize("name", ["csv", "bundle"])
def test_an_unknown_receiver_is_refused_before_a_session_is_looked_for(
    folder: RecordFolder, name: str
) -> None:
    result = run(folder, "export", "nosuch", "--format", name, "--receiver", "nobody")
    assert isinstance(result.exception, ReceiverInvalid)


def test_a_bundle_is_written_and_replaces_only_its_own(
    folder: RecordFolder, tmp_path: Path
) -> None:
    first = exported(folder, tmp_path / "out", "--format", "bundle")
    assert first.startswith(b"PK")
    exported(folder, tmp_path / "out", "--format", "bundle", "--force")
    with pytest.raises(ExportRefused, match="is not an export of session 2099"):
        refuse_other_session(("20990101T000000Z-ffffff",), tmp_path / "out" / f"{SESSION}.zip")


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"hl7-dft"}))
def test_every_format_is_written_into_a_file_that_names_the_session(
    folder: RecordFolder, claim_file: Path, tmp_path: Path, name: str
) -> None:
    content = exported(folder, tmp_path / "out", "--format", name, "--context", str(claim_file))
    assert SESSION.encode() in content.lower()
    assert (tmp_path / "out" / file_name(SESSION, name)).exists()


@pytest.mark.parametrize("name", sorted(set(KINDS) - {"hl7-dft"}))
def test_without_a_claim_context_what_is_missing_is_named(
    folder: RecordFolder, tmp_path: Path, name: str
) -> None:
    result = run(folder, "export", SESSION, "--format", name, "--out", str(tmp_path / "file"))
    if name in NEEDS_A_CLAIM:
        assert isinstance(result.exception, TractionError)
        assert "misses" in result.exception.message
        assert not (tmp_path / "file").exists()
    else:
        assert result.exit_code == 0


def test_the_exports_of_a_real_session_are_valid(
    folder: RecordFolder, claim_file: Path, tmp_path: Path
) -> None:
    def made(name: str, *words: str) -> bytes:
        chosen = ("--format", name, "--context", str(claim_file), *words)
        return exported(folder, tmp_path / f"{name}{len(words)}", *chosen)

    assert pyx12_faults(made("837p").decode()) == []
    Bundle.model_validate_json(made("fhir", "--sampled"))
    assert parse_message(made("hl7-mdm").decode(), find_groups=True).validate()
    SessionDocument.model_validate_json(made("json"))
    (row,) = csv.DictReader(io.StringIO(made("csv").decode(), newline=""))
    assert row["session_id"] == SESSION
    assert (row["charge"], row["pos"]) == ("22.00", "11")
    assert row["mod1"] == ""


def test_a_charge_with_errors_reaches_no_interface(
    folder: RecordFolder, claim_file: Path, tmp_path: Path
) -> None:
    words = ("--format", "hl7-dft", "--context", str(claim_file), "--out", str(tmp_path))
    result = run(folder, "export", SESSION, *words)
    assert "is not ready, and its receiver imports without looking: N-" in str(result.exception)
    assert list(tmp_path.iterdir()) == []


def test_the_row_of_a_bundle_says_that_no_rule_looked_at_it(
    folder: RecordFolder, tmp_path: Path
) -> None:
    bundle = exported(folder, tmp_path / "out", "--format", "bundle")
    with ZipFile(io.BytesIO(bundle)) as members:
        (name,) = [name for name in members.namelist() if name.endswith("charge.csv")]
        text = members.read(name).decode()
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["not_ready"].endswith("NOT SCRUBBED: no rule has looked at this claim")


def test_messages_carry_the_pdf_to_the_byte(
    folder: RecordFolder, claim_file: Path, tmp_path: Path
) -> None:
    pdf, mdm, fhir = (
        exported(folder, tmp_path / name, "--format", name, "--context", str(claim_file))
        for name in ("pdf", "hl7-mdm", "fhir")
    )
    (result,) = [line for line in mdm.decode().split("\r") if line.startswith("OBX|1|ED|")]
    application, kind, subtype, encoding, data = result.split("|")[5].split("^")
    assert (application, kind, subtype, encoding) == ("", "application", "pdf", "Base64")
    assert base64.b64decode(data, validate=True) == pdf
    attached = [
        content["attachment"]
        for entry in json.loads(fhir)["entry"]
        for content in entry["resource"].get("content", ())
    ]
    assert [each["contentType"] for each in attached] == ["application/pdf"]
    assert base64.b64decode(attached[0]["data"], validate=True) == pdf


def test_errors_are_on_the_document_on_the_screen_and_block_an_importer(
    folder: RecordFolder, claim_file: Path, tmp_path: Path
) -> None:
    words = ("export", SESSION, "--context", str(claim_file))
    result = run(folder, *words, "--format", "pdf", "--out", str(tmp_path))
    assert "NOT READY: " in result.stdout
    assert "T-021" in result.stdout  # Medicare wants GP, and nobody has accepted it
    pdf = (tmp_path / f"{SESSION}.pdf").read_bytes()
    assert "NOT READY: " in text_of(pdf)
    refused = run(folder, *words, "--format", "csv", "--receiver", "refactor")
    assert isinstance(refused.exception, ExportRefused)
    assert "T-021" in refused.exception.message
    as_json = run(folder, *words, "--format", "summary", "--out", str(tmp_path), "--json")
    told = json.loads(as_json.stdout)
    assert told["ready"] is False
    assert "T-021" in told["errors"]


def test_another_sessions_file_and_any_other_file_are_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text(f"an older export of {SESSION.upper()}")
    refuse_other_session((SESSION,), mine)
    for content in ("an export of session-2", ""):
        other = tmp_path / "other.txt"
        other.write_text(content)
        with pytest.raises(ExportRefused, match="is not an export of session session-1"):
            refuse_other_session((SESSION,), other)
        assert other.read_text() == content
    refuse_other_session((SESSION,), tmp_path / f"{SESSION}.pdf")


def test_an_export_that_is_there_is_written_over_only_with_force(
    folder: RecordFolder, tmp_path: Path
) -> None:
    place = tmp_path / "out" / "note.txt"
    run(folder, "export", SESSION, "--format", "text", "--out", str(place))
    place.write_text(f"{place.read_text()}added by hand")
    again = run(folder, "export", SESSION, "--format", "text", "--out", str(place))
    assert isinstance(again.exception, RequestRefused)
    assert "overwrite it with --force" in again.exception.message
    assert place.read_text().endswith("added by hand")
    forced = run(folder, "export", SESSION, "--format", "text", "--out", str(place), "--force")
    assert forced.exit_code == 0
    assert not place.read_text().endswith("added by hand")
    place.write_text("an export of session-2")
    forced = run(folder, "export", SESSION, "--format", "text", "--out", str(place), "--force")
    assert isinstance(forced.exception, ExportRefused), "another patient's note stays"


def test_a_folder_that_is_not_there_is_made(folder: RecordFolder, tmp_path: Path) -> None:
    for place in (f"{tmp_path}/new/below/", str(tmp_path / "new" / "below")):
        run(folder, "export", SESSION, "--format", "summary", "--force", "--out", place)
        assert (tmp_path / "new" / "below" / f"{SESSION}-summary.txt").is_file()


def test_what_a_receiver_of_x12_cannot_take_is_written_otherwise_and_said(
    folder: RecordFolder, claim_file: Path, tmp_path: Path
) -> None:
    claim = json.loads(claim_file.read_text())
    claim["patient"]["address"]["line_1"] = "1 Main St. #4"
    claim_file = tmp_path / "claim.json"
    claim_file.write_text(json.dumps(claim))
    words = ("export", SESSION, "--format", "837p", "--context", str(claim_file))
    result = run(folder, *words, "--out", str(tmp_path))
    told = "changed for the receiver: patient.address.line_1: '1 Main St. #4' is written"
    assert f"{told} '1 MAIN ST. NO. 4'" in result.stdout
    folder.receivers.mkdir()
    (folder.receivers / "wide.toml").write_text(
        'name = "wide"\nmeaning = "takes more"\nsource = "its guide"\nreviewed = 2026-11-29\n'
        'importer = true\nx12.characters = "extended"\n'
    )
    result = run(folder, *words, "--out", str(tmp_path), "--receiver", "wide", "--json")
    written = json.loads(result.stdout)
    assert written["notices"] == []
    assert "N3*1 MAIN ST. #4~" in Path(written["file"]).read_text()
    assert Path(written["file"]).name == f"{SESSION}-wide-837p.txt"


def test_the_note_shows_under_which_account_it_is_claimed(
    folder: RecordFolder, claim_file: Path, tmp_path: Path
) -> None:
    account = account_number(SESSION)
    words = ("--context", str(claim_file))
    claim = exported(folder, tmp_path / "claim", "--format", "837p", *words).decode()
    assert f"CLM*{account}*" in claim
    assert account in exported(folder, tmp_path / "box", "--format", "cms1500", *words).decode()
    pdf = exported(folder, tmp_path / "pdf", "--format", "pdf")
    assert account in text_of(pdf)
    assert f"Claim account {account}" in run(folder, "note", SESSION).stdout


def test_an_unknown_receiver_is_refused_with_the_known_ones(folder: RecordFolder) -> None:
    result = run(folder, "export", SESSION, "--format", "csv", "--receiver", "nobody")
    assert isinstance(result.exception, TractionError)
    assert "is not one of own, pmhelpcenter" in result.exception.message


def test_an_upload_sends_the_pdf_and_never_shows_the_token(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        request.read()
        sent.append(request)
        return httpx.Response(200, text="true")

    through_the_stand_in = partial(openemr.upload_document, transport=httpx.MockTransport(answer))
    monkeypatch.setattr(openemr, "upload_document", through_the_stand_in)
    monkeypatch.setenv("EMR_TOKEN", "very-secret-token")
    with caplog.at_level(logging.DEBUG):
        result = run(
            folder,
            "upload",
            SESSION,
            "--openemr",
            "https://emr.example",
            "--pid",
            "7",
            "--token-env",
            "EMR_TOKEN",
        )
    assert result.exit_code == 0, result.exception
    (request,) = sent
    assert request.url.path == "/apis/default/api/patient/7/document"
    assert request.url.params["path"] == "/medical_record"
    assert request.headers["Authorization"] == "Bearer very-secret-token"
    assert b"%PDF" in request.content
    assert f'filename="{SESSION}.pdf"'.encode() in request.content
    assert "very-secret-token" not in result.output + caplog.text

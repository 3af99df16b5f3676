"""`traction verify`, `checkpoints` and bundles, from a treated session to another machine."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from pathlib import Path

import pytest
from typer.testing import Result

from controller.errors import AddressInvalid, CheckpointInvalid, RecordNotFound
from records.evidence.reader import list_sessions
from records.evidence.session_check import NOT_OUTSIDE
from records.keys.signing import load_or_create_key
from records.store.record_folder import RecordFolder
from tests.support.altering import altering
from tests.support.commands import invoke
from tests.support.sessions import SHORT_CERVICAL, staged

SESSION = "session-1"


@pytest.fixture(scope="module")
def treated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one treated session."""
    folder = tmp_path_factory.mktemp("treated")
    with staged(RecordFolder(folder), wire="direct") as stage:
        stage.treat(SHORT_CERVICAL)
    return folder


@pytest.fixture
def data(treated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RecordFolder:
    """A copy that a test may spoil; exports go to a folder of their own."""
    copy = tmp_path / "data"
    shutil.copytree(treated, copy)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRACTION_DATA", str(copy))
    monkeypatch.setenv("TRACTION_TIME_ZONE", "America/Chicago")
    return RecordFolder(copy)


def run(*arguments: str) -> Result:
    return invoke(*arguments)


def said(*arguments: str) -> str:
    result = run(*arguments)
    if result.exception:
        raise result.exception
    return result.output


def checkpoint_of(data: RecordFolder) -> str:
    (record,) = list_sessions(data)
    return record.checkpoint


def altered(data: RecordFolder, statement: str) -> None:
    (path,) = data.unit_databases()
    with altering(path) as connection:
        connection.execute(statement)


def test_verify_says_what_it_was_not_checked_against(data: RecordFolder) -> None:
    text = said("verify", "--all")
    assert "nothing was altered (checked: chain, 1 signatures; " in text
    assert NOT_OUTSIDE in text
    with_checkpoint = said("verify", SESSION, "--checkpoint", checkpoint_of(data))
    assert "1 outside checkpoints" in with_checkpoint
    assert NOT_OUTSIDE not in with_checkpoint


@pytest.mark.parametrize("format_", ["pdf", "text", "csv", "json"])
def test_every_export_holds_the_checkpoint_and_is_taken_back(
    data: RecordFolder, format_: str
) -> None:
    said("export", SESSION, "--format", format_, "--out", "export.file")
    assert "outside checkpoints" in said("verify", "--all", "--checkpoint", "export.file")
    (path,) = data.unit_databases()
    path.unlink()
    result = run("verify", "--all", "--checkpoint", "export.file")
    assert result.exit_code == 4
    assert f"ALTERED session {SESSION}, outside checkpoint" in result.output


def test_the_nightly_list_finds_a_cut_tail(data: RecordFolder) -> None:
    nightly = said("checkpoints")
    assert checkpoint_of(data) in nightly
    Path("nightly.txt").write_text(nightly)
    said("verify", "--all", "--checkpoint", "nightly.txt")
    assert json.loads(said("checkpoints", "--json"))["sessions"][0]["session_id"] == SESSION
    altered(data, "DELETE FROM signature")
    assert run("verify", "--all", "--checkpoint", "nightly.txt").exit_code == 4


def test_an_alteration_is_told_with_its_place_and_moment(data: RecordFolder) -> None:
    altered(data, "UPDATE packed_session SET data = edited(data, 4, 'detail', '{}')")
    result = run("verify", SESSION)
    assert result.exit_code == 4
    assert f"ALTERED session {SESSION}, events " in result.output
    assert ", since 2026-11-25 00:0" in result.output
    found = json.loads(run("verify", SESSION, "--json").output)
    assert found["alterations"][0]["since_utc_ms"] >= 1_795_564_800_000
    assert NOT_OUTSIDE in found["basis"]


def test_a_bundle_is_verified_elsewhere_with_the_public_key_only(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    said("export", SESSION, "--format", "bundle", "--out", "record.zip")
    said("key", "export", "--out", "clinic.pub")
    checkpoint = checkpoint_of(data)
    monkeypatch.setenv("TRACTION_DATA", str(data.path.parent / "elsewhere"))
    shutil.rmtree(data.path)
    blind = said("verify", "--bundle", "record.zip")
    assert "so not who made it" in blind
    assert NOT_OUTSIDE in blind
    known = said(
        "verify",
        "--bundle",
        "record.zip",
        "--public-key",
        "clinic.pub",
        "--checkpoint",
        checkpoint,
    )
    assert "nothing was altered" in known
    assert "public keys given" in known
    assert "1 outside checkpoints" in known


def test_a_bundle_opens_without_the_program(data: RecordFolder) -> None:
    said("export", SESSION, "--format", "bundle")
    with zipfile.ZipFile(f"{SESSION}.zip") as archive:
        assert archive.testzip() is None
        names = set(archive.namelist())
        samples = archive.read("samples.csv").decode().splitlines()
        note = archive.read("note.txt").decode()
    assert {"README.txt", "events.jsonl", "links.csv", "charge.csv", "manifest.sig"} <= names
    (record,) = list_sessions(data)
    assert len(samples) == 1 + len(record.samples)
    assert checkpoint_of(data) in note


def test_the_same_record_gives_the_same_bundle(data: RecordFolder) -> None:
    for name in ("one.zip", "two.zip"):
        said("export", SESSION, "--format", "bundle", "--out", name)
    assert Path("one.zip").read_bytes() == Path("two.zip").read_bytes()


def test_an_altered_bundle_and_a_strange_key_are_told(data: RecordFolder) -> None:
    said("export", SESSION, "--format", "bundle", "--out", "record.zip")
    out = io.BytesIO()
    with zipfile.ZipFile("record.zip") as archive, zipfile.ZipFile(out, "w") as other:
        for name in archive.namelist():
            content = archive.read(name)
            other.writestr(name, content + b"x" if name == "note.txt" else content)
    Path("altered.zip").write_bytes(out.getvalue())
    result = run("verify", "--bundle", "altered.zip")
    assert result.exit_code == 4
    assert "note.txt: it is not the file that the manifest names" in result.output
    load_or_create_key(RecordFolder(Path("other-clinic")))
    said("key", "export", "--data", "other-clinic", "--out", "other.pub")
    strange = run("verify", "--bundle", "record.zip", "--public-key", "other.pub")
    assert strange.exit_code == 4
    assert "none of the known ones" in strange.output


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (["verify"], AddressInvalid, "say which session"),
        (["verify", "--all", SESSION], AddressInvalid, "say which session"),
        (["verify", "--bundle", "none.zip"], RecordNotFound, "cannot be read"),
        (["verify", "--all", "--checkpoint", "TC1-x"], CheckpointInvalid, "copy it whole"),
        (["verify", "--all", "--checkpoint", "empty"], AddressInvalid, "holds no checkpoint"),
        (["verify", "--all", "--data", "nowhere"], RecordNotFound, "so nothing was checked"),
    ],
)
def test_wrong_use_is_told_in_words(
    data: RecordFolder, arguments: list[str], error: type[Exception], words: str
) -> None:
    Path("empty").write_text("")
    result = run(*arguments)
    assert isinstance(result.exception, error)
    assert words in str(result.exception)

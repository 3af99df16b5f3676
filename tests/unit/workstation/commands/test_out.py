"""``--out`` and ``--force`` of every command that writes a file of its own making."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import Result

from controller.errors import RequestRefused
from records.keys.signing import load_or_create_key
from records.store.record_folder import RecordFolder
from tests.support.commands import invoke, run
from tests.support.notes import recorded
from workstation.demo import document_files

COMMANDS = {
    ("order", "new", "--region", "lumbar"): "order-lumbar.toml",
    ("claim", "new", "s-1"): "s-1-claim.toml",
    ("key", "export"): "*.pub",
}


def call(data: RecordFolder, command: tuple[str, ...], *more: str) -> Result:
    if command[0] == "order":
        return invoke(*command, *more)
    return run(data, *command, *more)


@pytest.fixture
def data(tmp_path: Path) -> RecordFolder:
    folder = RecordFolder(tmp_path / "data")
    recorded(folder)
    load_or_create_key(folder)
    return folder


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_folder_is_made_and_the_file_gets_a_name(
    data: RecordFolder, tmp_path: Path, command: tuple[str, ...]
) -> None:
    place = tmp_path / "new" / "folder"
    assert call(data, command, "--out", f"{place}/").exit_code == 0
    (made,) = place.glob(COMMANDS[command])
    again = call(data, command, "--out", str(place))
    assert isinstance(again.exception, RequestRefused), "a folder that is there needs no slash"
    assert str(made) in again.exception.message


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_nothing_is_written_over_without_force(
    data: RecordFolder, tmp_path: Path, command: tuple[str, ...]
) -> None:
    file = tmp_path / "mine.txt"
    file.write_text("mine")
    refused = call(data, command, "--out", str(file))
    assert isinstance(refused.exception, RequestRefused)
    assert "choose another place with --out, or overwrite it with --force" in (
        refused.exception.message
    )
    assert file.read_text() == "mine"
    assert call(data, command, "--out", str(file), "--force").exit_code == 0
    assert file.read_text() != "mine"


def test_a_demo_keeps_the_documents_of_another_one(tmp_path: Path) -> None:
    first, *_ = document_files(tmp_path)
    first.write_text("mine")
    refused = invoke("demo", "--out", str(tmp_path))
    assert isinstance(refused.exception, RequestRefused)
    assert first.name in refused.exception.message
    assert [path.name for path in tmp_path.iterdir()] == [first.name]

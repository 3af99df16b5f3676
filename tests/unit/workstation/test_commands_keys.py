"""`traction key`: show, rotate, export."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from records.signing import NoKeyStore, current_key_id, known_public_keys, read_public_key
from workstation.cli import app


def traction(*arguments: str) -> str:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_key_is_made_shown_rotated_and_exported(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    first = json.loads(traction("key", "show", "--json", *data))
    traction("key", "rotate", "--yes", *data)
    second = current_key_id(tmp_path)
    assert second != first["current"]
    assert set(known_public_keys(tmp_path)) == {first["current"], second}
    shown = traction("key", "show", *data)
    assert f"signing key {second}" in shown
    assert f"{first['current']}  {first['public_keys'][first['current']]}  older" in shown
    out = tmp_path / "out" / "clinic.pub"
    traction("key", "export", "--out", str(out), *data)
    assert read_public_key(out) == known_public_keys(tmp_path)[second]
    assert traction("key", "export", *data) == out.read_text()


def test_rotation_asks_first(tmp_path: Path) -> None:
    before = traction("key", "show", "--data", str(tmp_path))
    result = CliRunner().invoke(app, ["key", "rotate", "--data", str(tmp_path)], input="n\n")
    assert result.exit_code == 1
    assert traction("key", "show", "--data", str(tmp_path)) == before


def test_no_store_is_what_its_name_says() -> None:
    store = NoKeyStore()
    assert not store.put("id", bytes(32))
    store.remove("id")
    assert store.get("id") is None

"""`traction key`: show, rotate, export."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from controller.errors import KeyUnavailable, RequestRefused
from records.keys.signing import (
    NoKeyStore,
    current_key_id,
    known_public_keys,
    load_or_create_key,
    read_public_key,
)
from records.store.ed25519 import SigningKey, public_pem
from records.store.record_folder import RecordFolder
from tests.support.commands import invoke


def traction(*arguments: str) -> str:
    result = invoke(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_key_is_made_shown_rotated_and_exported(folder: RecordFolder) -> None:
    data = ("--data", str(folder))
    assert json.loads(traction("key", "show", "--json", *data)) == {
        "current": None,
        "format": "traction-key-show/1",
        "public_key": "",
    }
    load_or_create_key(folder)
    first = json.loads(traction("key", "show", "--json", *data))
    traction("key", "rotate", "--yes", *data)
    second = current_key_id(folder)
    assert second is not None
    assert second != first["current"]
    assert set(known_public_keys(folder)) == {first["current"], second}
    assert f"signing key {second}" in traction("key", "show", *data)
    shown = traction("key", "list", *data).splitlines()
    assert [line.split()[1].strip(":,") for line in shown] == [first["current"], second]
    assert "until 20" in shown[0]
    assert "in use: since 20" in shown[1]
    out = folder.path / "out" / "clinic.pub"
    traction("key", "export", "--out", str(out), *data)
    assert read_public_key(out) == known_public_keys(folder)[second]
    assert traction("key", "export", *data) == out.read_text()


def test_rotation_asks_first(tmp_path: Path) -> None:
    load_or_create_key(RecordFolder(tmp_path))
    before = traction("key", "show", "--data", str(tmp_path))
    result = invoke("key", "rotate", "--data", str(tmp_path), typed="n\n")
    assert result.exit_code == 1
    assert traction("key", "show", "--data", str(tmp_path)) == before


def test_no_store_is_what_its_name_says() -> None:
    store = NoKeyStore()
    assert not store.put("id", bytes(32))
    store.remove("id")
    assert store.get("id") is None


def test_a_foreign_key_is_listed_accepted_and_revoked(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "data"))
    load_or_create_key(RecordFolder(tmp_path / "data"))
    other = SigningKey(bytes(32))
    file = tmp_path / "data" / "keys" / "theirs.pub"
    file.write_bytes(public_pem(other.public_key))
    assert f"key {other.key_id}: is in the folder but not trusted" in traction("key", "list", *data)
    traction("key", "accept", str(file), "--by", "P. Jones", *data)
    assert f"key {other.key_id}: at any time; of somebody else (P. Jones)" in traction(
        "key", "list", *data
    )
    traction(
        "key",
        "revoke",
        other.key_id[:8],
        "--from",
        "2026-01-02T03:04:05+00:00",
        "--reason",
        "sold",
        "--by",
        "P. Jones",
        "--yes",
        *data,
    )
    facts = json.loads(traction("key", "list", "--json", *data))
    (theirs,) = [key for key in facts["keys"] if key["key_id"] == other.key_id]
    assert (theirs["came_by"], theirs["by"]) == ("accepted", "P. Jones")
    assert theirs["revoked_from_utc_ms"] == 1_767_323_045_000
    shown = traction("verify", "--all", *data)
    assert f"trusted key {other.key_id}: REVOKED from 2026-01-02 03:04:05 UTC on (sold" in shown
    assert f"trusted key {facts['current']}, in use" in shown


def test_a_moment_is_of_the_clinic_s_zone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TRACTION_TIME_ZONE", "America/Chicago")
    data = ("--data", str(tmp_path))
    first = load_or_create_key(RecordFolder(tmp_path)).key_id
    traction("key", "rotate", "--yes", *data)
    traction(
        "key", "revoke", first, "--from", "2026-01-02T03:04:05", "--reason", "x", "--yes", *data
    )
    assert "REVOKED from 2026-01-02 09:04:05 UTC on" in traction("key", "list", *data)
    result = invoke("key", "revoke", first, "--from", "then", "--reason", "x", "--yes", *data)
    assert isinstance(result.exception, RequestRefused)
    assert "'then' is not a date and time" in result.exception.message


def test_a_damaged_record_of_keys_is_shown_as_altered(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path))
    load_or_create_key(RecordFolder(tmp_path))
    (tmp_path / "keys" / "keys.jsonl").write_text("x\n")
    assert "ALTERED" in traction("key", "list", *data)
    result = invoke("verify", "--all", *data)
    assert result.exit_code == 4
    assert "record 0 does not fit" in result.output


def test_without_a_key_nothing_is_made_and_the_way_out_is_said(folder: RecordFolder) -> None:
    data = ("--data", str(folder))
    assert "the first session makes one" in traction("key", "show", *data)
    result = invoke("key", "export", *data)
    assert isinstance(result.exception, KeyUnavailable)
    assert "traction key rotate" in result.exception.message
    assert not list(folder.path.iterdir())
    traction("key", "rotate", "--yes", *data)
    assert current_key_id(folder) is not None

"""Checkpoints leave by themselves; a place or authority that is away is told and stops nothing."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest
from rfc3161_client._rust import parse_timestamp_request

from controller.errors import JournalCorrupt, RequestRefused, UploadRefused
from records.store.record_folder import RecordFolder
from tests.support.commands import invoke
from tests.support.notes import BEGAN_MS, DAY_MS, UNIT, recorded
from tests.support.time_stamp_authority import TimeStampAuthority
from workstation import anchors
from workstation.anchors import compared, leave_checkpoints, stamp_list
from workstation.settings import Settings, load_settings

AT = datetime(2026, 5, 5, 6, 0, 1, tzinfo=UTC)


class LocalAuthority:
    """Answers over HTTP on this machine, as ``status`` says."""

    def __init__(self) -> None:
        self.authority = TimeStampAuthority("local")
        self.status = 200
        self.content: bytes | None = None
        self.asked: list[tuple[str, bytes]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                query = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.append((self.headers["Content-Type"], query))
                reply = outer.content
                if reply is None:
                    reply = outer.authority.reply(parse_timestamp_request(query), AT)
                self.send_response(outer.status)
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *args: object) -> None:
                """Nothing of a test belongs on standard error."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/tsa"


@pytest.fixture
def authority() -> Iterator[LocalAuthority]:
    local = LocalAuthority()
    thread = threading.Thread(target=local.server.serve_forever)
    thread.start()
    yield local
    local.server.shutdown()
    thread.join()
    local.server.server_close()


@pytest.fixture
def second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with two sessions and a second place, as the environment sets them."""
    monkeypatch.setenv("TRACTION_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("TRACTION_CHECKPOINT_COPY", str(tmp_path / "second"))
    (tmp_path / "second").mkdir()
    recorded(RecordFolder(tmp_path / "data"))
    recorded(RecordFolder(tmp_path / "data"), "s-2")
    return tmp_path / "second" / "traction-checkpoints.txt"


@pytest.fixture
def stamping(
    second: Path, authority: LocalAuthority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    root = tmp_path / "root.pem"
    root.write_bytes(authority.authority.root_pem)
    monkeypatch.setenv("TRACTION_TIMESTAMP_URL", authority.url)
    monkeypatch.setenv("TRACTION_TIMESTAMP_CERTIFICATES", str(root))
    return second


def left() -> list[str]:
    """Leave checkpoints as a command does; what was told."""
    told: list[str] = []
    settings = load_settings()
    leave_checkpoints(settings, RecordFolder(settings.data), told.append)
    return told


def said(*arguments: str, status: int = 0) -> str:
    result = invoke(*arguments)
    assert result.exit_code == status, (result.output, result.exception)
    return result.stdout


def test_verify_compares_with_the_second_place_by_itself(second: Path) -> None:
    assert "4 of this folder are not there yet" in said("verify", "--all")
    assert left() == []
    newest = second.read_text().splitlines()[-1].partition(" ")[0]
    last = said("verify", "--all").splitlines()[-1]
    assert last.startswith("nothing was altered (checked: chain, 2 signatures; 2 outside check")
    assert last.endswith(f"; compared with 4 checkpoints of {second}; newest of {newest})")
    assert "compared with 4 checkpoints" in json.loads(said("verify", "--all", "--json"))["basis"]
    assert "1 outside checkpoints" in said("verify", "s-1")


def test_records_that_are_gone_are_found_without_being_asked(second: Path, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(tmp_path / "data", older)
    recorded(RecordFolder(tmp_path / "data"), "s-3")
    assert left() == []
    shutil.copy(
        RecordFolder(older).unit_database(UNIT),
        RecordFolder(tmp_path / "data").unit_database(UNIT),
    )
    output = said("verify", "--all", status=4)
    assert "ALTERED session s-3, outside checkpoint: a checkpoint was given out for it" in output


def test_another_folder_is_not_compared_with_the_second_place(second: Path, tmp_path: Path) -> None:
    recorded(RecordFolder(tmp_path / "other"), "t-1")
    said("checkpoints", "--data", str(tmp_path / "other"))
    assert not second.exists()
    assert "not checked against outside" in said(
        "verify", "--all", "--data", str(tmp_path / "other")
    )


def test_a_key_record_that_was_put_back_is_found_by_the_second_place(
    second: Path, tmp_path: Path
) -> None:
    keys = tmp_path / "data" / "keys" / "keys.jsonl"
    before = keys.read_bytes()
    said("key", "rotate", "--yes", "--by", "P. Jones")
    assert "TC1-keys." in second.read_text()
    keys.write_bytes(before)
    (tmp_path / "data" / "clinic.db").unlink()
    output = said("verify", "--all", status=4)
    assert "ALTERED the record of keys: TC1-keys." in output


def test_a_place_that_is_away_is_told_and_made_good(second: Path, tmp_path: Path) -> None:
    second.parent.rmdir()
    second.parent.write_text("")
    broken = Settings(data=tmp_path / "data", checkpoint_copy=str(second))
    told: list[str] = []
    leave_checkpoints(broken, RecordFolder(tmp_path / "data"), told.append)
    assert len(told) == 1
    assert "checkpoints were not copied to the second place" in told[0]
    assert (
        "second place was not compared" in compared(broken, RecordFolder(tmp_path / "data")).basis
    )
    second.parent.unlink()
    leave_checkpoints(broken, RecordFolder(tmp_path / "data"), told.append)
    assert len(told) == 1
    assert len(second.read_text().splitlines()) == 4


def test_a_place_that_does_not_answer_is_not_waited_for(
    second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    monkeypatch.setattr(anchors, "LIMIT_S", 0.01)
    monkeypatch.setattr(anchors, "_leave", lambda *_: release.wait())
    assert "did not answer within 0.01 s" in left()[0]
    release.set()


def test_a_growing_list_is_stamped_and_the_stamps_are_checked_offline(
    stamping: Path, authority: LocalAuthority, tmp_path: Path
) -> None:
    assert left() == []
    assert left() == [], "nothing new, nothing asked"
    assert [kind for kind, _ in authority.asked] == ["application/timestamp-query"]
    recorded(RecordFolder(tmp_path / "data"), "s-3")
    said("checkpoints")
    assert len(authority.asked) == 2
    last = said("verify", "--all").splitlines()[-1]
    assert last.endswith(
        "; 2 time stamps, the newest of 2026-05-05 06:00:01 UTC over its first 6 lines)"
    )
    assert len(authority.asked) == 2, "verify asks nobody"
    lines = stamping.read_text().splitlines(keepends=True)
    stamping.write_text("".join(lines[1:]))
    assert "ALTERED the second place: traction-checkpoints.txt.stamps.jsonl" in said(
        "verify", "--all", status=4
    )


def test_a_stamp_is_asked_for_on_demand(stamping: Path, authority: LocalAuthority) -> None:
    said("checkpoints", "--stamp")
    assert len(authority.asked) == 2, "once for the new lines, once on demand"


@pytest.mark.parametrize(
    ("status", "content", "told"),
    [
        (500, b"", "answered 500"),
        (200, b"x" * 70_000, "more than 65536 bytes"),
        (200, b"<html>", "does not hold"),
    ],
)
def test_an_authority_that_fails_is_told_and_the_list_stays(
    stamping: Path, authority: LocalAuthority, status: int, content: bytes, told: str
) -> None:
    authority.status, authority.content = status, content
    (text,) = left()
    assert told in text
    assert len(stamping.read_text().splitlines()) == 4
    assert "no time stamp covers it" in said("verify", "--all")


def test_an_authority_that_is_not_there_is_named(stamping: Path) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    settings = load_settings()
    left()
    with pytest.raises(UploadRefused, match=r"was not reached \(ConnectError\)"):
        stamp_list(settings, RecordFolder(settings.data), httpx.MockTransport(refuse))


def test_nothing_is_stamped_without_settings_or_a_list(
    second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings()
    with pytest.raises(RequestRefused, match="no time-stamp authority is set"):
        stamp_list(settings, RecordFolder(settings.data))
    monkeypatch.setenv("TRACTION_TIMESTAMP_URL", "http://localhost/tsa")
    with pytest.raises(RequestRefused, match="it needs timestamp_certificates as well"):
        load_settings()
    monkeypatch.setenv("TRACTION_TIMESTAMP_CERTIFICATES", str(tmp_path / "root.pem"))
    with pytest.raises(RequestRefused, match="there is nothing to stamp"):
        stamp_list(load_settings(), RecordFolder(settings.data))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHECKPOINT_COPY", "relative/folder"),
        ("TIMESTAMP_URL", "ftp://x"),
        ("CHECKPOINT_COPY", "/a\x1b[0m"),
    ],
)
def test_settings_that_cannot_be_meant_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"TRACTION_{name}", value)
    with pytest.raises(RequestRefused, match=f"setting {name.lower()}="):
        load_settings()


def test_a_hold_that_was_cut_off_stops_a_removal_by_the_second_place(
    second: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACTION_RETENTION_YEARS", "1")
    recorded(RecordFolder(tmp_path / "data"), "s-old", began_ms=BEGAN_MS - 3000 * DAY_MS)
    said("hold", "s-2", "--reason", "letter", "--by", "P. Jones")
    shutil.copy(tmp_path / "data" / "clinic.db", tmp_path / "older.db")
    said("hold", "s-old", "--reason", "letter", "--by", "P. Jones")
    assert left() == []
    shutil.copy(tmp_path / "older.db", tmp_path / "data" / "clinic.db")
    apply = ["retention", "--apply", "--yes"]
    far = invoke(*apply).exception
    assert isinstance(far, RequestRefused)
    today = far.message.split()[3].strip(",")
    refused = invoke(*apply, "--today", today).exception
    assert isinstance(refused, JournalCorrupt)
    assert "the end was cut off" in refused.message

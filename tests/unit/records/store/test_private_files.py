"""What the program writes can be read by its owner only, from the first moment on."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.errors import JournalUnavailable, KeyUnavailable, RequestRefused
from controller.events import EventKind, SessionEvent
from controller.runtime.clock import VirtualClock
from records.accounts.sign_in_file import sign_ins
from records.evidence.journal import SessionOpening, open_session
from records.keeping.private_check import check_private
from records.keys.signing import NoKeyStore, load_or_create_key
from records.store.private_files import create_new, make_folder, open_or_create, write_private
from records.store.record_folder import RecordFolder
from tests.support.commands import said
from tests.support.notes import UNIT, recorded
from tests.support.short_demo import run_short_demo
from workstation.demo import DemoConsole
from workstation.settings import Settings
from workstation.station.place import station_folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def loose(folder: Path) -> list[str]:
    """What another account could look at, or enter."""
    return [f"{path} {mode(path):o}" for path in folder.rglob("*") if mode(path) & 0o077]


@pytest.fixture(params=[0o000, 0o022, 0o777], ids="umask {:03o}".format)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_no_umask_makes_a_file_readable_or_unusable(tmp_path: Path, umask: int) -> None:
    make_folder(tmp_path / "a" / "b")
    os.close(create_new(tmp_path / "a" / "b" / "new"))
    os.close(open_or_create(tmp_path / "a" / "b" / "lock"))
    write_private(tmp_path / "a" / "c" / "text", b"text")
    assert (tmp_path / "a" / "c" / "text").read_bytes() == b"text"
    found = {path.name: mode(path) for path in (tmp_path / "a").rglob("*")}
    assert found == {"b": 0o700, "c": 0o700, "new": 0o600, "lock": 0o600, "text": 0o600}


def test_everything_that_a_workstation_writes_is_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Records, documents, exports, bundle, backups, archive and keys, with an umask of no help.

    Also while a session is open, when logs, lock and side file are there.
    """
    monkeypatch.setenv("TRACTION_TIME_ZONE", "UTC")
    before = os.umask(0)
    try:
        out = tmp_path / "all" / "out"
        run_short_demo(DemoConsole(quiet=True), out, Settings(time_zone="UTC"))
        data = RecordFolder(out / "data")
        opening = SessionOpening(session_id="open", unit_id=UNIT, utc_offset_min=0, detail={})
        key = load_or_create_key(data, store=NoKeyStore())
        journal = open_session(data, opening, VirtualClock(), key=key)
        event = SessionEvent(kind=EventKind.OPERATOR_ACTED, at_ms=5, detail={})
        journal.append_event(event, at_once=True)
        journal.sync()
        during = {path.name for path in data.path.rglob("*")}
        assert loose(tmp_path) == []
        journal.abandon()
        session = said(data, "sessions", "--outcome", "completed").split()[0]
        for kind in ("pdf", "bundle", "csv", "json"):
            said(
                data,
                "export",
                session,
                "--format",
                kind,
                "--out",
                str(out / "x" / f"e.{kind}"),
            )
        said(data, "backup", str(out / "backups" / "copy.zip"))
        said(data, "backup", str(out / "backups" / "copy"))
        said(data, "archive", "--out", str(out / "archive"))
        said(data, "key", "export", "--out", str(out / "key.pem"))
        said(RecordFolder(tmp_path / "all" / "new"), "restore", str(out / "backups" / "copy.zip"))
    finally:
        os.umask(before)
    assert {f"{UNIT}.lock", f"{UNIT}.spill", f"{UNIT}.db-wal", f"{UNIT}.db-shm"} <= during
    assert len(list(out.rglob("*.*"))) > 30
    assert loose(tmp_path) == []


def test_an_older_file_is_replaced_by_a_private_one(tmp_path: Path) -> None:
    path = tmp_path / "note.pdf"
    path.write_bytes(b"older")
    path.chmod(0o644)
    write_private(path, b"newer")
    assert (path.read_bytes(), mode(path)) == (b"newer", 0o600)
    assert [p.name for p in tmp_path.iterdir()] == ["note.pdf"]


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    write_private(Path(f"/dev/fd/{writing}"), b"through")
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        assert pipe.read() == b"through"


def test_a_new_file_follows_no_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        create_new(tmp_path / "link")
    assert not (tmp_path / "elsewhere").exists()


def test_a_medium_without_modes_still_takes_a_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(descriptor: int, wanted: int) -> None:
        tried.append(wanted)
        raise PermissionError(1, "Operation not permitted")

    tried: list[int] = []
    monkeypatch.setattr(os, "fchmod", refuse)
    before = os.umask(0o177)
    try:
        os.umask(0o700)  # what the system gives is then not what was asked for
        os.close(create_new(tmp_path / "copy.zip"))
    finally:
        os.umask(before)
    assert tried == [0o600]


# --- the check at the start -------------------------------------------------------------------


@pytest.fixture
def data(tmp_path: Path) -> RecordFolder:
    recorded(RecordFolder(tmp_path / "data"))
    return RecordFolder(tmp_path / "data")


@pytest.mark.parametrize("name", ["", "units", "keys", "clinic.db", f"units/{UNIT}.db"])
@pytest.mark.parametrize("bits", [0o040, 0o004, 0o020, 0o002, 0o001])
def test_a_loose_mode_is_refused_with_the_line_to_type(
    data: RecordFolder, name: str, bits: int
) -> None:
    check_private(data)
    place = data.path / name
    place.chmod(mode(place) | bits)
    with pytest.raises(JournalUnavailable) as refused:
        check_private(data)
    assert f"{place} has mode {mode(place):o}" in refused.value.message
    line = refused.value.message.split("`")[1]
    assert os.system(line) == 0
    check_private(data)


def test_a_session_and_a_backup_ask_first(data: RecordFolder, tmp_path: Path) -> None:
    data.path.chmod(0o755)
    with pytest.raises(JournalUnavailable, match="chmod -R go-rwx"):
        said(data, "backup", str(tmp_path / "copy"))
    assert not (tmp_path / "copy").exists()


def test_files_of_others_in_the_folder_lie_behind_its_mode(data: RecordFolder) -> None:
    (data.path / "payers").mkdir(mode=0o755)
    (data.path / "payers" / "mine.toml").touch(0o644)
    check_private(data)


def test_a_link_is_named_because_no_mode_says_who_reads_behind_it(
    data: RecordFolder, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    place = data.unit_database("0b" * 8)
    place.symlink_to(elsewhere)
    with pytest.raises(JournalUnavailable) as refused:
        check_private(data)
    assert f"{place} is a link to {elsewhere}" in refused.value.message
    assert "chmod" not in refused.value.message


def test_a_data_folder_that_is_a_link_counts_by_what_it_leads_to(
    data: RecordFolder, tmp_path: Path
) -> None:
    linked = RecordFolder(tmp_path / "linked")
    linked.path.symlink_to(data.path)
    check_private(linked)
    data.path.chmod(0o750)
    with pytest.raises(JournalUnavailable) as refused:
        check_private(linked)
    assert os.system(refused.value.message.split("`")[1]) == 0
    check_private(linked)


def group_name(number: int) -> str:
    import grp

    return grp.getgrgid(number).gr_name


def test_a_folder_that_is_shared_with_a_group_is_as_the_setting_says(data: RecordFolder) -> None:
    """The tests' own group is one that every account may give files to."""
    group = group_name(os.getegid())
    with pytest.raises(JournalUnavailable, match=f"readers_group={group} wants it") as refused:
        check_private(data, group)
    assert os.system(refused.value.message.split("`")[1]) == 0
    check_private(data, group)
    assert mode(data.path) == 0o2750
    assert {mode(path) for path in data.path.rglob("*.db")} == {0o640}
    assert {mode(path) for path in data.path.rglob("*.key")} == {0o600}
    recorded(data, "s-2")
    check_private(data, group)
    with sign_ins(data):
        assert mode(data.sign_ins) == 0o600
    station = station_folder(data.path)
    data.path.chmod(0o700)
    with pytest.raises(JournalUnavailable, match="readers_group") as refused:
        check_private(data, group)
    assert os.system(refused.value.message.split("`")[1]) == 0
    assert (mode(data.sign_ins), mode(station)) == (0o600, 0o700), "no reader sees PINs"
    assert {mode(path) for path in (data.path / "units").iterdir() if path.suffix != ".spill"} == {
        0o640
    }
    for place, bits in (
        (data.path, 0o002),
        (data.path / "units", 0o020),
        (data.path / "clinic.db", 0o020),
    ):
        before = mode(place)
        place.chmod(before | bits)
        with pytest.raises(JournalUnavailable, match=f"{place} has mode"):
            check_private(data, group)
        place.chmod(before)
    with pytest.raises(JournalUnavailable, match="chmod -R go-rwx"):
        check_private(data)


def test_a_key_stays_secret_in_a_shared_folder(data: RecordFolder) -> None:
    group = group_name(os.getegid())
    for path in (data.path, *data.path.rglob("*")):
        path.chmod(0o2750 if path.is_dir() else 0o640)
    with pytest.raises(JournalUnavailable, match=r"workstation.key has mode 640"):
        check_private(data, group)


def test_pins_that_a_reader_may_read_are_found(data: RecordFolder) -> None:
    with sign_ins(data):
        data.sign_ins.chmod(0o640)
    with pytest.raises(JournalUnavailable, match=r"sign-ins.db has mode 640"):
        check_private(data)


def test_a_group_that_does_not_exist_is_named(data: RecordFolder) -> None:
    with pytest.raises(RequestRefused, match="readers_group=nobody-at-all names no group"):
        check_private(data, "nobody-at-all")


# --- the key ----------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_key_of_another_mode_is_refused_with_the_line_to_type(
    data: RecordFolder, bits: int
) -> None:
    key = data.path / "keys" / "workstation.key"
    key.chmod(bits)
    with pytest.raises(KeyUnavailable, match=rf"has mode {bits:o}.*`chmod 600 {key}`"):
        load_or_create_key(data, store=NoKeyStore())


def test_a_key_of_another_owner_is_refused(
    data: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    with pytest.raises(KeyUnavailable, match=f"belongs to account {mine}, this program runs as"):
        load_or_create_key(data, store=NoKeyStore())


# --- one place --------------------------------------------------------------------------------


def test_nothing_else_in_the_program_makes_files() -> None:
    """Every other call that could create one is named here, with its reason."""
    root = Path(sys.modules["records"].__path__[0]).parent
    calls = (
        "write_text(",
        "write_bytes(",
        ".mkdir(",
        "os.mkdir(",
        "os.open(",
        'open("w',
        "O_CREAT",
    )
    known = {
        "records/store/private_files.py": "the one place",
        "records/store/durable.py": "opens a folder",
        "records/keeping/second_place.py": "opens what was made",
        "records/keys/time_stamp.py": "opens what was made",
        "records/evidence/spill.py": "0600 of its own, reserved before a session",
        "records/store/drafts.py": "a folder of 0700, and locks that are there",
        "records/clinic/readings.py": "the folder of readers",
        "records/store/plain_files.py": "reads what is there",
        "records/store/file_lock.py": "opens what is there",
        "records/store/unit_lock.py": "opens what is there",
        "records/keeping/backup_check.py": "a folder inside of a draft",
        "workstation/cli.py": "the null device",
        "workstation/output.py": "the null device",
        "workstation/updating/bundle.py": "reads; makes what it unpacks by the one place",
        "workstation/updating/installation.py": "the program itself, which is no record",
        "workstation/updating/quiet.py": "opens a folder",
        "workstation/updating/release_file.py": "reads; unpacks the program, which is no record",
        "workstation/station/place.py": "a lock that is there, and an open folder",
    }
    found = {
        path.relative_to(root).as_posix()
        for package in ("controller", "firmware_bridge", "records", "workstation")
        for path in (root / package).rglob("*.py")
        if any(call in path.read_text(encoding="utf-8") for call in calls)
    }
    assert found == set(known)

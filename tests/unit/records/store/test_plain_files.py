"""A file is opened where there is one; nobody waits at a pipe."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import JournalUnavailable, RulesInvalid, TractionError
from controller.runtime.clock import VirtualClock
from firmware_bridge.profiles import find_profile
from records.claim.rules.code_lists import code_lists
from records.claim.rules.payer_profile import all_profiles
from records.claim.rules.tables import load_tables
from records.evidence.journal import left_open_sessions
from records.exports.messages.receiver_maps import find_receiver
from records.store.plain_files import open_plain, read_plain, what_it_is
from records.store.record_folder import RecordFolder
from tests.support.altered_records import KEY, UNIT


def a_pipe(path: Path) -> str:
    os.mkfifo(path)
    return "a named pipe"


def a_folder(path: Path) -> str:
    path.mkdir()
    return "a folder"


def a_device(path: Path) -> str:
    path.symlink_to("/dev/null")
    return "a device"


def a_dangling_link(path: Path) -> str:
    path.symlink_to("nowhere")
    return "a link to nothing"


@pytest.mark.parametrize("put", [a_pipe, a_folder, a_device])
def test_what_is_no_file_is_named(tmp_path: Path, put: Callable[[Path], str]) -> None:
    kind = put(tmp_path / "place")
    assert what_it_is(tmp_path / "place") == kind
    with pytest.raises(OSError, match=f"place is {kind}, not a file"):
        read_plain(tmp_path / "place")


def test_a_socket_is_told_and_opens_for_nobody(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        assert what_it_is(tmp_path / "s") == "a socket"
        with pytest.raises(OSError, match="No such device"):
            open_plain(tmp_path / "s")


def test_a_file_is_read_and_nothing_is_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"words")
    (tmp_path / "link").symlink_to("file")
    assert (what_it_is(tmp_path / "file"), what_it_is(tmp_path / "none")) == ("", "")
    assert read_plain(tmp_path / "link") == b"words"
    with pytest.raises(FileNotFoundError):
        read_plain(tmp_path / "none")
    with pytest.raises(OSError, match="symbolic"):
        open_plain(tmp_path / "link", follow=False)


def test_a_side_file_that_is_none_is_named_and_not_its_database(folder: RecordFolder) -> None:
    side = folder.unit_database(UNIT).with_suffix(".spill")
    side.parent.mkdir(parents=True)
    os.mkfifo(side)
    with pytest.raises(JournalUnavailable, match=f"{side.name} is a named pipe, not a file"):
        left_open_sessions(folder, UNIT, VirtualClock(), key=KEY)


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("tables.toml", load_tables),
        ("payers/own.toml", all_profiles),
        ("code-lists/own.codes", lambda folder: list(code_lists(folder))),
        ("receivers/own.toml", lambda folder: find_receiver("own", folder.receivers)),
        ("profiles/own.toml", lambda folder: find_profile("own", folder.path)),
    ],
)
@pytest.mark.parametrize("put", [a_pipe, a_folder, a_dangling_link])
def test_what_lies_in_the_place_of_a_file_of_the_clinic_is_refused_by_name(
    folder: RecordFolder,
    put: Callable[[Path], str],
    name: str,
    read: Callable[[RecordFolder], object],
) -> None:
    place = folder.file_called(name)
    place.parent.mkdir(exist_ok=True)
    put(place)
    with pytest.raises(TractionError, match=place.name):
        read(folder)


@pytest.mark.parametrize("key", ["pairs", "fees"])
def test_a_pipe_that_the_tables_name_is_refused(folder: RecordFolder, key: str) -> None:
    days = 'valid_from = 2026-10-01\nvalid_to = 2026-12-31\nsource = "CMS"\n'
    folder.tables.write_text(f'[{key}]\nfile = "named"\n{days if key == "pairs" else ""}')
    a_pipe(folder.file_called("named"))
    with pytest.raises(RulesInvalid, match="named cannot be read"):
        load_tables(folder)

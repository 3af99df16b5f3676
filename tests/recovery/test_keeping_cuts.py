"""Storing and packing records and changing keys are finished or never begun, at any interruption.

A kill alone, and one with power loss, before operations of the program's and of SQLite's.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from pyrage.x25519 import Identity

from controller.errors import TractionError
from records.evidence import year_files
from records.keeping import move_years
from records.keeping.backup_encryption import decrypt, encrypt
from records.keys import signing
from records.store import database, drafts, private_files
from records.store.drafts import SUFFIX, draft_beside
from tests.campaigns.keeping_cuts import FORMS, WORKS, Disk, Place, Result, Work, cut_everywhere
from tests.campaigns.packing_cuts import KEY_WORKS, PACKING_WORKS
from tests.campaigns.year_cuts import YEAR_FORMS, YEAR_WORKS, Years
from tests.support.cut_files import full_from

BACKUP, RESTORE = WORKS


def assert_all_or_nothing(result: Result, *, least_operations: int) -> None:
    assert result.wrong == []
    assert result.operations > least_operations
    assert result.finished == 2, "only the last cuts come after the end"


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
@pytest.mark.parametrize(("form", "every"), [("copy", 37), ("copy.zip", 61), ("copy.zip.age", 83)])
def test_a_cut_at_any_file_operation_leaves_all_or_nothing(
    memory_path: Path, work: Work[Place], form: str, every: int
) -> None:
    result = cut_everywhere(work, form, memory_path, chances=0, every=every)
    assert_all_or_nothing(result, least_operations=100)


@pytest.mark.parametrize(("work", "every"), [(YEAR_WORKS[0], 97), (YEAR_WORKS[1], 13)], ids=str)
def test_a_cut_at_any_operation_on_closed_years_loses_no_session(
    memory_path: Path, work: Work[Years], every: int
) -> None:
    result = cut_everywhere(work, YEAR_FORMS[0], memory_path, chances=0, every=every)
    assert_all_or_nothing(result, least_operations=30)


@pytest.mark.parametrize(
    ("work", "form", "every"),
    [
        (PACKING_WORKS[0], "one", 27),
        (PACKING_WORKS[1], "schema 3", 51),
        (PACKING_WORKS[1], "schema 4", 73),
        (PACKING_WORKS[2], "schema 3", 143),
        *((work, "files", 19) for work in KEY_WORKS),
        (KEY_WORKS[0], "key store", 23),
    ],
    ids=str,
)
def test_a_cut_while_sessions_are_packed_or_keys_change(
    memory_path: Path, work: Work[Disk], form: str, every: int
) -> None:
    result = cut_everywhere(work, form, memory_path, chances=0, every=every)
    assert_all_or_nothing(result, least_operations=20)


def without_the_syncs_of_the_log(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(database.WRITER_PRAGMAS, "synchronous", 0)


def without_the_sync_behind_a_journal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(year_files, "sync_folder", lambda folder: None)


def without_the_sync_of_a_key_s_name(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(private_files, "sync_folder", lambda folder: None)


def without_an_end_of_a_stopped_rotation(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(signing, "settle_next", lambda folder, store: None)


@pytest.mark.parametrize(
    ("work", "form", "spoil", "every"),
    [
        (PACKING_WORKS[1], "schema 4", without_the_syncs_of_the_log, 37),
        (PACKING_WORKS[2], "schema 3", without_the_sync_behind_a_journal, 90),
        (KEY_WORKS[0], "files", without_the_sync_of_a_key_s_name, 9),
        (KEY_WORKS[0], "key store", without_an_end_of_a_stopped_rotation, 11),
    ],
    ids=str,
)
def test_the_same_check_of_packing_and_keys_fails_without_what_it_is_about(
    memory_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    work: Work[Disk],
    form: str,
    spoil: Callable[[pytest.MonkeyPatch], None],
    every: int,
) -> None:
    spoil(monkeypatch)
    assert cut_everywhere(work, form, memory_path, chances=0, every=every, until_wrong=True).wrong


def without_the_sync_of_the_line(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(move_years, "write_private", lambda path, content: path.write_bytes(content))


def without_the_sync_of_the_moved_file(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(private_files, "sync_file", lambda path: None)


@pytest.mark.parametrize(
    ("spoil", "every"),
    [(without_the_sync_of_the_line, 13), (without_the_sync_of_the_moved_file, 6)],
)
def test_a_move_loses_sessions_without_what_it_is_about(
    memory_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[pytest.MonkeyPatch], None],
    every: int,
) -> None:
    spoil(monkeypatch)
    assert cut_everywhere(
        YEAR_WORKS[1], YEAR_FORMS[0], memory_path, chances=0, every=every, until_wrong=True
    ).wrong


def without_the_sync_of_the_name(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(drafts, "sync_folder", lambda folder: None)


def without_the_sync_of_the_files(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(drafts, "sync_file", lambda path: None)


def without_a_look_for_left_overs(patch: pytest.MonkeyPatch) -> None:
    for module in ("records.store.drafts", "records.keeping.backup", "records.keeping.restore"):
        patch.setattr(f"{module}.remove_left_overs", lambda folder: None)


@pytest.mark.parametrize(
    ("work", "form", "spoil"),
    [
        (BACKUP, "copy", without_the_sync_of_the_name),
        (BACKUP, "copy.zip", without_the_sync_of_the_files),
        (RESTORE, "copy", without_the_sync_of_the_name),
        (RESTORE, "copy", without_the_sync_of_the_files),
        (RESTORE, "copy", without_a_look_for_left_overs),
    ],
)
def test_the_same_check_fails_without_what_it_is_about(
    memory_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    work: Work[Place],
    form: str,
    spoil: Callable[[pytest.MonkeyPatch], None],
) -> None:
    spoil(monkeypatch)
    assert cut_everywhere(work, form, memory_path, chances=0, every=31, until_wrong=True).wrong


# --- the disk is full -------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_a_full_disk_at_any_step_changes_nothing_and_is_said(
    memory_path: Path, work: Work[Place], form: str
) -> None:
    place = Place(memory_path, form)
    number, failed = 0, 0
    while True:
        number += 3 if form != "copy" else 1
        place.reset()
        said = ""
        with full_from(number, lasting=bool(number % 2)) as steps:
            try:
                work.do(place)
            except TractionError as error:
                failed += 1
                said = error.message
        if not steps.acted:
            break
        # A second try may get past one full moment; after the rename everything is there.
        assert "No space left" in said if said else work.is_whole(place)
        assert not said or not work.is_whole(place) or number >= steps.count - 1
        assert place.left_overs == []
        assert place.altered == []
    assert failed > 8
    place.reset()
    work.again(place)


def test_sqlite_itself_finds_the_disk_full(memory_path: Path) -> None:
    """The system refuses to exceed a size: the copy of a database fails inside SQLite."""
    import resource
    import signal

    place = Place(memory_path, "copy")
    place.reset()
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        try:
            place.back_up()
        except TractionError as error:
            os._exit(7 if "cannot be written" in error.message else 8)
        os._exit(9)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 7
    assert not BACKUP.is_whole(place)
    assert place.left_overs == []
    BACKUP.again(place)


@pytest.mark.parametrize("size", [100, 65_536, 200_000])
def test_no_write_of_an_encryption_fails_unseen(tmp_path: Path, size: int) -> None:
    """The library itself does not report a failed last write."""
    key = Identity.generate()
    (tmp_path / "plain").write_bytes(bytes(size))
    number = 0
    while True:
        number += 1
        target = tmp_path / f"sealed-{number}"
        with full_from(number, lasting=False) as steps, suppress(OSError):
            encrypt(tmp_path / "plain", target, [key.to_public()])
            assert not steps.acted, "it ended as if it had written everything"
        if not steps.acted:
            break
    assert number > 2
    decrypt(target, tmp_path / "again", [key])
    assert (tmp_path / "again").read_bytes() == bytes(size)


# --- two at one time --------------------------------------------------------------------------


def test_a_draft_in_work_is_left_alone_and_an_abandoned_one_goes(tmp_path: Path) -> None:
    abandoned = tmp_path / f"old.zip.0123abcd{SUFFIX}"
    (abandoned / "content").mkdir(parents=True)
    (abandoned / "lock").touch()
    begun = tmp_path / f"begun.zip.0123abcd{SUFFIX}"
    begun.mkdir()
    strange = tmp_path / f"no-number{SUFFIX}"
    strange.mkdir()
    with draft_beside(tmp_path / "a") as first, draft_beside(tmp_path / "b") as second:
        assert first.content.is_dir()
        assert second.content.is_dir()
        assert not abandoned.exists()
        assert not begun.exists()
    assert [path.name for path in tmp_path.iterdir()] == [strange.name]


def test_a_killed_draft_without_its_lock_file_is_not_guessed_at(tmp_path: Path) -> None:
    unknown = tmp_path / f"old.zip.0123abcd{SUFFIX}"
    (unknown / "content").mkdir(parents=True)
    with draft_beside(tmp_path / "a"):
        pass
    assert unknown.exists()

"""One writer for a unit's record, whatever becomes of the lock file."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import JournalUnavailable, UnitBusy
from records.store import file_lock
from records.store.unit_lock import UnitLock, holding


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A unit's file on which a session ran before, so that its lock file is known."""
    path = tmp_path / "units" / "u.db"
    with holding(UnitLock(path)):
        path.touch()
    return path


def lock_file(database: Path) -> Path:
    return database.with_suffix(".lock")


def deleted(path: Path) -> None:
    path.unlink()


def replaced_by_a_new_one(path: Path) -> None:
    path.unlink()
    path.touch()


def replaced_by_a_copy_of_itself(path: Path) -> None:
    content = path.read_bytes()
    path.rename(path.with_suffix(".old"))
    path.write_bytes(content)


LOST = pytest.mark.parametrize(
    "lose", [deleted, replaced_by_a_new_one, replaced_by_a_copy_of_itself]
)


@LOST
def test_a_lost_lock_file_is_noticed_and_lets_no_second_writer_in(
    database: Path, lose: Callable[[Path], None]
) -> None:
    running = UnitLock(database)
    with holding(running):
        assert running.fault() == ""
        lose(lock_file(database))
        assert str(lock_file(database)) in running.fault()
        with pytest.raises(UnitBusy, match=r"was deleted or replaced, and a session runs"):
            UnitLock(database).take()
        assert UnitLock(database).is_held()
    with holding(UnitLock(database)):
        pass
    assert not UnitLock(database).is_held()


def test_a_lost_lock_file_waits_for_the_sessions_of_other_units_too(database: Path) -> None:
    """Nobody can tell whose session it is; a unit without a record has none."""
    other = database.with_name("v.db")
    with holding(UnitLock(other)):
        with holding(UnitLock(database)):
            pass
        deleted(lock_file(database))
        with pytest.raises(UnitBusy, match="end every running session"):
            UnitLock(database).take()
        with holding(UnitLock(database.with_name("new.db"))):
            pass


def test_who_holds_it_is_said(database: Path) -> None:
    with holding(UnitLock(database, host="left-desk")):
        said = f"session on unit u is open .host left-desk, process {os.getpid()}.; end it there"
        with pytest.raises(UnitBusy, match=said):
            UnitLock(database, host="left-desk").take()


def test_a_session_of_another_workstation_is_found_without_its_lock(database: Path) -> None:
    """What a share without common locks shows: the line of the holder, and a lock that is free."""
    with holding(UnitLock(database, host="left-desk")):
        line = lock_file(database).read_bytes()
    lock_file(database).write_bytes(line)  # the same file: it was never deleted
    with pytest.raises(UnitBusy, match=r"another workstation \(host left-desk, .* delete .*lock"):
        UnitLock(database, host="right-desk").take()
    assert UnitLock(database, host="right-desk").is_held()
    with holding(UnitLock(database, host="left-desk")):
        pass
    with holding(UnitLock(database, host="right-desk")):
        pass


def test_a_killed_session_leaves_nothing_in_the_way_of_the_next(database: Path) -> None:
    child = os.fork()
    if child == 0:
        UnitLock(database).take()
        os._exit(0)
    os.waitpid(child, 0)
    assert json.loads(lock_file(database).read_bytes())["held"] is True
    assert not UnitLock(database).is_held()
    with holding(UnitLock(database)):
        pass


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS, errno.EINVAL])
def test_a_file_system_that_refuses_locks_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def refuse(descriptor: int, *, shared: bool = False) -> bool:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(file_lock, "try_lock", refuse)
    with pytest.raises(JournalUnavailable, match=r"units is on a file system without usable locks"):
        UnitLock(tmp_path / "units" / "u.db").take()


def test_a_file_system_whose_locks_keep_nobody_out_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_lock, "try_lock", lambda descriptor, shared=False: True)
    with pytest.raises(JournalUnavailable, match=r"units is on a file system .* the same one"):
        UnitLock(tmp_path / "units" / "u.db").take()


def test_an_account_that_cannot_ask_calls_a_session_running(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*rest: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert UnitLock(database).is_held()


@pytest.mark.parametrize("content", ["", "[]", "{", "\x00" * 400, '{"held": true}'])
def test_a_lock_file_of_somebody_else_is_no_obstacle_when_nobody_runs(
    database: Path, content: str
) -> None:
    lock_file(database).write_text(content)
    if content == '{"held": true}':
        with pytest.raises(UnitBusy, match="another workstation"):
            UnitLock(database).take()
        return
    with holding(UnitLock(database)):
        assert json.loads(lock_file(database).read_bytes())["held"] is True


def test_what_is_no_lock_file_is_named_and_waited_for_by_nobody(database: Path) -> None:
    lock_file(database).unlink()
    os.mkfifo(lock_file(database))
    for asked in (UnitLock(database).is_held, UnitLock(database).take):
        with pytest.raises(JournalUnavailable, match="is a named pipe, not a lock file"):
            asked()

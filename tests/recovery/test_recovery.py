"""The next start after a session was killed in the middle (session-rules.md#recovery)."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.errors import JournalCorrupt, JournalUnavailable, UnitBusy
from controller.events import EventKind, Outcome
from controller.runtime import loop
from controller.runtime.session import Session
from controller.snapshot import Snapshot
from records.evidence.integrity import verify
from records.evidence.journal import SqliteJournal
from records.evidence.reader import NOT_CLOSED, list_sessions
from records.store.record_folder import RecordFolder
from simulator.map_v1 import State
from tests.support.altering import altering
from tests.support.sessions import ENDED_EARLY, SHORT_CERVICAL, SHORT_LUMBAR, Stage, staged
from workstation.exit_status import REFUSED, exit_status


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the program runs after it."""


def killed(*_: object) -> None:
    """Disable what would release too."""
    raise Killed


def kill_in_hold(stage: Stage, order: str = SHORT_CERVICAL) -> None:
    """End a session in the middle of a hold without a release, an end or a seal."""

    def kill(snapshot: Snapshot) -> None:
        if snapshot.phase == "holding" and snapshot.elapsed_s > 8.0:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "release_until_seen", killed)
        patch.setattr(Session, "_run_loop", lambda self, loop, *_: loop.run())
        patch.setattr(Session, "_record_end", lambda self, ending: None)
        patch.setattr(SqliteJournal, "close", SqliteJournal.abandon)
        with pytest.raises(Killed):
            stage.treat(order, watch=kill)
    assert stage.firmware.state is State.TRACKING
    assert stage.firmware.plant.cord_force_n > 50.0


def test_our_unit_is_released_without_a_token_and_our_session_closed(folder: RecordFolder) -> None:
    with staged(folder, wire="direct") as stage:
        kill_in_hold(stage)
        (left_open,) = list_sessions(folder)
        assert left_open.outcome == NOT_CLOSED
        result = stage.treat(script=ENDED_EARLY)
        closed = stage.visit(left_open.head.session_id).record
        note = stage.visit(left_open.head.session_id).note
    assert result.recovered == (left_open.head.session_id,)
    assert result.ending.reason == "ended early by P. Jones"
    assert (closed.outcome, closed.seal is not None) == (Outcome.INTERRUPTED, True)
    (observed,) = closed.of_kind(EventKind.UNIT_OBSERVED)
    assert (observed.detail["unit_state"], observed.detail["released"]) == (
        int(State.TRACKING),
        True,
    )
    assert int(str(observed.detail["force_dn"])) > 500
    (ended,) = closed.of_kind(EventKind.SESSION_ENDED)
    assert ended.detail["reason"] == "the program ended during the session"
    assert note.dose.traction_ms > 7000
    assert not verify(folder).alterations


def test_a_unit_that_let_go_by_itself_is_only_read(folder: RecordFolder) -> None:
    with staged(folder, wire="direct") as stage:
        kill_in_hold(stage)
        stage.clock.sleep_until(stage.clock.now_s() + 10.0)
        result = stage.treat(script=ENDED_EARLY)
        closed = stage.visit(result.recovered[0]).record
        record = stage.visit(result.session_id).record
    (observed,) = closed.of_kind(EventKind.UNIT_OBSERVED)
    assert observed.detail["unit_state"] == int(State.SAFE_LATCHED)
    assert observed.detail["released"] is False
    assert record.of_kind(EventKind.UNIT_ACKNOWLEDGED)
    assert result.ending.reason == "ended early by P. Jones"


def test_a_record_that_nobody_can_read_is_put_aside(folder: RecordFolder) -> None:
    with staged(folder, wire="direct") as stage:
        kill_in_hold(stage)
        stage.clock.sleep_until(stage.clock.now_s() + 10.0)
        (path,) = folder.unit_databases()
        with altering(path) as db:
            db.execute("UPDATE event SET at_ms = 1 << 40 WHERE sequence = 3")
        with pytest.raises(JournalCorrupt, match=r"put aside .*traction quarantine accept"):
            stage.treat()
    assert list((folder.path / "quarantine").glob("*/*.db"))


def test_the_unit_is_looked_at_before_an_error_of_the_record_is_told(
    folder: RecordFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[float | None] = []

    def out_of_reach(*_: object, **__: object) -> None:
        raise JournalUnavailable("the disk is away")

    def look(*_: object, armed_seconds_ago: float | None) -> None:
        looked.append(armed_seconds_ago)

    monkeypatch.setattr("workstation.session.recover.left_open_sessions", out_of_reach)
    monkeypatch.setattr("workstation.session.recover.let_go_of_unit", look)
    with (
        staged(folder, wire="direct") as stage,
        pytest.raises(JournalUnavailable, match="disk is away"),
    ):
        stage.treat()
    assert looked == [None]


def test_a_session_of_another_unit_is_closed_and_says_that_nobody_looked(
    folder: RecordFolder,
) -> None:
    with staged(folder, wire="direct", body="lumbar_split") as stage:
        kill_in_hold(stage, SHORT_LUMBAR)
        identifiers = stage.identifiers
    with staged(folder, wire="direct") as stage:
        stage.identifiers = identifiers
        result = stage.treat(script=ENDED_EARLY)
        closed = stage.visit(result.recovered[0]).record
    assert result.recovered == ("session-1",)
    (observed,) = closed.of_kind(EventKind.UNIT_OBSERVED)
    assert dict(observed.detail) == {"observed": False}
    (ended,) = closed.of_kind(EventKind.SESSION_ENDED)
    assert ended.detail["reason"] == "the program ended during the session; unit not observed"


def test_a_unit_that_another_host_drives_is_refused_and_left_alone(tmp_path: Path) -> None:
    with staged(RecordFolder(tmp_path / "theirs"), wire="direct") as stage:
        kill_in_hold(stage)
        stage.folder = RecordFolder(tmp_path / "ours")
        with pytest.raises(UnitBusy, match="driven by another host") as refused:
            stage.treat()
        assert stage.firmware.state is State.TRACKING
    assert exit_status(refused.value) == REFUSED
    assert list_sessions(stage.folder) == []

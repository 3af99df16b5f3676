"""What the workstation's settings do to a session."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from controller.errors import RequestRefused
from controller.events import StopCause
from controller.ports import Attendance
from records.order.order_file import parse_order
from records.order.planned_order import PlannedOrder
from records.store.record_folder import RecordFolder
from tests.support.sessions import SETTINGS, SHORT_CERVICAL, fixed_key, staged
from workstation.session.operators import SessionOperator
from workstation.session.treat import treat
from workstation.session.workplace import Recording, Workplace
from workstation.settings import Settings


class AtAConsole(SessionOperator):
    """The console was heard 6 s ago, and is heard no more."""

    def attendance(self) -> Attendance:
        return Attendance(console_age_s=6.0)


@pytest.mark.parametrize("console_lost", [5, 6])
def test_the_setting_says_when_a_console_is_lost(tmp_path: Path, console_lost: int) -> None:
    with staged(RecordFolder(tmp_path)) as stage:
        settings = SETTINGS.model_copy(update={"console_lost": console_lost})
        place = Workplace(folder=stage.folder, settings=settings, clock=stage.clock)
        recording = Recording(key=fixed_key(stage.folder), commit_interval_s=1.0)
        operator = AtAConsole(scripted=True, show=lambda snapshot: None)

        def start() -> str:
            planned = PlannedOrder.of(parse_order(SHORT_CERVICAL, "test"))
            result = treat(
                stage.uri,
                planned,
                workplace=place,
                operator=operator,
                connect=stage.connect,
                recording=replace(recording, identifiers=stage.identifiers),
            )
            return result.ending.reason

        if console_lost == 6:
            assert start() == StopCause.TREATMENT_OVER
            return
        with pytest.raises(RequestRefused, match="heard for 6 s, at most 5 s; nothing was moved"):
            start()


def test_the_thread_that_writes_the_record_is_told_while_it_runs(tmp_path: Path) -> None:
    told = list[tuple[str, bool]]()
    with staged(RecordFolder(tmp_path)) as stage:
        treat(
            stage.uri,
            PlannedOrder.of(parse_order(SHORT_CERVICAL, "test")),
            workplace=Workplace(
                folder=stage.folder,
                settings=SETTINGS,
                clock=stage.clock,
                beside_loop=lambda thread: told.append((thread.name, thread.is_alive())),
            ),
            operator=SessionOperator(scripted=True, show=lambda snapshot: None),
            connect=stage.connect,
            recording=Recording(
                key=fixed_key(stage.folder), commit_interval_s=1.0, identifiers=stage.identifiers
            ),
        )
    assert told == [("journal", True)]


@pytest.mark.parametrize(("seconds", "good"), [(4, False), (5, True), (60, True), (61, False)])
def test_a_console_may_be_gone_for_5_to_60_s(seconds: int, good: bool) -> None:
    if good:
        assert Settings(console_lost=seconds).console_lost == seconds
    else:
        with pytest.raises(ValueError, match="console_lost"):
            Settings(console_lost=seconds)

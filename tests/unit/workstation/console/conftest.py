"""A console over an invented clinic with one table and one patient."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controller.runtime.clock import VirtualClock
from records.store.record_folder import RecordFolder
from tests.support.console_bench import ConsoleBench, console_bench
from tests.support.console_visits import at_the_order
from tests.support.made_once import made_once
from tests.support.reception import medicare_patient, open_clinic
from tests.support.standing import example, keep

UNIT_ID = "00c0ffee00c0ffee"


@pytest.fixture
def clock() -> VirtualClock:
    """Stands still but for what a test lets pass."""
    return VirtualClock()


@pytest.fixture
def on_file(folder: RecordFolder) -> RecordFolder:
    """The records of the clinic."""
    _clinic_with_a_patient(folder)
    return folder


@pytest.fixture
def bench(on_file: RecordFolder, clock: VirtualClock) -> Iterator[ConsoleBench]:
    """Nobody has said a name yet."""
    with console_bench(on_file, clock) as opened:
        yield opened


@made_once()
def _clinic_with_a_patient(folder: RecordFolder) -> None:
    open_clinic(folder)
    keep(folder, example("unit", unit_id=UNIT_ID), made_from=1)
    keep(folder, medicare_patient("2026-11-18"))


@pytest.fixture
def order(bench: ConsoleBench) -> str:
    """The address of a visit that has reached its order."""
    bench.sit_down()
    return at_the_order(bench)

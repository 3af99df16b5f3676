"""What holds for every test.

Laws are tried on the same examples in every run, however slow the machine is; the user's key store
is not touched.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from records.store.record_folder import RecordFolder
from tests.support.open_databases import tell_of_open_databases
from tests.support.pages import ROOT
from tests.support.reserved_space import reserve_holes

if TYPE_CHECKING:
    from tests.support.foreign_programs import Libmodbus

os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"
"""Also for every program that a test starts."""
os.environ["TRACTION_FORCE_UNIT"] = "N"
"""Wherever the tests run; without it the machine's time zone has a say."""
tell_of_open_databases()
reserve_holes()
settings.register_profile("repeatable", deadline=None, derandomize=True, max_examples=40)
settings.register_profile("full", deadline=None, max_examples=1000, print_blob=True)
settings.load_profile("repeatable")
OBJECTS_PER_COLLECTION = 20_000
gc.disable()
"""Until the tests are collected: nothing of what is loaded until then becomes garbage."""


def _ordinary(process_id: int, policy: int, param: os.sched_param) -> None:
    """A session that a test runs in its own process leaves that process an ordinary one.

    With the rights to it the tests ran before every other program of the machine, also before the
    programs in real time whose ticks other tests measure.
    """
    if process_id:
        _set_scheduler(process_id, policy, param)


if hasattr(os, "sched_setscheduler"):
    _set_scheduler = os.sched_setscheduler
    os.sched_setscheduler = _ordinary


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--full``: what `make campaign-sweeps` asks for."""
    parser.addoption("--full", action="store_true", help="every case of a sweep, 1000 of a law")


def pytest_configure(config: pytest.Config) -> None:
    """Laws are tried on more and on other examples with ``--full``."""
    if config.getoption("--full"):
        settings.load_profile("full")


def pytest_collection_finish() -> None:
    """Spare the collector what lives as long as the tests: the program, pytest and all tests.

    It looks for the rest less often than every 700 objects: two to three hundredths of the
    tests' time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_PER_COLLECTION)
    gc.enable()


@pytest.fixture(scope="session")
def full(pytestconfig: pytest.Config) -> bool:
    """True where a sweep has each of its cases; a test that asks for it is marked ``sweep``."""
    return bool(pytestconfig.getoption("--full"))


@pytest.fixture
def folder(tmp_path: Path) -> RecordFolder:
    """The test's own folder as the one where records live."""
    return RecordFolder(tmp_path)


@pytest.fixture
def memory_path(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where the system has one: for tests that flush thousands of times."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


@pytest.fixture
def folder_in_memory(memory_path: Path) -> RecordFolder:
    """The same as the folder where records live."""
    return RecordFolder(memory_path)


@pytest.fixture(scope="session")
def libmodbus(tmp_path_factory: pytest.TempPathFactory) -> Libmodbus:
    """A server of libmodbus, compiled by the first test that starts one."""
    from tests.support.foreign_programs import Libmodbus

    return Libmodbus(tmp_path_factory.mktemp("libmodbus"))


@pytest.fixture
def code_list_of_any_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Claims are judged by a small list that holds on every day, whenever the session was."""
    from tests.support.code_lists import AnyDay

    monkeypatch.setattr("records.visit.billing.code_list_for", lambda *_: AnyDay())


@pytest.fixture
def impatient_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """Force that nobody sees go is given up after 30 s, not after 10 minutes."""
    monkeypatch.setattr("controller.runtime.loop.GIVE_UP_S", 30.0)
    monkeypatch.setattr("controller.session.release.GIVE_UP_S", 30.0)


@pytest.fixture
def clinic_time_zone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands have the zone in which the tests read a visit."""
    from tests.support.sessions import SETTINGS

    monkeypatch.setenv("TRACTION_TIME_ZONE", SETTINGS.time_zone)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: their library keeps a loop of its own in this thread to the end."""
    items.sort(key=lambda item: "browser" in item.path.relative_to(ROOT / "tests").parts[:1])

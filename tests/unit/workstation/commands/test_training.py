"""``traction training`` for real: simulated tables, a station, its console, and one end for all."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import httpx
import pytest

from records.standing.versions import read_standing
from records.store.record_folder import RecordFolder
from tests.support.real_time import program, wait_until
from tests.support.reception import open_clinic
from tests.support.stops import free_port
from workstation.commands.training import PORTS_BESIDE
from workstation.settings import Settings
from workstation.training import training_folder

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals and sockets with a path")


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> str:
    """Free ports for the station of training; the address of its console."""
    ports = {name: free_port() for name in ("CONSOLE", "STOP")}
    for name, port in ports.items():
        monkeypatch.setenv(f"TRACTION_{name}_PORT", str(port - PORTS_BESIDE))
    monkeypatch.setenv("TRACTION_TIME_ZONE", "UTC")
    return f"http://127.0.0.1:{ports['CONSOLE']}/"


def shown(address: str) -> str:
    """A page, as soon as it comes."""
    pages: list[str] = []

    def comes() -> bool:
        try:
            pages.append(httpx.get(address, timeout=10.0).text)
        except httpx.TransportError:
            return False
        return "no treatment is open" in pages[-1]

    wait_until(comes, f"two tables at {address}")
    return pages[-1]


def test_a_folder_of_its_own_is_shown_as_simulated_and_ends_whole(
    tmp_path: Path, console: str
) -> None:
    folder = tmp_path / "practice"
    with program("training", "--data", str(folder)) as running:
        assert str(folder) in running.wait_for("SIMULATED: training")
        assert "day without sound by training" in running.wait_for("sound of")
        assert console in running.wait_for("console at")
        page = shown(console)
        assert "SIMULATED: training with invented patients" in page
        assert 'class="practice"' in page
        door = running.wait_for("stop door at").split()[-1]
        assert "SIMULATED: training with invented patients" in httpx.get(door, timeout=10.0).text
        for again in ("training", "station"):
            with program(again, "--data", str(folder)) as second:
                assert second.end() == 2, second.output
            assert "another station runs on the folder" in second.output
            assert len(second.output.splitlines()) == 1, "nothing is announced before it"
        assert {each.number for each in read_standing(RecordFolder(folder)).units} == {1}
        running.send(signal.SIGINT)
        assert running.end() == 0, running.output
    with pytest.raises(httpx.TransportError):
        httpx.get(console, timeout=10.0)
    held = read_standing(RecordFolder(folder))
    assert held.is_training
    assert [each.record.regions for each in held.units] == [("lumbar",), ("cervical",)]
    assert all(each.name.startswith("TRAIN-") for each in held.patients)
    assert "Traceback" not in running.output


def test_a_clinic_s_own_records_are_refused(folder: RecordFolder, console: str) -> None:
    open_clinic(folder)
    with program("training", "--data", str(folder.path)) as running:
        assert running.end() == 2, running.output
    assert "holds records that are not for training" in running.output
    assert not read_standing(folder).is_training


def test_the_folder_is_beside_the_clinic_s_and_says_what_it_is() -> None:
    own = training_folder(Settings(data=Path("/srv/traction")).data)
    assert own == Path("/srv/traction-training")

"""The console as a process: its address, its end, and what it refuses."""

from __future__ import annotations

import os
import signal
import socket

import httpx
import pytest

from records.store.record_folder import RecordFolder
from tests.support.real_time import program
from tests.support.reception import open_clinic
from tests.support.stops import free_port

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs signals and sockets with a path")


@pytest.fixture
def port(folder: RecordFolder, monkeypatch: pytest.MonkeyPatch) -> int:
    """A clinic with one table that nothing keeps, and a port for its console."""
    open_clinic(folder)
    chosen = free_port()
    monkeypatch.setenv("TRACTION_CONSOLE_PORT", str(chosen))
    return chosen


def test_a_console_with_open_streams_ends_at_once(folder: RecordFolder, port: int) -> None:
    with program("console", "--data", str(folder.path)) as running:
        running.wait_for("console at")
        address = f"http://127.0.0.1:{port}"
        with httpx.stream("GET", f"{address}/events", timeout=30.0) as stream:
            chunks = stream.iter_bytes()
            assert b"event: stream" in next(chunks)
            with program("console", "--data", str(folder.path)) as second:
                assert second.end() == 2
                assert "another console serves these records" in second.output
            running.send(signal.SIGTERM)
            assert running.end() == 0, running.output
    assert "Traceback" not in running.output


def test_a_port_that_is_taken_is_said(folder: RecordFolder, port: int) -> None:
    place = ("--data", str(folder.path))
    with socket.create_server(("127.0.0.1", port)), program("console", *place) as running:
        assert running.end() == 2
    assert f"the port {port} of this machine is in use" in running.output
    assert "console_port" in running.output

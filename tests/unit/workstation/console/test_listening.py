"""Where the console listens, over real sockets: other machines never keep this one away."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from starlette.responses import PlainTextResponse

from controller.errors import StationBusy
from controller.runtime.clock import SystemClock
from tests.support.certificates import MadeCertificate, made_certificate
from tests.support.real_time import PATIENCE_S, wait_until
from tests.support.sessions import SETTINGS
from tests.support.stops import free_port, read_all
from workstation.console import listening
from workstation.console.listening import (
    HOST,
    Elsewhere,
    PageServer,
    listening_elsewhere,
    listening_here,
)
from workstation.console.live_pages import LivePages
from workstation.station.sockets import listening_at
from workstation.tls import tls_of

MOST = 2
ASKS = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
OF_NO_MACHINE = "192.0.2.1"
"""An address of no machine at all, by RFC 5737."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """Ports of a server: ``here`` in the open, ``elsewhere`` behind TLS."""

    here: int
    elsewhere: int
    certificate: MadeCertificate

    def from_elsewhere(self) -> socket.socket:
        """A connection of another machine, shaken hands with."""
        plain = socket.create_connection((HOST, self.elsewhere), PATIENCE_S)
        return self.certificate.trusting().wrap_socket(plain, server_hostname=HOST)

    def said_here(self) -> str:
        """What a page of this machine is answered."""
        with closing(socket.create_connection((HOST, self.here), PATIENCE_S)) as caller:
            caller.sendall(ASKS)
            return read_all(caller)


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(listening, "MOST_ELSEWHERE", MOST)
    certificate = made_certificate(tmp_path / "station.pem", [HOST])
    here, elsewhere = free_port(), free_port()
    others = Elsewhere([listening_at(HOST, elsewhere, MOST)], tls_of(str(certificate.file)))
    config = uvicorn.Config(PlainTextResponse("a page"), lifespan="off", log_config=None, ws="none")
    server = PageServer(config, LivePages(SystemClock()), others)
    with closing(listening_here(here)) as own:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [own]})
        thread.start()
        try:
            wait_until(lambda: server.started, "the server")
            yield Served(here=here, elsewhere=elsewhere, certificate=certificate)
        finally:
            server.should_exit = True
            thread.join()


def test_so_many_connections_from_elsewhere_and_no_more(served: Served) -> None:
    with ExitStack() as stack:
        for _ in range(MOST):
            stack.enter_context(closing(served.from_elsewhere()))
        with closing(served.from_elsewhere()) as one_more:
            assert read_all(one_more) == ""
        assert "a page" in served.said_here()
    wait_until(lambda: _is_answered(served), "a place that has become free")


def _is_answered(served: Served) -> bool:
    try:
        with closing(served.from_elsewhere()) as caller:
            caller.sendall(ASKS)
            return "a page" in read_all(caller)
    except OSError:
        return False


def test_a_connection_in_the_open_is_answered_nothing_elsewhere(served: Served) -> None:
    with closing(socket.create_connection((HOST, served.elsewhere), PATIENCE_S)) as caller:
        caller.sendall(ASKS)
        assert "a page" not in read_all(caller)
    assert "a page" in served.said_here()


@pytest.mark.parametrize("content", [b"", b"no certificate"])
def test_a_file_that_has_become_unusable_serves_this_machine_alone(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "station.pem"
    file.write_bytes(content)
    told: list[str] = []
    settings = {"console_addresses": HOST, "station_certificate": str(file)}
    found = listening_elsewhere(SETTINGS.model_copy(update=settings), told.append)
    assert found == Elsewhere()
    (line,) = told
    assert line.startswith("no other machine reaches the console: ")
    assert "there is no certificate in it" in line


def test_an_address_of_elsewhere_is_told_and_keeps_no_other_away(tmp_path: Path) -> None:
    made = made_certificate(tmp_path / "station.pem", [HOST])
    told: list[str] = []
    settings = {
        "console_addresses": f"{OF_NO_MACHINE} {HOST}",
        "station_certificate": str(made.file),
        "console_port": free_port(),
    }
    with closing(listening_elsewhere(SETTINGS.model_copy(update=settings), told.append)) as found:
        assert len(found.sockets) == 1
    assert f"cannot listen at {OF_NO_MACHINE}" in told[0]
    assert told[1].endswith("for other machines")


def test_a_port_that_is_taken_is_named() -> None:
    port = free_port()
    with (
        closing(listening_here(port)),
        pytest.raises(StationBusy, match=f"the port {port} of this machine is in use"),
    ):
        listening_here(port)

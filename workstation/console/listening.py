"""Where the console listens: without TLS on this machine, with TLS at other addresses.

A fault of another address is reported and never keeps the pages of this machine away.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Final

import uvicorn

from controller.errors import RequestRefused, StationBusy
from workstation.console.live_pages import LivePages
from workstation.hosts import base_address, hosts_in
from workstation.settings import Settings
from workstation.station.sockets import listening_at
from workstation.tls import tls_of

HOST: Final = "127.0.0.1"
WAITING_CONNECTIONS: Final = 64
HANDSHAKE_S: Final = 5.0
MOST_ELSEWHERE: Final = 60
"""Most connections from other machines, so that this machine always has some left."""


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Sockets for other machines; every connection to them begins with a TLS handshake."""

    sockets: Sequence[socket.socket] = ()
    tls: ssl.SSLContext | None = None

    def close(self) -> None:
        """Stop listening."""
        for each in self.sockets:
            each.close()


class PageServer(uvicorn.Server):
    """Ends the streams of all pages at the first signal, so that nothing waits for a browser."""

    def __init__(
        self,
        config: uvicorn.Config,
        pages: LivePages,
        elsewhere: Elsewhere,
    ) -> None:
        super().__init__(config)
        self._pages, self._elsewhere = pages, elsewhere

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called by a signal."""
        self._pages.end_all()
        super().handle_exit(sig, frame)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve on every socket."""
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        for each in self._elsewhere.sockets:
            server = await loop.create_server(
                self._protocol,
                sock=each,
                ssl=self._elsewhere.tls,
                ssl_handshake_timeout=HANDSHAKE_S,
                backlog=WAITING_CONNECTIONS,
            )
            self.servers.append(server)

    def _protocol(self) -> asyncio.Protocol:
        """Returns the protocol for another machine's connection; one too many is closed at once."""
        open_now = [
            each for each in self.server_state.connections if getattr(each, "scheme", "") == "https"
        ]
        if len(open_now) >= MOST_ELSEWHERE:
            return _TooMany()
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


class _TooMany(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


def listening_here(port: int) -> socket.socket:
    """Returns the socket of this machine's own pages.

    Raises StationBusy for a port that is taken.
    """
    try:
        return listening_at(HOST, port, WAITING_CONNECTIONS)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        raise StationBusy(
            f"the port {port} of this machine is in use; end the program that uses it, or "
            "choose another one with the setting console_port"
        ) from error


def listening_elsewhere(settings: Settings, report: Callable[[str], None]) -> Elsewhere:
    """Returns the sockets for other machines; a failure is reported in the log."""
    hosts = hosts_in(settings.console_addresses)
    if not hosts:
        return Elsewhere()
    try:
        tls = tls_of(settings.station_certificate)
    except RequestRefused as refusal:
        report(f"no other machine reaches the console: {refusal.message}")
        return Elsewhere()
    return Elsewhere([*_sockets(hosts, settings.console_port, report)], tls)


def _sockets(
    hosts: Iterable[str], port: int, report: Callable[[str], None]
) -> Iterator[socket.socket]:
    for host in hosts:
        try:
            yield listening_at(host, port, WAITING_CONNECTIONS)
        except OSError as error:
            report(f"the console cannot listen at {host}, port {port} ({error.strerror})")
        else:
            report(f"console at {console_address(host, port)} for other machines")


def console_address(host: str, port: int) -> str:
    """Returns the console's address for a browser: without TLS on this machine only."""
    return f"{base_address('http' if host == HOST else 'https', host, port)}/"

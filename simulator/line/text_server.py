"""Serves an instrument polled by lines of text, over TCP or on a pseudo-terminal.

An exchange takes its wire time and the instrument's answer time, real or virtual, as with the
Modbus servers.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from simulator.line.device_time import DeviceTime
from simulator.line.wire import BITS_PER_CHARACTER, LOCAL_HOST

Send = Callable[[bytes], None]


class TextInstrument(Protocol):
    """The interface of an instrument for this server; host time in monotonic seconds."""

    answer_s: float

    def hear(self, data: bytes, now_s: float) -> list[bytes]: ...


class TextServer:
    """An instrument on the wire: serve it, give its ``uri`` to a host, stop it.

    ``spoil`` changes an answer and returns its delay in seconds; tests set it.
    """

    def __init__(
        self, instrument: TextInstrument, time: DeviceTime, *, baudrate: int = 115200
    ) -> None:
        self.uri = ""
        self.spoil: Callable[[bytes], tuple[float, bytes]] = lambda answer: (0.0, answer)
        self._instrument = instrument
        self._time = time
        self._baudrate = baudrate
        self._server: asyncio.Server | None = None
        self._descriptors: list[int] = []
        self._answers: set[asyncio.Task[None]] = set()

    def serve_tcp(self, port: int = 0) -> TextServer:
        """Serve on TCP on this machine only; port 0 lets the system choose one.

        Raises OSError if the port is in use.
        """

        async def make() -> str:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(lambda: _Connection(self), LOCAL_HOST, port)
            chosen = self._server.sockets[0].getsockname()[1]
            return f"ascii+socket://{LOCAL_HOST}:{chosen}?baudrate={self._baudrate}"

        return self._start(make)

    def serve_pty(self) -> TextServer:
        """Serve on a new pseudo-terminal; raises OSError on a system without them."""
        if not hasattr(os, "openpty"):
            raise OSError("this system has no pseudo-terminals")
        import tty  # missing on systems without pseudo-terminals

        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
        self._descriptors = [master, slave]

        async def make() -> str:
            loop = asyncio.get_running_loop()
            loop.add_reader(master, lambda: self._read_terminal(master))
            return f"ascii://{os.ttyname(slave)}?baudrate={self._baudrate}&parity=N"

        return self._start(make)

    def stop(self) -> None:
        """Close the server and its port; a host then loses the link."""
        self._time.run(self._shut_down())
        self._time.end()
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []

    def __enter__(self) -> TextServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def take(self, data: bytes, send: Send) -> None:
        """Take bytes of a host; answers are sent with ``send`` when they are due."""
        byte_s = BITS_PER_CHARACTER / self._baudrate
        arrived_s = self._time.now_s() + len(data) * byte_s
        for answer in self._instrument.hear(data, arrived_s):
            late_s, spoiled = self.spoil(answer)
            due_s = arrived_s + self._instrument.answer_s + len(spoiled) * byte_s + late_s
            self._time.began()
            task = asyncio.get_running_loop().create_task(self._send_at(due_s, spoiled, send))
            self._answers.add(task)
            task.add_done_callback(self._answers.discard)
        self._time.consumed(len(data))

    async def _send_at(self, due_s: float, answer: bytes, send: Send) -> None:
        try:
            await self._time.sleep_until(due_s)
            if answer:
                self._time.produced(len(answer))
                send(answer)
        finally:
            self._time.ended()

    def _read_terminal(self, master: int) -> None:
        try:
            data = os.read(master, 4096)
        except OSError:
            asyncio.get_running_loop().remove_reader(master)
            return
        self.take(data, lambda answer: _write_terminal(master, answer))

    def _start(self, make: Callable[[], Coroutine[Any, Any, str]]) -> TextServer:
        self._time.begin()
        try:
            self.uri = self._time.run(make())
        except OSError as error:
            self.stop()
            raise OSError(error.strerror or str(error)) from error
        return self

    async def _shut_down(self) -> None:
        for task in list(self._answers):
            task.cancel()
        for descriptor in self._descriptors[:1]:
            asyncio.get_running_loop().remove_reader(descriptor)
        if self._server is not None:
            self._server.close()


class _Connection(asyncio.Protocol):
    """A connection of one host on TCP."""

    def __init__(self, server: TextServer) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "TCP has a transport that writes"
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None, "data come on a connection"
        self._server.take(data, self._transport.write)


def _write_terminal(master: int, answer: bytes) -> None:
    os.write(master, answer)

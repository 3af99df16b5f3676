"""Third-party servers and lines: libmodbus, socat, ser2net.

Each context manager gives the address that a host connects to, and ends its program.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryDirectory

from tests.support.installed import installed, library_flags
from tests.support.real_time import wait_until

SOURCE = Path(__file__).with_name("libmodbus_server.c")
LATE_MS = 0x06FF
"""Register of the libmodbus server: the delay of the next answer only."""
LISTENS = "0A"
"""State of a listening socket in /proc/net/tcp."""


class Libmodbus:
    """The tests' server on libmodbus, compiled into ``folder`` on first use."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._program = folder / "libmodbus_server"

    @contextmanager
    def serving(self, kind: str, unit: int) -> Iterator[str]:
        """The TCP port, or the path of the host's end of a line."""
        if kind == "tcp":
            with self._running("tcp", str(unit)) as port:
                yield port
        else:
            with self.on_a_line(unit) as (host_end, _):
                yield host_end

    @contextmanager
    def on_a_line(self, unit: int = 1) -> Iterator[tuple[str, str]]:
        """Both ends of a line, with the server on the second one."""
        with socat_pair() as (host_end, unit_end), self._running("rtu", str(unit), unit_end):
            yield host_end, unit_end

    @contextmanager
    def on_a_port(self, kind: str) -> Iterator[str]:
        """The server's TCP port, or a pseudo-terminal with the server directly on its other end."""
        device = [] if kind == "tcp" else ["/dev/ptmx"]
        with self._running(kind, "1", *device) as place:
            yield place

    @contextmanager
    def _running(self, *arguments: str) -> Iterator[str]:
        """The server's process and the line that it prints."""
        self._compile()
        command = [str(self._program), *arguments]
        with ended_after(command, stdout=PIPE) as process:
            assert process.stdout is not None
            yield process.stdout.readline().decode().strip()

    def _compile(self) -> None:
        if not self._program.exists():
            flags = library_flags("libmodbus")
            compiler = [installed("cc"), "-Wall", "-Wextra", "-Werror"]
            command = [*compiler, str(SOURCE), "-o", str(self._program), *flags]
            subprocess.run(command, check=True)


@contextmanager
def socat_pair() -> Iterator[tuple[str, str]]:
    """The two ends of a line between pseudo-terminals, the host's first."""
    with TemporaryDirectory() as folder:
        ends = Path(folder) / "host", Path(folder) / "unit"
        pair = [f"pty,raw,echo=0,link={end}" for end in ends]
        with ended_after([installed("socat"), "-d", "-d", *pair], stderr=PIPE) as process:
            wait_until_it_carries(process)
            yield str(ends[0].resolve()), str(ends[1].resolve())


def wait_until_it_carries(socat: Popen[bytes]) -> None:
    """Wait until socat sets the terminals, after making the links: earlier settings are lost."""
    assert socat.stderr is not None
    said = b""
    for line in socat.stderr:
        said += line
        if b"starting data transfer loop" in line:
            return
    raise AssertionError(f"socat ended: {said.decode()}")


@contextmanager
def ser2net(device: str, *, accepter: str = "tcp", options: str = "") -> Iterator[str]:
    """A serial server for ``device``: its TCP port.

    ``accepter``: "tcp" is raw, "telnet,tcp" and "telnet(rfc2217),tcp" are as their names say.
    ``options`` of the serial port, for instance ",xonxoff".
    """
    config = (
        "connection: &unit\n"
        f"  accepter: {accepter},127.0.0.1,0\n"
        f"  connector: serialdev,{device},115200n81,local{options}\n"
    )
    with ended_after([installed("ser2net"), "-n", "-u", "-Y", config]) as process:
        wait_until(lambda: bool(listening_port(process.pid)), "ser2net's port")
        yield listening_port(process.pid)


def listening_port(process_id: int) -> str:
    """The TCP port at which a process listens; "" while it does not (Linux)."""
    sockets = set()
    for link in Path(f"/proc/{process_id}/fd").iterdir():
        with suppress(FileNotFoundError):  # the process closes files while it starts
            sockets.add(str(link.readlink()).removeprefix("socket:"))
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if fields[3] == LISTENS and f"[{fields[9]}]" in sockets:
            return str(int(fields[1].partition(":")[2], 16))
    return ""


@contextmanager
def ended_after(
    command: list[str], *, stdout: int | None = None, stderr: int | None = None
) -> Iterator[Popen[bytes]]:
    """A running program that is ended with the block."""
    with Popen(command, stdout=stdout, stderr=stderr) as process:
        try:
            yield process
        finally:
            process.kill()

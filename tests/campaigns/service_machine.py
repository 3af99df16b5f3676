"""A Debian in a folder, booted with systemd-nspawn and made a workstation by the how-to page."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from tests.support.pages import ROOT, sections
from tests.support.real_time import PATIENCE_S, wait_until
from tools import wheelhouse

NEEDED: Final = ("mmdebstrap", "systemd-nspawn", "nsenter", "ip")
"""Of Debian's packages mmdebstrap, systemd-container, util-linux and iproute2."""
PACKAGES: Final = (
    *("systemd-sysv", "dbus", "polkitd", "libpam-systemd", "udev", "sudo", "procps"),
    *("python3.11", "python3.11-venv", "iproute2"),
)
NAME: Final = "traction-trial"
PAGE: Final = ROOT / "docs" / "how-to" / "start-with-the-system.md"
PROGRAM: Final = "/opt/traction/current/bin/traction"
DATA: Final = "/var/lib/traction"
ACCOUNT: Final = "traction"
PATH: Final = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
NEW_NETWORK: Final = 0x40000000  # CLONE_NEWNET
POWER_OFF: Final = signal.SIGRTMIN + 4
"""What systemd-nspawn sends to a first process that is to switch off."""


def make_root(root: Path) -> None:
    """A Debian 12 with a wheelhouse and these tests in it; needs the network."""
    included = f"--include={','.join(PACKAGES)}"
    command = ["mmdebstrap", "--quiet", "--variant=minbase", included, "bookworm", str(root)]
    subprocess.run(command, check=True)
    root.chmod(0o755)
    if wheelhouse.main([str(root / "opt" / "wheelhouse")]):
        raise SystemExit(1)
    beside = root / "opt" / "checkout"
    shutil.copytree(ROOT / "tests", beside / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "etc" / "hostname").write_text(f"{NAME}\n", encoding="ascii")
    (root / "etc" / "hosts").write_text(f"127.0.0.1 localhost {NAME}\n", encoding="ascii")


def leave_the_network() -> None:
    """Cut this process and its children off from the network."""
    if ctypes.CDLL(None, use_errno=True).unshare(NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "no network of its own is given here")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def page_commands(section: str) -> str:
    """The command lines of a section of the page, except those with an ellipsis."""
    text = sections(PAGE.read_text(encoding="utf-8"))[section]
    blocks = re.findall(r"^```text\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).splitlines()
    return "\n".join(line for line in lines if " ... " not in line)


class Machine:
    """The booted folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._log = root.with_suffix(".log")
        self._outside: subprocess.Popen[bytes] | None = None
        self._first = 0

    def boot(self) -> None:
        """Start it and wait until its systemd has started everything."""
        command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--boot"]
        # It shares the network of the process that starts it, and may take that down.
        command += [
            "--capability=CAP_NET_ADMIN",
            "--console=pipe",
            "-M",
            NAME,
            "-D",
            str(self.root),
        ]
        with self._log.open("ab") as log:
            self._outside = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
        wait_until(self._runs, "the start of the system")

    def run(self, *command: str, status: int | None = 0) -> str:
        """The output of a command, both streams; raises AssertionError for another exit status."""
        done = subprocess.run(
            [*self.inside, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert status in (None, done.returncode), (
            f"{' '.join(command)[:200]} ended with {done.returncode}: {done.stdout[-2000:]}"
        )
        return done.stdout.strip()

    def traction(self, *words: str) -> str:
        """Run a command of the program under the service's account."""
        return self.run(*self.as_account, PROGRAM, *words, "--data", DATA)

    def told(self, what: str) -> str:
        """A property of the service."""
        return self.run("systemctl", "show", "traction-station", f"--property={what}", "--value")

    @property
    def inside(self) -> list[str]:
        """The prefix of a command that is to run in it."""
        spaces = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")
        found = ["nsenter", "--target", str(self._first), *spaces, "--"]
        return [*found, "env", "-i", "--chdir=/", PATH, "LANG=C.UTF-8"]

    @property
    def as_account(self) -> list[str]:
        """The same for the service's account; unlike sudo it leaves no line in the journal."""
        ids = (f"--reuid={ACCOUNT}", f"--regid={ACCOUNT}", "--init-groups")
        return ["setpriv", *ids, "env", f"HOME={DATA}"]

    @property
    def has_ended(self) -> bool:
        """True once the booted system is off, also if systemd-nspawn boots it again at once."""
        return self._first not in self._first_processes()

    def end(self) -> None:
        """Switch off whatever runs in it."""
        if self._outside is None:
            return
        for process_id in self._first_processes():
            os.kill(process_id, POWER_OFF)
        with suppress(subprocess.TimeoutExpired):
            self._outside.wait(PATIENCE_S)
        self._outside.kill()
        self._outside.wait()

    def _first_processes(self) -> list[int]:
        """The system's first process, by this system's number; none while it is off."""
        assert self._outside is not None
        number = self._outside.pid
        with suppress(OSError):
            children = Path(f"/proc/{number}/task/{number}/children").read_text(encoding="ascii")
            return [int(one) for one in children.split()]
        return []

    def _runs(self) -> bool:
        assert self._outside is not None
        assert self._outside.poll() is None, self._log.read_text(encoding="utf-8")[-2000:]
        if not (found := self._first_processes()):
            return False
        self._first = found[0]
        said = self.run("systemctl", "is-system-running", status=None)
        return said in ("running", "degraded")


@contextmanager
def booted(root: Path) -> Iterator[Machine]:
    """A machine that is off at the end of the block, whatever happens."""
    made = Machine(root)
    try:
        made.boot()
        yield made
    finally:
        made.end()

"""`make campaign-service`: the how-to page of the service, done as written under a running systemd.

Makes a Debian 12 in a folder (needs root, the network and about 1 GB), boots it with systemd-nspawn
without a network, runs the page's commands in it, and treats on a simulated unit outside of it
while the parent is killed and hung, the service is stopped and the system shut down.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.campaigns.asked import ran_on
from tests.campaigns.service_machine import (
    ACCOUNT,
    DATA,
    NEEDED,
    PROGRAM,
    Machine,
    booted,
    leave_the_network,
    make_root,
    page_commands,
)
from tests.campaigns.service_trace import HELD_N, ORDER, REFERENCE, TABLE, Trace, control_programs
from tests.campaigns.station_lab import a_unit, load
from tests.support.real_time import wait_until
from tests.support.stops import connect_and_say
from workstation.settings import Settings

SERVICE: Final = "traction-station"
KILLED: Final = f"systemctl kill --signal=KILL --kill-whom=main {SERVICE}"
SERIAL: Final = "/run/serial-unit"
NETWORK: Final = """[Unit]
Before=network.target
Wants=network.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/sbin/ip link set lo up
ExecStop=/sbin/ip link set lo down
[Install]
WantedBy=multi-user.target
"""
"""A network as Debian's own, which is taken down at a shutdown: here the only one there is."""


class Trial:
    """The machine, and its unit as seen from outside."""

    def __init__(self, machine: Machine, address: str) -> None:
        self.machine = machine
        self.address = address

    # --- as the page says -------------------------------------------------------------------------

    def install(self) -> str:
        """Set up account, program, tables and service; the second table is on a serial port."""
        machine = self.machine
        machine.run("bash", "-ec", page_commands("The account and the program"))
        with Trace(self.address) as trace:
            unit_id = trace.unit_id
        by = ("--by", "A. Example")
        machine.traction("clinic", "add", "name=Example Clinic", "time_zone=UTC", *by)
        place = (f"address={self.address}", f"unit_id={unit_id}")
        machine.traction("units", "add", TABLE, *place, *by)
        machine.traction("units", "add", "Table 2", f"address={self._serial_unit()}", *by)
        machine.traction("sound-check", *by, "--without", "a trial")
        machine.run("bash", "-ec", f"cd /opt/wheelhouse\n{page_commands('The service')}")
        assert machine.told("ActiveState") == "active", machine.told("ActiveState")
        wait_until(self._both_tables_are_read, "the force of both tables at the stop door")
        return f"{machine.run('systemctl', '--version').splitlines()[0]}, active, both tables read"

    def _serial_unit(self) -> str:
        """A simulated unit on a terminal that the group dialout may open, like a serial adapter."""
        machine = self.machine
        ran = ("--unit=serial-unit", "--quiet", f"--property=StandardOutput=file:{SERIAL}")
        machine.run("systemd-run", *ran, PROGRAM, "simulate", "--wire", "rtu", "--seed", "2")
        told = machine.root / SERIAL[1:]
        said = ("sh", "-c", f"grep -o 'modbus-rtu[^ ]*' {SERIAL}")
        wait_until(lambda: machine.run(*said, status=None) != "", f"the address in {told}")
        address = machine.run(*said)
        device = address.removeprefix("modbus-rtu://").partition("?")[0]
        machine.run("chown", "root:dialout", device)
        machine.run("chmod", "660", device)
        return address

    def _both_tables_are_read(self) -> bool:
        page = connect_and_say(Settings().stop_port, b"GET /stop HTTP/1.1\r\n\r\n")
        return page.count("Force ") >= 2 and "not known" not in page

    def rights(self) -> str:
        """Check that the service has no capability, and writes only to its private folder."""
        machine, parent = self.machine, self.machine.told("MainPID")
        status = machine.run("cat", f"/proc/{parent}/status")
        for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1"):
            assert line in status, f"{line!r} is not in {status}"
        within = ("nsenter", f"--target={parent}", "--mount", "--", *machine.as_account, "touch")
        said = machine.run(*within, "/opt/traction/current/there", status=1)
        assert "Read-only file system" in said, said
        modes = machine.run("find", DATA, "-maxdepth", "1", "-perm", "/077", "-not", "-name", ".*")
        assert modes == "", f"open to others: {modes}"
        assert machine.run("systemd-analyze", "verify", f"{SERVICE}.service") == ""
        judged = machine.run("systemd-analyze", "security", SERVICE, "--no-pager").splitlines()[-1]
        return f"no capabilities, program read-only, folder private; {judged.strip('→ ')}"

    # --- in a hold --------------------------------------------------------------------------------

    @contextmanager
    def hold(self) -> Iterator[Trace]:
        """A session that holds; its console ends with it, or is ended after the block."""
        console = "tests.support.station_console"
        python = str(Path(PROGRAM).with_name("python"))
        words = (*self.machine.as_account, "PYTHONPATH=/opt/checkout", python, "-P", "-m", console)
        with ExitStack() as stack:
            process = subprocess.Popen([*self.machine.inside, *words, DATA, TABLE, ORDER])
            stack.callback(process.wait)
            stack.callback(process.kill)
            trace = stack.enter_context(Trace(self.address))
            trace.follow(lambda: trace.force_n > HELD_N, "the hold")
            yield trace

    def lose_parent(self, signal_name: str) -> str:
        """Check that the service comes back and the table's program and its force stay."""
        machine = self.machine
        with self.hold() as trace:
            before, count = control_programs(), int(machine.told("NRestarts"))
            machine.run("kill", f"-{signal_name}", machine.told("MainPID"))
            begun_s = trace.now_s
            trace.follow(lambda: self._started_anew(count), "the service's next start")
            took_s = trace.now_s - begun_s
            trace.follow_for(5.0)
            least_n = trace.least_n(since_s=begun_s)
            assert least_n > HELD_N, f"the force fell to {least_n:.0f} N"
            assert control_programs() == before, f"{before} became {control_programs()}"
            machine.run("systemctl", "restart", SERVICE)
        return f"ready again after {took_s:.1f} s, at least {least_n:.0f} N, the same program"

    def _started_anew(self, count: int) -> bool:
        state, again = self.machine.told("ActiveState"), int(self.machine.told("NRestarts"))
        return state == "active" and again == count + 1

    def held_off(self) -> str:
        """Check that a session holds a logind lock: it refuses a restart and ends with it."""
        machine = self.machine
        with self.hold():
            listed = machine.run("systemd-inhibit", "--list", "--no-pager")
            assert f"{ACCOUNT} " in listed, listed
            assert "shutdown:sleep:idle:handle-lid-switch" in listed, listed
            said = machine.run("systemctl", "reboot", "--check-inhibitors=yes", status=1)
            assert 'inhibited by "traction"' in said, said
            machine.run("systemctl", "restart", SERVICE)
        listed = machine.run("systemd-inhibit", "--list", "--no-pager")
        assert f"{ACCOUNT} " not in listed, listed
        return "the lock stood in the session, and a restart was refused"

    def stop(self) -> str:
        """Check that `systemctl stop` ends nothing before the cord is free."""
        machine = self.machine
        with self.hold() as trace:
            begun_s = trace.now_s
            ending = subprocess.Popen([*machine.inside, "systemctl", "stop", SERVICE])
            trace.follow(lambda: ending.poll() is not None, "the end of the stop")
            took_s = trace.now_s - begun_s
        assert machine.told("Result") == "success", machine.told("Result")
        assert not control_programs(), "programs are left"
        machine.run("systemctl", "start", SERVICE)
        return f"{trace.release(begun_s)}; the stop took {took_s:.1f} s"

    def shut_down(self, *orders: str) -> str:
        """Check the same for the system, which starts the service at its next start."""
        machine = self.machine
        with self.hold() as trace:
            begun_s = trace.now_s
            machine.run("sh", "-c", "; ".join(orders), status=None)
            trace.follow(lambda: machine.has_ended, "the end of the system")
            said = trace.release(begun_s)
        machine.end()
        machine.boot()
        assert machine.told("ActiveState") == "active", "the next start did not start it"
        return f"{said}; started with the next start"

    def with_network(self, order: str) -> str:
        """Check that a network ended by a shutdown lasts until nobody needs it any more."""
        place = self.machine.root / "etc/systemd/system/trial-network.service"
        place.write_text(NETWORK, encoding="ascii")
        self.machine.run("systemctl", "enable", "--now", "--quiet", place.name)
        return self.shut_down(order)

    # --- beside it --------------------------------------------------------------------------------

    def readers(self) -> str:
        """Check that a group of readers keeps its rights over a start of the service."""
        machine = self.machine
        made = "groupadd traction-readers && useradd --groups traction-readers biller"
        machine.run("sh", "-c", f"{made} && usermod --append --groups traction-readers {ACCOUNT}")
        place = f"{DATA}/.config/traction/settings.toml"
        wanted = 's/^# readers_group = .*/readers_group = "traction-readers"/'
        machine.run("sed", "-i", wanted, place)
        backup = (PROGRAM, "backup", "/tmp/copy", "--data", DATA)
        refused = machine.run(*machine.as_account, *backup, status=None)
        line = refused.partition("type `")[2].partition("`, then")[0]
        assert "traction-readers" in line, refused
        machine.run("bash", "-ec", line)
        machine.run("systemctl", "restart", SERVICE)
        with self.hold():
            reading = ("setpriv", "--reuid=biller", "--regid=biller", "--init-groups", "env")
            listed = machine.run(*reading, f"TRACTION_DATA={DATA}", PROGRAM, "sessions")
            machine.run("systemctl", "restart", SERVICE)
        assert f"{REFERENCE}  0 min  running" in listed, listed
        return "another account listed the session that ran"

    def journal(self) -> str:
        """Check that all this left no patient's name in the system's journal."""
        lines = self.machine.run("journalctl", "--no-pager").splitlines()
        named = [line for line in lines if REFERENCE in line]
        assert not named, named
        own = [line for line in lines if SERVICE in line or "traction[" in line]
        assert own, "nothing of the service is in it"
        return f"{len(own)} lines of the service, none names the patient"


def tries(trial: Trial) -> dict[str, Callable[[], str]]:
    """The trials in order: each needs the service as the previous one has left it."""
    return {
        "installed by the page": trial.install,
        "rights": trial.rights,
        "parent killed in a hold": lambda: trial.lose_parent("KILL"),
        "parent hung in a hold": lambda: trial.lose_parent("STOP"),
        "restart held off": trial.held_off,
        "stopped in a hold": trial.stop,
        "switched off without a parent": lambda: trial.shut_down(KILLED, "systemctl poweroff"),
        "switched off in a hold": lambda: trial.with_network("systemctl poweroff"),
        "restarted in a hold": lambda: trial.with_network("systemctl reboot"),
        "readers": trial.readers,
        "journal": trial.journal,
    }


def main() -> int:
    """Run every trial; returns 1 if something is not as the page says, 2 if it cannot be tried."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        what = f"there is no {missing[0]}" if missing else "this account is not root"
        print(f"campaign-service: NOT RUN: {what} here")
        return 2
    print(f"load {load()}", flush=True)
    with TemporaryDirectory(prefix="traction-service-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        make_root(folder / "debian")
        leave_the_network()
        with a_unit() as address, booted(folder / "debian") as machine:
            for what, ask in tries(Trial(machine, address)).items():
                try:
                    print(f"{what}: {ask()}", flush=True)
                except AssertionError as missed:
                    print(f"{what}: NOT AS THE PAGE SAYS: {missed}", flush=True)
                    return 1
    print(ran_on())
    return 0


if __name__ == "__main__":
    sys.exit(main())

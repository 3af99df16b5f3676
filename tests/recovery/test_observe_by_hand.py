"""Two terminals in real time: a simulated instrument in one, and its reader in the other.

Whole treatments run over the same lines in virtual time (tests/scenarios). Here the observation is
ended before the table pulls, so that a test takes seconds.
"""

from __future__ import annotations

import os
import shlex
import socket
from pathlib import Path

import pytest

from controller.runtime.clock import SystemClock
from firmware_bridge.connect_instrument import connect_instrument
from firmware_bridge.line.capture import read_capture
from records.evidence.reader import list_sessions, read_session
from records.evidence.valid_samples import valid_samples
from records.store.record_folder import RecordFolder
from tests.support.real_time import program, wait_until
from tests.support.sessions import SHORT_CERVICAL
from tests.support.simulated_instruments import instrument_profile
from tests.support.terminals import Terminal, seated

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "openpty"), reason="needs pseudo-terminals"),
    pytest.mark.timeout(240),
]


@pytest.mark.parametrize(
    ("instrument", "wire", "begins"),
    [
        ("laumas_tlb", "rtu", "modbus-rtu:///dev/"),
        ("sauter_fh", "rtu", "ascii:///dev/"),
    ],
)
def test_the_line_that_simulate_prints_observes_its_instrument(
    tmp_path: Path, instrument: str, wire: str, begins: str
) -> None:
    order, data, heard = (str(tmp_path / name) for name in ("order.toml", "data", "line.capture"))
    Path(order).write_text(SHORT_CERVICAL, encoding="utf-8")
    words = ("--instrument", instrument, "--order", order, "--wire", wire, "--port", "0")
    with program("simulate", *words) as simulated:
        printed = simulated.wait_for("observe it: ").partition("observe it: ")[2]
        command = [*shlex.split(printed)[1:], "--data", data, "--capture", heard]
        assert command[1].startswith(begins)
        terminal = Terminal(columns=200)
        with seated(command, terminal) as observed:
            observed.wait_for("force ", times=10)
            terminal.type(b"help\n")
            observed.wait_for("its own switch stops it")
            terminal.type(b"end tried\n")
            status, _ = observed.end()
    assert "only the table's own switch stops the table" in terminal.seen
    assert "releases the patient" not in terminal.seen, "nothing here reaches the table"
    assert status == 5, "nothing pulled"
    folder = RecordFolder(Path(data))
    (listed,) = list_sessions(folder)
    record = read_session(folder, listed.head.session_id)
    assert record.simulated
    forces = record.samples["force_1_dn"][valid_samples(record.samples)].tolist()
    assert len(forces) >= 10
    assert max(abs(force) for force in forces) < 30, "the cord is loose"
    head, lumps = read_capture(Path(heard))
    assert head.address == command[1]
    assert len(list(lumps)) >= 2 * len(forces)


@pytest.mark.parametrize(
    ("instrument", "wire"),
    [("laumas_tlb", "rtu"), ("laumas_text", "rtu"), ("rinstrum_text", "tcp")],
)
def test_a_weight_hangs_on_the_cell_from_hang_to_lift_as_it_is_typed(
    instrument: str, wire: str
) -> None:
    words = ["simulate", "--instrument", instrument, "--weight", "5.00 kg", "--wire", wire]
    terminal = Terminal(columns=200)
    with seated([*words, "--port", "0"], terminal) as simulated:
        simulated.wait_for("end with Ctrl-C")
        commission = shlex.split(_line_with("test it: ", terminal.seen))
        assert commission[1] == "commission"
        assert commission[commission.index("--weight") + 1] == "5.00 kg"
        profile, digest = instrument_profile(commission[commission.index("--profile") + 1])
        source = connect_instrument(commission[2], profile, digest, SystemClock())
        assert source.read().net_n < 5.0, "the cell is free"
        terminal.type(b"nonsense\n")
        simulated.wait_for("type hang or lift", times=2)
        terminal.type(b"hang\n")
        simulated.wait_for("it hangs")
        wait_until(lambda: abs(source.read().net_n - 49.03) < 2.0, "5 kg on the cell")
        terminal.type(b"lift\n")
        simulated.wait_for("it is lifted off")
        wait_until(lambda: source.read().net_n < 5.0, "a free cell")
        source.close()


def _line_with(words: str, seen: str) -> str:
    """The text after ``words`` in their line."""
    return seen.partition(words)[2].partition("\r\n")[0]


def test_a_port_that_is_taken_is_named_with_the_way_out(tmp_path: Path) -> None:
    order = tmp_path / "order.toml"
    order.write_text(SHORT_CERVICAL, encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        words = ("--instrument", "sauter_fh", "--order", str(order), "--port", port)
        with program("simulate", *words) as simulated:
            assert simulated.end() == 2
            assert "choose another --port" in simulated.output
            assert "Traceback" not in simulated.output

"""The benchmark of the wire: its server starts, every client exchanges, its figures are right."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.foreign_programs import Libmodbus
from tools.bench.processors import on_processor
from tools.bench.wire import Spread, clients, running_server

OFFERED = {
    ("tcp", 3): {"raw", "ours", "pymodbus sync", "pymodbus async", "umodbus", "libmodbus"},
    ("tcp", 23): {"raw", "ours", "pymodbus sync", "pymodbus async", "libmodbus"},
    ("rtu", 3): {
        *("raw", "ours", "pymodbus sync", "pymodbus async"),
        *("minimalmodbus", "umodbus", "libmodbus"),
    },
    ("rtu", 23): {"raw", "ours", "pymodbus sync", "pymodbus async", "libmodbus"},
}


@pytest.mark.parametrize("kind", ["tcp", "rtu"])
def test_the_server_of_the_benchmarks_starts(kind: str) -> None:
    with running_server(kind) as place:
        assert place.isdecimal() if kind == "tcp" else Path(place).is_char_device()


@pytest.mark.parametrize(("kind", "function"), OFFERED)
def test_every_client_reads_what_the_server_has(
    libmodbus: Libmodbus, kind: str, function: int
) -> None:
    with ExitStack() as stack:
        calls = clients(kind, function, libmodbus.on_a_port, stack)
        assert set(calls) == OFFERED[kind, function]
        numbered = list(range(0x100, 0x114))
        for name in ("raw", "umodbus", "minimalmodbus", "libmodbus"):
            assert calls.get(name, lambda: numbered)() == numbered, name
        ours = calls["ours"]()
        assert isinstance(ours, dict)
        assert ours["sequence"] == 1, "the measurement block with its check sum"


def test_the_spread_of_a_hundred_values() -> None:
    spread = Spread.of([float(value) for value in range(1, 100)])
    assert spread == Spread(p10_us=10.0, p50_us=50.0, p90_us=90.0)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems choose the processor")
def test_client_and_server_stay_where_they_are_put() -> None:
    import os

    before = os.sched_getaffinity(0)
    with on_processor(-1):
        assert os.sched_getaffinity(0) == {max(before)}
    assert os.sched_getaffinity(0) == before

"""Whose time it is: told by where the code of the innermost frame lies."""

from __future__ import annotations

from types import FrameType, SimpleNamespace
from typing import cast

from tools.bench.treatment import part_of


def frames(*paths: str) -> FrameType:
    """A stack, innermost first."""
    frame = None
    for path in reversed(paths):
        frame = SimpleNamespace(f_code=SimpleNamespace(co_filename=path), f_back=frame)
    return cast(FrameType, frame)


def test_a_part_is_that_of_the_innermost_code_of_the_project() -> None:
    plant, unit = "/x/simulator/table/plant.py", "/x/simulator/device/machine.py"
    link, loop = "/x/firmware_bridge/modbus/link.py", "/x/controller/runtime/loop.py"
    assert part_of(frames(plant, unit, link, loop)) == "physics"
    assert part_of(frames("/python/random.py", unit, link, loop)) == "unit"
    assert part_of(frames(link, loop)) == "codec"
    assert part_of(frames(loop)) == "loop and supervisor"
    assert part_of(frames("/python/threading.py")) == "other"


def test_whatever_the_journal_calls_is_the_journal_s() -> None:
    clock, journal = "/x/controller/runtime/clock.py", "/x/records/evidence/journal.py"
    assert part_of(frames("/python/threading.py", clock, journal, "/x/controller/loop.py")) == (
        "journal"
    )

"""Hints for the type checker in tests."""

from __future__ import annotations

from typing import TypeVar

from simulator.device.firmware import ReferenceFirmware
from simulator.table.load_cell import SecondCell

T = TypeVar("T")


def now(value: T) -> T:
    """Returns ``value`` without narrowing its type.

    ``assert unit.state is State.IDLE`` narrows the state to IDLE from there on, so that code after
    a later assertion of another state counts as unreachable and is not checked.
    """
    return value


def said(value: T | None) -> T:
    """Returns a part of a reading that this unit reports; fails if it is None."""
    assert value is not None
    return value


def second_cell(firmware: ReferenceFirmware) -> SecondCell:
    """The second load cell of a unit that has two."""
    assert firmware.second_cell is not None
    return firmware.second_cell

"""What a type checker has to be told in tests."""

from __future__ import annotations

from typing import TypeVar

from simulator.device.firmware import ReferenceFirmware
from simulator.table.load_cell import SecondCell

T = TypeVar("T")


def now(value: T) -> T:
    """Returns ``value``, of which the checker learns nothing by the assertion around it.

    ``assert unit.state is State.IDLE`` teaches it that the state is IDLE from there on, and what
    follows a later assertion of another state counts as never reached and is not checked.
    """
    return value


def said(value: T | None) -> T:
    """A part of a reading that this unit says; fails where it does not."""
    assert value is not None
    return value


def second_cell(firmware: ReferenceFirmware) -> SecondCell:
    """The second load cell of a unit that has one."""
    assert firmware.second_cell is not None
    return firmware.second_cell

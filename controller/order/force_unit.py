"""The unit in which a clinic thinks of forces: it leads, and newtons stand beside it."""

from __future__ import annotations

from enum import Enum

from controller.order.prescription import NEWTONS_PER_KGF, NEWTONS_PER_LBF


class ForceUnit(Enum):
    """A unit by its symbol. Whatever leads, wire and record are in newtons."""

    NEWTON = "N"
    POUND = "lbf"
    KILOGRAM = "kgf"

    def in_unit(self, force_n: float, width: int = 0) -> str:
        """A force in this unit alone, to 0.1 of it, as "23.0 lbf"."""
        return f"{force_n / _SIZES[self]:{width}.1f} {self.value}"

    def with_other(self, force_n: float, width: int = 0) -> str:
        """A force in this unit with newtons beside it; beside newtons stand pounds."""
        other = ForceUnit.POUND if self is ForceUnit.NEWTON else ForceUnit.NEWTON
        return f"{self.in_unit(force_n, width)} ({other.in_unit(force_n, max(0, width - 1))})"


_SIZES = {
    ForceUnit.NEWTON: 1.0,
    ForceUnit.POUND: NEWTONS_PER_LBF,
    ForceUnit.KILOGRAM: NEWTONS_PER_KGF,
}

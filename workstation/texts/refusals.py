"""Refusals in the clinic's unit of force."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from controller.errors import PrescriptionInvalid, TractionError
from controller.order.force_unit import ForceUnit


@contextmanager
def refusals_in(forces: ForceUnit) -> Iterator[None]:
    """Let every error that passes name forces in ``forces``, with newtons beside them."""
    try:
        yield
    except TractionError as error:
        error.message = forces.in_sentence(error.message)
        if isinstance(error, PrescriptionInvalid):
            error.mistakes = tuple(map(forces.in_sentence, error.mistakes))
        raise

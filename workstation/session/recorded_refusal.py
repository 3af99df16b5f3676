"""Adds the session's id to a refusal that comes once the session's record is open."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from controller.errors import TractionError


@contextmanager
def recorded_as(session_id: str) -> Iterator[None]:
    """Add the session's id to every refusal raised in the block."""
    try:
        yield
    except TractionError as error:
        error.session_id = error.session_id or session_id
        raise

"""A refusal that comes once a session's record is open carries the id of that session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from controller.errors import TractionError


@contextmanager
def recorded_as(session_id: str) -> Iterator[None]:
    """Every refusal out of here is in the record of that session."""
    try:
        yield
    except TractionError as error:
        error.session_id = error.session_id or session_id
        raise

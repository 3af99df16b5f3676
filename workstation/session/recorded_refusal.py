"""A refusal that comes once a session's record is open carries the id of that session."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from controller.errors import TractionError

_SESSION = "recorded_as_session"


@contextmanager
def recorded_as(session_id: str) -> Iterator[None]:
    """Every refusal out of here is in the record of that session."""
    try:
        yield
    except TractionError as error:
        vars(error).setdefault(_SESSION, session_id)
        raise


def session_of(refusal: TractionError) -> str | None:
    """The id of the session whose record holds the refusal; None when no session was opened."""
    found: str | None = vars(refusal).get(_SESSION)
    return found

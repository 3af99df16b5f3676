"""Requests as an operator passes them on, each with its own id."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from controller.requests import AskedRequest, SessionRequest

_IDS = count(1)


def with_ids(requests: Iterable[SessionRequest]) -> list[AskedRequest]:
    """Give every request a new id."""
    return [AskedRequest(id=f"test {next(_IDS)}", request=request) for request in requests]

"""Requests as an operator hands them on: each with an id of its own."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count

from controller.requests import AskedRequest, SessionRequest

_IDS = count(1)


def with_ids(requests: Iterable[SessionRequest]) -> list[AskedRequest]:
    """The requests, none of which was seen before."""
    return [AskedRequest(id=f"test {next(_IDS)}", request=request) for request in requests]

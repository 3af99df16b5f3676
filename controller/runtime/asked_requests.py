"""Applies each request once, however often it arrives, and reports the outcome to its sender."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from controller.ports import Operator
from controller.requests import AskedRequest, RequestSettled

REMEMBERED: Final = 256
"""Outcomes that are kept: more than anybody requests between two clicks of a button."""


class AskedRequests:
    """One per session: the requests, and the outcomes of the last ones by their ids."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._outcomes: dict[str, RequestSettled] = {}

    def take(self) -> Iterator[AskedRequest]:
        """Yields new requests, in order.

        A known id gets its first outcome again.
        """
        for asked in self._operator.requests():
            first = self._outcomes.get(asked.id)
            if first is None:
                yield asked
            else:
                self._operator.settle(asked.id, first)

    def settle(self, asked: AskedRequest, outcome: RequestSettled) -> None:
        """Keep and report the outcome of a request."""
        while len(self._outcomes) >= REMEMBERED:
            del self._outcomes[next(iter(self._outcomes))]
        self._outcomes[asked.id] = outcome
        self._operator.settle(asked.id, outcome)

"""The predicates by name: what a rule's ``when`` refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import TypeAlias

from records.claim.rules.facts import Facts
from records.claim.rules.findings import NotApplicable, NotJudged, Told

Predicate: TypeAlias = Callable[[Facts], Iterator[Told]]
Gate: TypeAlias = Callable[[Facts], NotApplicable | NotJudged | None]
"""What a rule needs before it can be checked; None when the claim has it."""
PREDICATES: dict[str, Predicate] = {}


def predicate(*gates: Gate) -> Callable[[Predicate], Predicate]:
    """Register a predicate under the name of its function; the first closed gate is its outcome."""

    def register(function: Predicate) -> Predicate:
        @wraps(function)
        def gated(facts: Facts) -> Iterator[Told]:
            for gate in gates:
                closed = gate(facts)
                if closed is not None:
                    yield closed
                    return
            yield from function(facts)

        assert function.__name__ not in PREDICATES, f"{function.__name__} is defined twice"
        PREDICATES[function.__name__] = gated
        return gated

    return register

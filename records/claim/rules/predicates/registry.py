"""The predicates by name: what a rule's ``when`` refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from records.claim.rules.facts import Facts
from records.claim.rules.findings import Found

Predicate: TypeAlias = Callable[[Facts], Iterator[Found]]
PREDICATES: dict[str, Predicate] = {}


def predicate(function: Predicate) -> Predicate:
    """Register a predicate under the name of its function."""
    assert function.__name__ not in PREDICATES, f"{function.__name__} is defined twice"
    PREDICATES[function.__name__] = function
    return function

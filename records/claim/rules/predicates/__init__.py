"""Named predicates, one theme in each file. A predicate yields what it found; silence is no fault.

They only look: the message, the severity and the source of a rule are data (``base/*.toml``).
"""

from __future__ import annotations

from records.claim.rules.predicates import (
    code,
    diagnosis,
    modifiers,
    note,
    pairs,
    plan,
    same_day,
    time,
)
from records.claim.rules.predicates.registry import PREDICATES, Predicate

__all__ = [
    "PREDICATES",
    "Predicate",
    "code",
    "diagnosis",
    "modifiers",
    "note",
    "pairs",
    "plan",
    "same_day",
    "time",
]

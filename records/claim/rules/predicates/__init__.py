"""Named predicates, one theme per file. Each yields how its rule ended; nothing means held.

They only check: the message, the severity and the source of a rule are data (``base/*.toml``).
"""

from __future__ import annotations

from records.claim.rules.predicates import (
    claim,
    code,
    diagnosis,
    identity,
    modifiers,
    note,
    other_payer,
    pairs,
    plan,
    same_day,
    threshold,
    time,
    treatment,
)
from records.claim.rules.predicates.registry import PREDICATES, Predicate

__all__ = [
    "PREDICATES",
    "Predicate",
    "claim",
    "code",
    "diagnosis",
    "identity",
    "modifiers",
    "note",
    "other_payer",
    "pairs",
    "plan",
    "same_day",
    "threshold",
    "time",
    "treatment",
]

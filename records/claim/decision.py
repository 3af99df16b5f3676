"""A person's decision about a treatment that was cut short: whether to bill it, how, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controller.errors import RequestRefused
from controller.words import TEXT_CHARACTERS, fault_of
from records.clinic.acceptance import Acceptance

BILLING = "billing"
"""Kind of acceptance (records/clinic/acceptance.py) whose value is one of ``DECISIONS``."""
BILL, BILL_52, NO_BILL = "bill", "bill-52", "no-bill"
DECISIONS = (BILL, BILL_52, NO_BILL)
REDUCED = "52"
"""Modifier of a reduced service; only a person puts it on a line."""
_REASON = "reason: "


@dataclass(frozen=True, slots=True, kw_only=True)
class BillingDecision:
    """``value`` is one of ``DECISIONS``; ``by`` and ``reason`` are the person's."""

    value: str
    by: str
    reason: str

    @property
    def text(self) -> str:
        """Returns the decision in one line."""
        return f"{self.by} decided: {self.value}, because {self.reason}"


def decision_of(accepted: Sequence[Acceptance]) -> BillingDecision | None:
    """Returns the newest valid decision; None when nobody decided."""
    made = [each for each in accepted if each.what == BILLING]
    if not made:
        return None
    newest = max(made, key=lambda each: each.at_utc_ms)
    reason = next((t for t in newest.evidence if t.startswith(_REASON)), _REASON)
    return BillingDecision(value=newest.value, by=newest.by, reason=reason.removeprefix(_REASON))


def checked_reason(reason: str) -> str:
    """Returns a reason as it is kept with a decision.

    Raises RequestRefused for an empty one or one with hidden characters.
    """
    text = reason.strip()
    if not text:
        raise RequestRefused("reason is empty; say why with --reason")
    if fault := fault_of(text, TEXT_CHARACTERS):
        raise RequestRefused(f"reason {fault}")
    return f"{_REASON}{text}"
